/** The exceptions of a series, brought to what is wanted one by one: their ids are Google's. */
import { Rejected } from '../../src/errors.ts'
import { endOf, toEpoch } from '../../src/schedule/caltime.ts'
import {
  type CalTime,
  type Component,
  isDate,
  isRecurring,
  type ScheduleEvent,
  timeKey,
} from '../../src/schedule/event.ts'
import type { RemoteRef } from '../../src/sync/source.ts'
import { bodyOf, changedFields, recurrenceOf } from './body.ts'
import { startsAmong } from './normalize.ts'
import { patch } from './requests.ts'
import { type Calendar, exceptionsOf, getEvent, pages, quotaUser, type Series, versionOf } from './series.ts'
import { type Context, componentAt, eventOf, type GoogleEvent, occurrenceOf } from './translate.ts'

/** Whether the exceptions of two events differ; both as Google keeps them. */
export function exceptionsDiffer(there: ScheduleEvent, wanted: ScheduleEvent): boolean {
  const keys = (times: readonly CalTime[]) => JSON.stringify(times.map(timeKey).sort())
  if (keys(there.master?.exdates ?? []) !== keys(wanted.master?.exdates ?? [])) return true
  if (there.overrides.length !== wanted.overrides.length) return true
  const before = new Map(there.overrides.map(override => [timeKey(override.recurrenceId), override]))
  return wanted.overrides.some(override => {
    const known = before.get(timeKey(override.recurrenceId))
    return !known || Object.keys(changedFields(known, override, false)).length > 0
  })
}

/** A series in its home calendar, being brought to what is wanted. */
interface Work {
  /** Of the calendar that holds it. */
  readonly home: Calendar
  readonly context: Context
  readonly wanted: ScheduleEvent
  readonly master: GoogleEvent
}

/** Reads the series back and writes the exceptions that differ. @returns where it is, as it is then */
export async function writeExceptions(home: Calendar, wanted: ScheduleEvent, written: GoogleEvent): Promise<RemoteRef> {
  const id = written.id ?? ''
  if (!isRecurring(wanted)) return { id, version: versionOf({ master: written, exceptions: [] }) }
  const context = home.context(await home.zone())
  const read = async (): Promise<Series> => {
    const master = (await getEvent(home, id)) ?? written
    return { master, exceptions: await exceptionsOf(home, master) }
  }
  const before = await read()
  const there = eventOf(before.master, before.exceptions, context)
  if (!exceptionsDiffer(there, wanted)) return { id, version: versionOf(before) }
  const work = { home, context, wanted, master: before.master ?? written }
  await writeOverrides(work)
  await exclude(work, there)
  await restoreRegular(work, before.exceptions)
  return { id, version: versionOf(await read()) }
}

async function writeOverrides({ home, context, wanted, master }: Work): Promise<void> {
  for (const override of wanted.overrides) {
    const instance = await instanceAt(home, master, override.recurrenceId)
    if (!instance) {
      const at = timeKey(override.recurrenceId)
      throw new Rejected('no-occurrence', `Google Calendar ${home.calendarId} has no occurrence of the series at ${at}`)
    }
    await bring(home, instance, override, context)
  }
}

/** Changes of an occurrence only what differs: what is withheld from us is not written over. */
async function bring(home: Calendar, instance: GoogleEvent, wanted: Component, context: Context): Promise<void> {
  const id = instance.id ?? ''
  // What is left of a cancelled occurrence tells nothing of what it was.
  const known = instance.status === 'cancelled' || !instance.start || !instance.end ? null : instance
  const fields = known ? changedFields(componentAt(known, context), wanted, false) : bodyOf(wanted, false)
  if (Object.keys(fields).length > 0) await patch(home, id, fields, known?.etag)
}

/** Cancels occurrences; a time at which the series has none is kept as EXDATE, which says nothing to anybody. */
async function exclude({ home, wanted, master }: Work, there: ScheduleEvent): Promise<void> {
  if (!wanted.master) return
  const known = new Set(there.master?.exdates.map(timeKey))
  let isMissing = false
  for (const exdate of wanted.master.exdates.filter(time => !known.has(timeKey(time)))) {
    const instance = await instanceAt(home, master, exdate)
    if (instance?.id) await patch(home, instance.id, { status: 'cancelled' }, null)
    else isMissing = true
  }
  if (isMissing)
    await patch(home, master.id ?? '', { recurrence: recurrenceOf(wanted.master, wanted.master.exdates) }, null)
}

/** Occurrences that are exceptions there and regular here become what the series says again. */
async function restoreRegular({ home, context, wanted, master }: Work, exceptions: readonly GoogleEvent[]) {
  if (!wanted.master) return
  const kept = new Set([
    ...wanted.overrides.map(({ recurrenceId }) => timeKey(recurrenceId)),
    ...wanted.master.exdates.map(timeKey),
  ])
  for (const item of exceptions) {
    const original = occurrenceOf(item, wanted.master.start, context)
    if (!original || kept.has(timeKey(original)) || !item.id) continue
    if (!startsAmong(wanted.master, [original], context.zone).has(timeKey(original))) {
      // The series has moved away from under it: it stands for nothing any more.
      if (item.status !== 'cancelled') await patch(home, item.id, { status: 'cancelled' }, null)
      continue
    }
    const instance = await instanceAt(home, master, original)
    if (instance)
      await bring(home, instance, { ...wanted.master, start: original, end: endFor(wanted.master, original) }, context)
  }
}

/** When the occurrence that begins at `start` ends. */
function endFor(master: Component, start: CalTime): CalTime {
  const length = toEpoch(endOf(master), 'UTC') - toEpoch(master.start, 'UTC')
  return endOf({ start, end: { duration: isDate(start) ? `P${length / 86_400}D` : `PT${length}S` } })
}

/** The occurrence that began at `original` when the series was made; `null`: there is none. */
async function instanceAt({ client, calendarId }: Calendar, master: GoogleEvent, original: CalTime) {
  const epoch = toEpoch(original, 'UTC')
  const wanted = isDate(original) ? original.date : new Date(epoch * 1000).toISOString()
  const same = ({ originalStartTime }: GoogleEvent): boolean => {
    const { date, dateTime } = originalStartTime ?? {}
    if (date) return date === (isDate(original) ? original.date : original.dateTime.slice(0, 10))
    if (!dateTime) return false
    return isDate(original) ? dateTime.startsWith(original.date) : Date.parse(dateTime) === epoch * 1000
  }
  // A day to either side where the exact moment is not found: it is compared as text by some.
  const near = (by: number) => new Date((epoch + by * 86_400) * 1000).toISOString()
  for (const where of [{ originalStart: wanted }, { timeMin: near(-1), timeMax: near(2) }, {}]) {
    const how = { calendarId, eventId: master.id ?? '', ...where, showDeleted: true, maxResults: 2500 }
    const read = (token: object) =>
      client.call(calendarId, false, (api, options) =>
        api.events.instances({ ...how, ...token, quotaUser: quotaUser(calendarId) }, options),
      )
    for await (const page of pages(read)) {
      const found = page.items?.find(item => item && same(item))
      if (found?.id) return found
    }
  }
  return null
}

/**
 * A direct write asks nobody, so the slot is looked at just before: somebody may have booked it since our last poll.
 */
import { AccessDenied, Rejected } from '../../src/errors.ts'
import { toEpoch } from '../../src/schedule/caltime.ts'
import type { ScheduleEvent } from '../../src/schedule/event.ts'
import { type Occurrence, occurrences } from '../../src/schedule/recurrence.ts'
import { type Calendar, pages, quotaUser } from './series.ts'
import { roomAnswer, timeIn, withSelf } from './translate.ts'

const day = 86_400
/** Google answers for about three months at once. */
const askedDays = 90
/** How many times it is asked for one event, and how far ahead. */
const questions = 4
const aheadDays = 1100

/**
 * Where two events of ours meet, our schedule says so already, and Google shows what it holds.
 * @param ownId of the event itself, where Google has it
 * @throws Rejected somebody else has the room at one of the times
 */
export async function refuseIfTaken(calendar: Calendar, wanted: ScheduleEvent, ownId: string | null): Promise<void> {
  if (wanted.master?.transparent) return
  const now = Math.floor(Date.now() / 1000)
  const mine = occurrences(wanted, { from: now, to: now + aheadDays * day }, { zone: await calendar.zone() })
  for (const asked of stretches(mine.filter(({ component }) => !component.transparent)).slice(0, questions)) {
    await refuseWithin(calendar, asked, ownId)
  }
}

/** The times of an event, in parts that can be asked for at once. */
function stretches(times: readonly Occurrence[]): Occurrence[][] {
  const parts: Occurrence[][] = []
  for (const time of times) {
    const part = parts.at(-1)
    if (part?.[0] && time.end - part[0].start <= askedDays * day) part.push(time)
    else parts.push([time])
  }
  return parts
}

const instant = (epoch: number): string => new Date(epoch * 1000).toISOString()

async function refuseWithin(calendar: Calendar, mine: readonly Occurrence[], ownId: string | null): Promise<void> {
  const { calendarId } = calendar
  const asked = {
    timeMin: instant(Math.min(...mine.map(({ start }) => start))),
    timeMax: instant(Math.max(...mine.map(({ start, end }) => Math.max(end, start + 1)))),
  }
  const meets = ([from, to]: Busy) => mine.find(({ start, end }) => start < to && from < end)
  const blocks = await busyBlocks(calendar, asked)
  if (blocks && !blocks.some(meets)) return
  // Free/busy tells neither whose a block is, nor where two meet.
  const hit = (await busyEvents(calendar, asked, ownId)).map(meets).find(Boolean)
  if (!hit) return
  const remedy =
    'Move one of the two, or free the room in Google Calendar; it is tried again when something changes there.'
  const message = `Google Calendar ${calendarId}: the room is taken at ${instant(hit.start)}`
  throw new Rejected('room-taken', message, { remedy })
}

type Asked = { readonly timeMin: string; readonly timeMax: string }
type Busy = readonly [from: number, to: number]

/** When the calendar is taken, epoch seconds; `null` where free/busy is not ours to ask. */
async function busyBlocks({ client, calendarId }: Calendar, asked: Asked): Promise<Busy[] | null> {
  const requestBody = { ...asked, items: [{ id: calendarId }] }
  const query = client.call(calendarId, false, (api, options) =>
    api.freebusy.query({ requestBody, quotaUser: quotaUser(calendarId) }, options),
  )
  const answer = await query.catch((error: unknown) => {
    if (error instanceof AccessDenied) return null
    throw error
  })
  const found = answer?.calendars?.[calendarId]
  if (!found?.busy || found.errors?.length) return null
  return found.busy.map(({ start, end }) => [Date.parse(start ?? '') / 1000, Date.parse(end ?? '') / 1000])
}

async function busyEvents(
  { client, calendarId, identity }: Calendar,
  asked: Asked,
  ownId: string | null,
): Promise<Busy[]> {
  const times: Busy[] = []
  const how = { calendarId, ...asked, singleEvents: true, maxResults: 2500, quotaUser: quotaUser(calendarId) }
  const read = (token: object) =>
    client.call(calendarId, false, (api, options) => api.events.list({ ...how, ...token }, options))
  for await (const page of pages(read)) {
    const zone = page.timeZone ?? 'UTC'
    for (const item of page.items ?? []) {
      if (!item || item.status === 'cancelled' || item.transparency === 'transparent') continue
      const id = item.recurringEventId ?? item.id ?? ''
      if (id === ownId || identity.isOurs(id)) continue
      if (roomAnswer(withSelf(item, calendarId)) === 'declined' || !item.start || !item.end) continue
      if (item.eventType === 'birthday' || item.eventType === 'workingLocation') continue
      times.push([toEpoch(timeIn(item.start, zone), zone), toEpoch(timeIn(item.end, zone), zone)])
    }
  }
  return times
}

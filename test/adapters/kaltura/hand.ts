/** What people and programs do in the account behind the adapter's back. */
import { EVENT, type Json, LINK, type TestAccount } from './account.ts'

export const START = 1_900_000_800 // 2030-03-17T18:00:00Z, 19:00 in Berlin, two weeks before the clocks change
export const handOn = (account: TestAccount) => {
  const record = (change: Json = {}) =>
    account.ask(EVENT, 'add', {
      scheduleEvent: {
        ...{ objectType: 'KalturaRecordScheduleEvent', summary: 'Physics', recurrenceType: 0 },
        ...{ startDate: START, endDate: START + 3600, ...change },
      },
    })
  const weekly = (change: Json = {}, recurrence: Json = {}) =>
    record({
      ...{ recurrenceType: 1, duration: 3600, referenceId: 'weekly' },
      recurrence: {
        ...{ objectType: 'KalturaScheduleEventRecurrence', frequency: 'weeks', byDay: 'SU', count: 5 },
        ...{ timeZone: 'Europe/Berlin', ...recurrence },
      },
      ...change,
    })
  const update = (id: unknown, change: Json) =>
    account.ask(EVENT, 'update', {
      scheduleEventId: id,
      scheduleEvent: { objectType: 'KalturaRecordScheduleEvent', ...change },
    })
  const cancel = (id: unknown) => account.ask(EVENT, 'cancel', { scheduleEventId: id })
  const drop = (id: unknown) => account.ask(EVENT, 'delete', { scheduleEventId: id })
  const link = (eventId: unknown, resourceId: unknown) =>
    account.ask(LINK, 'add', {
      scheduleEventResource: { objectType: 'KalturaScheduleEventResource', eventId, resourceId },
    })
  const unlink = (scheduleEventId: unknown, scheduleResourceId: unknown) =>
    account.ask(LINK, 'delete', { scheduleEventId, scheduleResourceId })
  const children = async (parentIdEqual: unknown) =>
    (await account.rows({ parentIdEqual })).sort((a, b) => Number(a.startDate) - Number(b.startDate))
  return { record, weekly, update, cancel, drop, link, unlink, children }
}

export type Hand = ReturnType<typeof handOn>

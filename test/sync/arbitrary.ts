/** Events for property tests: few distinct values, so that sides often agree and often clash. */
import fc from 'fast-check'
import { type Component, emptyMaster, type Override, type ScheduleEvent } from '../../src/schedule/event.ts'

const zone = 'Europe/Berlin'
const at = (day: number, hour: number) => ({
  dateTime: `2026-11-${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00:00`,
  tzid: zone,
})

const content = fc.record({
  summary: fc.constantFrom(null, 'Lecture', 'Seminar'),
  description: fc.constantFrom(null, 'Room change'),
  status: fc.constantFrom(null, 'CONFIRMED', 'TENTATIVE') as fc.Arbitrary<Component['status']>,
  transparent: fc.boolean(),
  kaltura: fc.constantFrom<Component['kaltura'][]>({}, { tags: ['physics'] }, { tags: ['maths'], type: 2 }),
  extra: fc.constantFrom<Component['extra'][]>([], [['x-note', {}, 'unknown', 'a']], [['x-note', {}, 'unknown', 'b']]),
})

const override = (day: number) =>
  fc.tuple(content, fc.integer({ min: 8, max: 11 })).map(
    ([fields, hour]): Override => ({
      ...emptyMaster(at(day, hour), at(day, hour + 1)),
      ...fields,
      recurrenceId: at(day, 9),
      thisAndFuture: false,
    }),
  )

/** A weekly series or a single event with the UID `u`. */
export const scheduleEvent: fc.Arbitrary<ScheduleEvent> = fc
  .record({
    fields: content,
    hour: fc.integer({ min: 9, max: 10 }),
    weekly: fc.boolean(),
    excluded: fc.subarray([9, 16]),
    moved: fc.option(override(23), { nil: null }),
    resourceIds: fc.subarray([1, 2], { minLength: 1 }),
  })
  .map(({ fields, hour, weekly, excluded, moved, resourceIds }) => ({
    uid: 'u',
    master: {
      ...emptyMaster(at(2, hour), at(2, hour + 1)),
      ...fields,
      rrules: weekly ? ['FREQ=WEEKLY;COUNT=10'] : [],
      exdates: weekly ? excluded.map(day => at(day, 9)) : [],
    },
    overrides: weekly && moved ? [moved] : [],
    resourceIds,
  }))

/** A remote that keeps neither description, X- properties nor Kaltura's fields. */
export const lossy = (event: ScheduleEvent): ScheduleEvent => {
  const poor = <C extends Component>(component: C): C => ({ ...component, description: null, extra: [], kaltura: {} })
  return { ...event, master: event.master && poor(event.master), overrides: event.overrides.map(poor) }
}

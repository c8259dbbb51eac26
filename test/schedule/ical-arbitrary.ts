/** Events with everything in them that iCalendar can hold, for property tests of reading and writing. */
import fc from 'fast-check'
import { toEpoch } from '../../src/schedule/caltime.ts'
import type {
  CalTime,
  Component,
  EventEnd,
  JCalComponent,
  JCalProperty,
  Master,
  Override,
  RDate,
  ScheduleEvent,
} from '../../src/schedule/event.ts'
import { isDate, timeKey } from '../../src/schedule/event.ts'

const two = (value: number) => String(value).padStart(2, '0')
const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'America/Santiago', 'UTC', null)
const date = fc.tuple(
  fc.integer({ min: 1950, max: 2060 }),
  fc.integer({ min: 1, max: 12 }),
  fc.integer({ min: 1, max: 28 }),
)
const day = date.map(([year, month, of]) => `${year}-${two(month)}-${two(of)}`)
const clock = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 59 }))
  .map(([h, m, s]) => `${two(h)}:${two(m)}:${two(s)}`)
const dateTime = fc.tuple(day, clock).map(([of, at]) => `${of}T${at}`)
/** A time like the given one: a date for a date, on the same clock for a time. */
const like = (time: CalTime): fc.Arbitrary<CalTime> =>
  isDate(time) ? day.map(date => ({ date })) : dateTime.map(dateTime => ({ dateTime, tzid: time.tzid }))
const time: fc.Arbitrary<CalTime> = fc.oneof(
  day.map(date => ({ date })),
  fc.record({ dateTime, tzid: zones }),
)

const awkward = fc.string({
  unit: fc.constantFrom(...'ab ,;:\\n"^=\n\t-ü漢😀', '\\n', 'END:VEVENT', '\nBEGIN:VALARM', '"', "^'", '^n'),
  maxLength: 60,
})
const name = fc.constantFrom('x-a', 'x-lotus', 'x-microsoft-cdo-busystatus', 'x-end')
const parameters = fc.dictionary(
  fc.constantFrom('x-p', 'cn', 'language', 'role'),
  awkward.filter(value => !value.includes('\t')),
  { maxKeys: 2 },
)
const raw = awkward.map(value => value.replaceAll('\n', ''))
const extra: fc.Arbitrary<JCalProperty> = fc.oneof(
  fc.tuple(name, parameters, raw).map(([of, with_, value]): JCalProperty => [of, with_, 'unknown', value]),
  fc
    .tuple(fc.constantFrom('comment', 'contact', 'related-to'), parameters, awkward)
    .map(([of, with_, value]): JCalProperty => [of, with_, 'text', value]),
  fc
    .tuple(fc.constantFrom('categories', 'resources'), fc.array(awkward, { minLength: 1, maxLength: 3 }))
    .map(([of, values]): JCalProperty => [of, {}, 'text', ...values]),
  fc
    .tuple(parameters, raw)
    .map(([with_, value]): JCalProperty => ['attendee', with_, 'cal-address', `mailto:${value}`]),
  fc.constantFrom<JCalProperty>(
    ['dtstamp', {}, 'date-time', '2026-01-01T00:00:00Z'],
    ['geo', {}, 'float', [47.5, -8.25]],
    ['priority', {}, 'integer', 5],
    ['attach', { encoding: 'BASE64' }, 'binary', 'QUJD'],
    ['request-status', {}, 'text', ['2.0', 'Success; really']],
    ['x-when', { tzid: 'Europe/Berlin' }, 'date-time', '2026-01-01T00:00:00'],
  ),
)
const components: fc.Arbitrary<JCalComponent> = fc
  .array(
    extra.filter(([of]) => of !== 'x-when'),
    { maxLength: 3 },
  )
  .map(properties => ['valarm', [['trigger', {}, 'duration', '-PT15M'], ...properties], []])

const endAfter = (start: CalTime): fc.Arbitrary<EventEnd> =>
  fc.oneof(
    fc.constant(null),
    fc.constantFrom(...(isDate(start) ? ['P1D', 'P2W'] : ['PT1H30M', 'P1D', 'PT0S'])).map(duration => ({ duration })),
    like(start).filter(end => toEpoch(end, 'UTC') >= toEpoch(start, 'UTC')),
  )

const content = fc.record({
  summary: fc.option(awkward),
  description: fc.option(awkward),
  location: fc.option(awkward),
  status: fc.constantFrom<Component['status']>(null, 'CONFIRMED', 'TENTATIVE', 'CANCELLED'),
  transparent: fc.boolean(),
  classification: fc.constantFrom<Component['classification']>(null, 'PUBLIC', 'PRIVATE', 'CONFIDENTIAL'),
  sequence: fc.nat({ max: 9 }),
  kaltura: fc.constantFrom<Component['kaltura']>(
    {},
    { id: 5, type: 2, tags: ['a', 'b c'] },
    { liveStreamPassword: 'a\\,b' },
  ),
  extra: fc.array(extra, { maxLength: 4 }),
  components: fc.array(components, { maxLength: 2 }),
})

const component: fc.Arbitrary<Component> = time.chain(start =>
  fc.tuple(content, endAfter(start), fc.boolean()).map(([fields, end, said]) => ({
    ...fields,
    start,
    end,
    parameters: said && fields.summary !== null ? { summary: { language: 'de' } } : {},
  })),
)

const rdate = (start: CalTime): fc.Arbitrary<RDate> =>
  isDate(start)
    ? like(start)
    : fc.oneof(
        like(start),
        like(start).map(from => ({ start: from, end: { duration: 'PT2H' } })),
      )

const master: fc.Arbitrary<Master> = component.chain(base =>
  fc
    .record({
      rrules: fc.subarray(['FREQ=WEEKLY;COUNT=5', 'FREQ=MONTHLY;UNTIL=20301231T000000Z;BYDAY=-1FR']),
      exrules: fc.subarray(['FREQ=YEARLY']),
      rdates: fc.array(rdate(base.start), { maxLength: 3 }),
      exdates: fc.array(like(base.start), { maxLength: 3 }),
    })
    .map(rules => ({ ...base, ...rules })),
)

/** The sort order of `overrides`. */
const sorted = (overrides: readonly Override[]): Override[] => {
  const byKey = new Map(overrides.map(override => [timeKey(override.recurrenceId), override]))
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, override]) => override)
}
const override = (id: fc.Arbitrary<CalTime>): fc.Arbitrary<Override> =>
  fc
    .tuple(component, id, fc.boolean())
    .map(([base, recurrenceId, thisAndFuture]) => ({ ...base, recurrenceId, thisAndFuture }))

const uid = awkward.map(text => text.replaceAll(/\s+/g, ' ').trim()).filter(text => text !== '')
const resourceIds = fc
  .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 3 })
  .map(ids => ids.sort((a, b) => a - b))

export const anyEvent: fc.Arbitrary<ScheduleEvent> = fc
  .oneof(
    {
      weight: 3,
      arbitrary: master.chain(of =>
        fc.array(override(like(of.start)), { maxLength: 3 }).map(overrides => ({ master: of, overrides })),
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .array(override(time), { minLength: 1, maxLength: 3 })
        .map(overrides => ({ master: null, overrides })),
    },
  )
  .chain(parts =>
    fc
      .tuple(uid, resourceIds)
      .map(([of, ids]) => ({ ...parts, uid: of, overrides: sorted(parts.overrides), resourceIds: ids })),
  )

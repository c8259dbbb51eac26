/** Events of every kind that people book, each with what makes it hard for Kaltura. */
import {
  type CalTime,
  type Component,
  emptyMaster,
  type Master,
  type Override,
  type ScheduleEvent,
} from '../../../src/schedule/event.ts'

export const year = Temporal.Now.plainDateISO('UTC').year + 1
export const at = (text: string, tzid: string | null = 'Europe/Berlin'): CalTime => ({
  dateTime: `${year}-${text}:00`,
  tzid,
})
export const day = (text: string): CalTime => ({ date: `${year}-${text}` })

export interface Shape {
  readonly start: CalTime
  readonly end: Master['end']
  readonly rules?: readonly string[]
  readonly change?: Partial<Master>
  readonly overrides?: readonly Override[]
}

export const event = (uid: string, shape: Shape, resourceIds: readonly number[] = []): ScheduleEvent => ({
  uid,
  master: {
    ...emptyMaster(shape.start, shape.end),
    ...{ summary: 'Physics', description: 'Bring a calculator', rrules: shape.rules ?? [] },
    ...shape.change,
  },
  overrides: shape.overrides ?? [],
  resourceIds,
})

export const hour = { duration: 'PT1H' }

export const override = (
  recurrenceId: CalTime,
  start: CalTime,
  end: Override['end'] = hour,
  change: Partial<Component> & { thisAndFuture?: boolean } = {},
): Override => ({
  ...emptyComponent(start, end),
  ...{ summary: 'Physics', description: 'Bring a calculator', recurrenceId, thisAndFuture: false },
  ...change,
})

const emptyComponent = (start: CalTime, end: Override['end']): Component => {
  const { rrules: _, exrules: __, rdates: ___, exdates: ____, ...component } = emptyMaster(start, end)
  return component
}

const nine = { start: at('03-03T09:00'), end: hour }
const weekly = { ...nine, rules: ['FREQ=WEEKLY;COUNT=8'] }

/** Name → shape. Days of the week: 3 March is a Wednesday in 2027, a Friday in 2028; no rule here depends on that. */
export const shapes: { readonly [name: string]: Shape } = {
  'a single event': nine,
  'one in UTC': { start: at('03-03T09:00', 'UTC'), end: hour },
  'one on a floating clock': { start: at('03-03T09:00', null), end: hour },
  'one without length': { start: at('03-03T09:00'), end: null },
  'one that ends in another zone': { start: at('03-03T09:00'), end: at('03-03T09:00', 'America/New_York') },
  'a whole day': { start: day('05-01'), end: day('05-02') },
  'a whole day of 25 hours': { start: day('10-31'), end: day('11-01') },
  'a whole week': { start: day('08-02'), end: day('08-09') },
  'thirty hours': { start: at('03-03T09:00'), end: at('03-04T15:00') },
  'a weekly series': weekly,
  'one until a date': { ...nine, rules: [`FREQ=WEEKLY;UNTIL=${year}0601`] },
  'one on several days': { ...nine, rules: ['FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR;WKST=SU;COUNT=9'] },
  'one whose start is no occurrence': { ...nine, rules: ['FREQ=MONTHLY;BYMONTHDAY=20;COUNT=4'] },
  'one on every first day': { ...nine, rules: ['FREQ=MONTHLY;BYDAY=1MO,3WE;COUNT=6'] },
  'one on the last day of the month': { ...nine, rules: ['FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=4'] },
  'one on the 31st': { start: at('01-31T09:00'), end: hour, rules: ['FREQ=MONTHLY;COUNT=5'] },
  'one every year': { ...nine, rules: ['FREQ=YEARLY;COUNT=5'] },
  'one with set positions': { ...nine, rules: ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=4'] },
  'one every six hours': { ...nine, rules: ['FREQ=HOURLY;INTERVAL=6;COUNT=12'] },
  'one through the spring gap': { start: at('03-20T02:30'), end: hour, rules: ['FREQ=DAILY;COUNT=15'] },
  'one through the repeated hour': { start: at('10-20T02:30'), end: hour, rules: ['FREQ=DAILY;COUNT=20'] },
  'one that spans the change of clocks': {
    start: at('03-20T23:00'),
    end: at('03-21T07:00'),
    rules: ['FREQ=DAILY;COUNT=12'],
  },
  'one in New York': {
    start: at('03-03T09:00', 'America/New_York'),
    end: hour,
    rules: ['FREQ=WEEKLY;COUNT=8'],
  },
  'one without an end': { ...nine, rules: ['FREQ=WEEKLY'] },
  'one without an end that began long ago': {
    start: { dateTime: `${year - 9}-03-03T09:00:00`, tzid: 'Europe/Berlin' },
    end: hour,
    rules: ['FREQ=WEEKLY;BYDAY=TU'],
    change: { exdates: [{ dateTime: `${year - 8}-03-06T09:00:00`, tzid: 'Europe/Berlin' }] },
  },
  'one with two thousand occurrences': { ...nine, rules: ['FREQ=DAILY;COUNT=2000'] },
  'one longer than two years': { ...nine, rules: ['FREQ=MONTHLY;COUNT=40'] },
  'a weekly whole day': { start: day('03-03'), end: day('03-04'), rules: ['FREQ=WEEKLY;COUNT=6'] },
  'a whole weekend every month': { start: day('03-03'), end: day('03-05'), rules: ['FREQ=MONTHLY;COUNT=3'] },
  'dates without a rule': { ...nine, change: { rdates: [at('03-05T09:00'), at('03-09T11:00')] } },
  'dates beside a rule': { ...weekly, change: { rdates: [at('03-05T09:00')] } },
  periods: {
    ...nine,
    change: { rdates: [{ start: at('03-05T09:00'), end: { duration: 'PT3H' } }] },
  },
  'two rules': { ...nine, rules: ['FREQ=WEEKLY;COUNT=4', 'FREQ=DAILY;INTERVAL=3;COUNT=4'] },
  'a rule that excludes': { ...nine, rules: ['FREQ=DAILY;COUNT=10'], change: { exrules: ['FREQ=WEEKLY;COUNT=2'] } },
  'a rule nobody can read': { ...nine, rules: ['FREQ=SOMETIMES'] },
  'excluded occurrences': { ...weekly, change: { exdates: [at('03-10T09:00'), at('03-24T09:00')] } },
  'the first excluded': { ...weekly, change: { exdates: [at('03-03T09:00')] } },
  'all but one excluded': {
    ...nine,
    rules: ['FREQ=WEEKLY;COUNT=3'],
    change: { exdates: [at('03-03T09:00'), at('03-17T09:00')] },
  },
  'an exclusion that excludes nothing': { ...weekly, change: { exdates: [at('03-11T09:00')] } },
  'an exclusion in UTC': { ...weekly, change: { exdates: [at('03-10T08:00', 'UTC')] } },
  'an exclusion by day': { ...weekly, change: { exdates: [day('03-10')] } },
  'a moved occurrence': { ...weekly, overrides: [override(at('03-10T09:00'), at('03-11T14:00'))] },
  'two that changed places': {
    ...weekly,
    overrides: [
      override(at('03-10T09:00'), at('03-17T09:00'), hour, { summary: 'Second as third' }),
      override(at('03-17T09:00'), at('03-10T09:00'), hour, { summary: 'Third as second' }),
    ],
  },
  'a longer occurrence': {
    ...weekly,
    overrides: [override(at('03-10T09:00'), at('03-10T09:00'), { duration: 'PT3H' })],
  },
  'an occurrence of two days': {
    ...weekly,
    overrides: [override(at('03-10T09:00'), at('03-10T09:00'), { duration: 'PT48H' })],
  },
  'a renamed occurrence': {
    ...weekly,
    overrides: [override(at('03-10T09:00'), at('03-10T09:00'), hour, { summary: 'Guest', description: null })],
  },
  'all occurrences renamed': {
    ...nine,
    rules: ['FREQ=WEEKLY;COUNT=2'],
    overrides: [
      override(at('03-03T09:00'), at('03-03T09:00'), hour, { summary: 'One' }),
      override(at('03-10T09:00'), at('03-10T09:00'), hour, { summary: 'Two' }),
    ],
  },
  'a cancelled occurrence': {
    ...weekly,
    overrides: [override(at('03-10T09:00'), at('03-10T09:00'), hour, { status: 'CANCELLED' })],
  },
  'an occurrence that is free': {
    ...weekly,
    overrides: [override(at('03-10T09:00'), at('03-10T09:00'), hour, { transparent: true })],
  },
  'later from one on': {
    ...weekly,
    overrides: [override(at('03-17T09:00'), at('03-17T10:30'), hour, { thisAndFuture: true })],
  },
  'an override of nothing': { ...weekly, overrides: [override(at('03-12T09:00'), at('03-12T11:00'))] },
  'an override in UTC': {
    ...weekly,
    overrides: [override(at('03-10T08:00', 'UTC'), at('03-10T10:00', 'UTC'))],
  },
  'a blackout': { ...nine, change: { kaltura: { type: 3 } } },
  'a weekly blackout': { ...weekly, change: { kaltura: { type: 3 } } },
  'a weekly blackout with exceptions': {
    ...weekly,
    change: { kaltura: { type: 3 }, exdates: [at('03-10T09:00')] },
    overrides: [override(at('03-17T09:00'), at('03-17T11:00'), hour, { kaltura: { type: 3 } })],
  },
  'an emoji, long and foreign title': { ...nine, change: { summary: `🎓 ${'Prüfung '.repeat(40)}𠮷` } },
  'no title': { ...nine, change: { summary: null, description: null } },
  'control characters': { ...nine, change: { description: 'a\u0000b\u0007\r\nc\td' } },
  'a place in the north': { ...nine, change: { extra: [['geo', {}, 'float', [52.5186123, 13.3761981]]] } },
  'a place in the south': { ...nine, change: { extra: [['geo', {}, 'float', [-33.86, 151.2]]] } },
  'everything Kaltura holds': {
    ...nine,
    change: {
      location: 'LH 101',
      classification: 'PRIVATE',
      kaltura: { type: 1, tags: ['physics', 'semester one'], entryIds: ['1_abcdefgh'], templateEntryId: '1_template0' },
      extra: [
        ['priority', {}, 'integer', 5],
        ['contact', {}, 'text', 'Prof. Weber'],
        ['comment', {}, 'text', 'Two lines\nof comment'],
        ['organizer', { cn: 'Weber' }, 'cal-address', 'mailto:weber@example.edu'],
      ],
    },
  },
  'a comment that looks like ours': {
    ...nine,
    change: { extra: [['comment', {}, 'text', 'kaldav:{"v":1,"rid":"","pending":true}']] },
  },
  'a UID with commas and spaces': nine,
}

/** The shape of that name. */
export const shapeNamed = (name: string): Shape => {
  const shape = shapes[name]
  if (!shape) throw new TypeError(`no shape is named ${name}`)
  return shape
}

/** Some occurrences of a series that somebody else holds. */
export const orphans = (uid: string, resourceIds: readonly number[] = []): ScheduleEvent => ({
  uid,
  master: null,
  overrides: [override(at('03-10T09:00'), at('03-10T14:00')), override(at('03-17T09:00'), at('03-17T09:00'))],
  resourceIds,
})

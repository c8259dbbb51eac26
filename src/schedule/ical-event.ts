/** One VEVENT as a component of ours. Every value is read on its own: a bad one costs itself, not the event. */
import { createHash } from 'node:crypto'
import { endOf, parseDuration, toEpoch } from './caltime.ts'
import { parameter, type RawProperty } from './content-line.ts'
import type { CalTime, Component, EventEnd, JCalParameters, JCalProperty, Master, RDate } from './event.ts'
import { isDuration, plainUid } from './event.ts'
import { alignOccurrence, checkedEnd } from './ical-align.ts'
import type { RawComponent } from './ical-scan.ts'
import {
  hasTimeOfDay,
  readDuration,
  readRDates,
  readTime,
  readTimes,
  type TimeContext,
  Unreadable,
} from './ical-time.ts'
import { readComponent, readProperty, readText } from './jcal.ts'
import { parseRule } from './rrule.ts'
import { ruleOf, unquoted } from './vcalendar.ts'
import { isKaltura, type KalturaDraft, readKaltura } from './x-kaltura.ts'

/** A VEVENT that was read; its rules count only if it turns out to be a master. */
export interface ReadEvent {
  readonly uid: string
  /** Whether the file gave the UID; else it is made from the content. */
  readonly hasUid: boolean
  readonly line: number
  readonly recurrenceId: CalTime | null
  readonly thisAndFuture: boolean
  readonly component: Master
  readonly resourceIds: readonly number[] | null
  /** X-KALTURA-PARENT-UID, which stays among `extra`. */
  readonly parentUid: string | null
  /** Orders two versions of the same: SEQUENCE, then DTSTAMP (RFC 5546 §2.1.5). */
  readonly dtstamp: string
}

export interface EventContext extends TimeContext {
  notice(line: number, what: string): void
}

type Single = (typeof singles)[number]
const singles = [
  'uid',
  'dtstart',
  'dtend',
  'duration',
  'recurrence-id',
  'summary',
  'description',
  'location',
  'status',
  'transp',
  'class',
  'sequence',
] as const
const rules = ['rrule', 'exrule', 'rdate', 'exdate'] as const
type Rules = { readonly [name in (typeof rules)[number]]: RawProperty[] }

const isSingle = (name: string): name is Single => (singles as readonly string[]).includes(name)
const isRule = (name: string): name is keyof Rules => (rules as readonly string[]).includes(name)
/** Of these a second is kept and written again; of the others it would change what the event is. */
const texts: ReadonlySet<string> = new Set(['summary', 'description', 'location'])
/** Parameters that are part of a value and need no keeping. */
const spoken: ReadonlySet<string> = new Set(['value', 'tzid', 'range'])
/** What `writeCalendar` gives an event without a DTSTAMP. */
export const NO_DTSTAMP = '19700101T000000Z'

interface Draft {
  readonly singles: Map<Single, RawProperty>
  readonly rules: Rules
  readonly extra: JCalProperty[]
  readonly parameters: Record<string, JCalParameters>
  readonly kaltura: KalturaDraft
  readonly seen: Set<string>
}

const within = <T>(property: RawProperty | undefined, read: () => T): T => {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Unreadable) || !property) throw error
    throw new Unreadable(`line ${property.line}: ${property.name.toUpperCase()}: ${error.message}`)
  }
}

const keptOf = ({ parameters }: RawProperty): [string, string | readonly string[]][] =>
  Object.entries(parameters).filter(([key]) => !spoken.has(key))

/** Which single properties a component has something to say of; the parameters of others would have no place. */
const saidBy: Readonly<Record<Single, (component: Component) => boolean>> = {
  uid: () => true,
  dtstart: () => true,
  dtend: ({ end }) => end !== null && !isDuration(end),
  duration: ({ end }) => isDuration(end),
  'recurrence-id': () => true,
  summary: ({ summary }) => summary !== null,
  description: ({ description }) => description !== null,
  location: ({ location }) => location !== null,
  status: ({ status }) => status !== null,
  transp: ({ transparent }) => transparent,
  class: ({ classification }) => classification !== null,
  sequence: ({ sequence }) => sequence > 0,
}

/** The parameters of the single properties; those of X-KALTURA-* are none of Kaltura's and are not kept. */
const keepParameters = (draft: Draft, component: Component): void => {
  for (const [name, property] of draft.singles) {
    const kept = keptOf(property)
    if (kept.length > 0 && saidBy[name](component)) draft.parameters[name] = Object.fromEntries(kept)
  }
}

const keepExtra = (draft: Draft, property: RawProperty, context: EventContext): void => {
  const read = readProperty(property)
  if (read === null) {
    const value = property.value.slice(0, 40)
    context.notice(property.line, `${property.name.toUpperCase()}: "${value}" is not of its type: left out`)
    return
  }
  const zone = typeof read[1].tzid === 'string' ? context.zone(read[1].tzid) : null
  const [name, parameters, ...rest] = read
  draft.extra.push(zone === null ? read : [name, { ...parameters, tzid: zone }, ...rest])
}

const again = (draft: Draft, property: RawProperty, context: EventContext): void => {
  const name = property.name.toUpperCase()
  if (texts.has(property.name)) {
    context.notice(property.line, `a second ${name}: kept, but the first one counts`)
    keepExtra(draft, property, context)
    return
  }
  const same = isSingle(property.name) && draft.singles.get(property.name)?.value === property.value
  if (!same) context.notice(property.line, `a second ${name}: left out`)
}

const sort = (draft: Draft, property: RawProperty, context: EventContext): void => {
  const { name, line } = property
  if (name.startsWith('x-kaldav-') || (name === 'dtstamp' && property.value.trim() === NO_DTSTAMP)) return
  if (isRule(name)) {
    draft.rules[name].push(property)
    return
  }
  const known = isSingle(name)
  if (!known && !isKaltura(name)) {
    keepExtra(draft, property, context)
    return
  }
  // Empty is as good as absent, but for texts.
  if (known && !texts.has(name) && property.value.trim() === '') return
  if (draft.seen.has(name)) {
    again(draft, property, context)
    return
  }
  draft.seen.add(name)
  if (known) draft.singles.set(name, property)
  else
    readKaltura(draft.kaltura, property, reason => context.notice(line, `${name.toUpperCase()}: ${reason}: left out`))
}

/** Parameters of properties that may come several times: kept where all of them agree. */
const keepRuleParameters = (draft: Draft, component: Master, context: EventContext): void => {
  for (const name of rules) {
    const [first, ...more] = draft.rules[name].map(keptOf)
    const line = draft.rules[name][0]?.line ?? 0
    if (
      first === undefined ||
      component[`${name}s`].length === 0 ||
      [first, ...more].every(entries => entries.length === 0)
    )
      continue
    if (more.every(entries => JSON.stringify(entries) === JSON.stringify(first)))
      draft.parameters[name] = Object.fromEntries(first)
    else context.notice(line, `the parameters of ${name.toUpperCase()} differ from line to line: left out`)
  }
}

/** Parts of a rule that say nothing: defaults that some clients stumble over (RFC 7529), and Kaltura's own NAME. */
const idle = /^(?:INTERVAL=1|RSCALE=GREGORIAN|SKIP=OMIT|NAME=.*)$/

const readRule = (property: RawProperty): string[] => {
  const text = property.value.trim()
  if (text === '') return []
  const rule = (text.includes('=') ? null : ruleOf(text)) ?? text
  const parts = rule.toUpperCase().replaceAll('\\', '').replaceAll(/\s/g, '').split(';')
  const clean = parts.filter(part => part !== '' && !idle.test(part)).join(';')
  const parsed = parseRule(clean)
  if (typeof parsed === 'string') throw new Unreadable(parsed)
  return [clean]
}

const statuses: Readonly<Record<string, Component['status']>> = {
  CONFIRMED: 'CONFIRMED',
  TENTATIVE: 'TENTATIVE',
  CANCELLED: 'CANCELLED',
  CANCELED: 'CANCELLED',
}
/** Kaltura's older output writes its own numbers (KalturaScheduleEventStatus). */
const kalturaStatuses: Readonly<Record<string, Component['status']>> = {
  1: 'CANCELLED',
  2: 'CONFIRMED',
  3: 'CANCELLED',
}
/** vCalendar 1.0 counts. */
const transparencies: Readonly<Record<string, boolean>> = {
  OPAQUE: false,
  TRANSPARENT: true,
  0: false,
  1: true,
  2: true,
}
const classes: Readonly<Record<string, Component['classification']>> = {
  PUBLIC: 'PUBLIC',
  PRIVATE: 'PRIVATE',
  CONFIDENTIAL: 'CONFIDENTIAL',
}

/** The value of a property that has few, or `otherwise` with a notice. */
const choice = <T>(
  property: RawProperty | undefined,
  table: Readonly<Record<string, T>>,
  nothing: T,
  [otherwise, words]: readonly [value: T, words: string],
  context: EventContext,
): T => {
  const word = property?.value.trim().toUpperCase() ?? ''
  if (!property || word === '') return nothing
  if (Object.hasOwn(table, word)) return table[word] as T
  context.notice(
    property.line,
    `${property.name.toUpperCase()}: "${word.slice(0, 40)}" is not one of its values: ${words}`,
  )
  return otherwise
}

const readSequence = (property: RawProperty | undefined, context: EventContext): number => {
  const text = property?.value.trim() ?? ''
  if (/^\d{1,15}$/.test(text)) return Number(text)
  if (property && text !== '')
    context.notice(property.line, `SEQUENCE: "${text.slice(0, 40)}" is no whole number: taken as 0`)
  return 0
}

const lasts = (start: CalTime, end: EventEnd, duration: string): boolean =>
  parseDuration(duration) !== null &&
  toEpoch(endOf({ start, end: { duration } }), 'UTC') === toEpoch(endOf({ start, end }), 'UTC')

const readEnd = (draft: Draft, start: CalTime, context: EventContext): EventEnd => {
  const dtend = draft.singles.get('dtend')
  const duration = draft.singles.get('duration')
  const property = dtend ?? duration
  if (!property) return null
  return within(property, () => {
    const end = dtend ? readTime(dtend, context) : { duration: readDuration(property.value) }
    const { value, repair } = checkedEnd(start, end)
    if (repair !== null) context.repaired(property.line, repair)
    if (dtend && duration && !lasts(start, value, duration.value.trim().toUpperCase()))
      context.notice(duration.line, 'DURATION disagrees with DTEND, which counts: left out')
    return value
  })
}

const textOf = (draft: Draft, name: Single): string | null => {
  const property = draft.singles.get(name)
  return property ? readText(property.value) : null
}

const readExdates = (draft: Draft, start: CalTime, rrules: readonly string[], context: EventContext): CalTime[] =>
  draft.rules.exdate.flatMap(property => {
    const refused = (reason: string) => context.notice(property.line, `EXDATE: ${reason}: left out`)
    return within(property, () => readTimes(property, context, refused)).map(time => {
      const mixed = 'date' in time !== 'date' in start || (!('date' in time) && time.tzid === null)
      const aligned = mixed ? alignOccurrence(time, start, rrules) : null
      if (aligned?.repair) context.repaired(property.line, `EXDATE ${aligned.repair}`)
      return aligned?.value ?? time
    })
  })

const readAllRDates = (draft: Draft, context: EventContext): RDate[] =>
  draft.rules.rdate.flatMap(property =>
    within(property, () =>
      readRDates(property, context, reason => context.notice(property.line, `RDATE: ${reason}: left out`)),
    ),
  )

const asUuid = (hash: string): string => {
  const bits = (from: number, mask: number, set: number) =>
    ((Number.parseInt(hash.slice(from, from + 4), 16) & mask) | set).toString(16)
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-${bits(12, 0x0fff, 0x4000)}-${bits(16, 0x3fff, 0x8000)}-${hash.slice(20, 32)}`
}
const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')

/** The UID that Kaltura's own output gives an event without a referenceId. */
export const kalturaUid = (id: number): string => asUuid(sha1(String(id)))

const changing = new Set(['dtstamp', 'created', 'last-modified', 'sequence'])
const contentUid = (raw: RawComponent): string => {
  const lines = raw.properties
    .filter(({ name }) => !changing.has(name) && !name.startsWith('x-kaldav-'))
    .map(({ name, parameters, value }) => JSON.stringify([name, parameters, value]))
  return asUuid(sha1(lines.sort().join('\n')))
}

/** The UID as the file gives it, trimmed; null where it gives none. */
export const uidOf = (raw: RawComponent): string | null => {
  const value = raw.properties.find(({ name }) => name === 'uid')?.value
  const uid = value === undefined ? '' : plainUid(readText(value))
  return uid === '' ? null : uid
}

/** An occurrence that is cancelled needs no time of its own (RFC 5546 §3.2.5). */
const startOf = (draft: Draft, recurrenceId: CalTime | null, context: EventContext): CalTime => {
  const property = draft.singles.get('dtstart')
  const timed = hasTimeOfDay(draft.singles.get('dtend')?.value ?? '')
  if (property) return within(property, () => readTime(property, context, timed))
  const cancelled = /^CANCELL?ED$/i.test(draft.singles.get('status')?.value.trim() ?? '')
  if (recurrenceId === null || !cancelled) throw new Unreadable('there is no DTSTART')
  return recurrenceId
}

const rangeOf = (property: RawProperty | undefined): boolean => {
  const range = property ? parameter(property, 'range')?.toUpperCase() : undefined
  if (range === 'THISANDPRIOR')
    throw new Unreadable(`line ${property?.line}: RANGE=THISANDPRIOR (RFC 2445) is not supported`)
  return range === 'THISANDFUTURE'
}

/** @throws Unreadable with the reason why the component cannot stand for anything */
export const readEvent = (raw: RawComponent, context: EventContext): ReadEvent => {
  const draft: Draft = {
    singles: new Map(),
    rules: { rrule: [], exrule: [], rdate: [], exdate: [] },
    extra: [],
    parameters: {},
    kaltura: { properties: {}, resourceIds: null },
    seen: new Set(),
  }
  for (const property of raw.properties) sort(draft, unquoted(property), context)
  const { singles, kaltura } = draft
  const ridProperty = singles.get('recurrence-id')
  const recurrenceId = ridProperty ? within(ridProperty, () => readTime(ridProperty, context)) : null
  const start = startOf(draft, recurrenceId, context)
  const rrules = draft.rules.rrule.flatMap(property => within(property, () => readRule(property)))
  const ofKaltura = raw.properties.some(({ name }) => name.startsWith('x-kaltura-'))
  const uid = uidOf(raw)
  const component: Master = {
    start,
    end: readEnd(draft, start, context),
    summary: textOf(draft, 'summary'),
    description: textOf(draft, 'description'),
    location: textOf(draft, 'location'),
    status: choice(
      singles.get('status'),
      ofKaltura ? { ...statuses, ...kalturaStatuses } : statuses,
      null,
      [null, 'left out'],
      context,
    ),
    transparent: choice(singles.get('transp'), transparencies, false, [false, 'taken as OPAQUE'], context),
    // A class one does not know is private (RFC 5545 §3.8.1.3).
    classification: choice(singles.get('class'), classes, null, ['PRIVATE', 'taken as PRIVATE'], context),
    sequence: readSequence(singles.get('sequence'), context),
    kaltura: kaltura.properties,
    parameters: draft.parameters,
    extra: draft.extra,
    components: raw.components.map(component =>
      readComponent(component, ({ line, name }) =>
        context.notice(line, `${component.name}: ${name.toUpperCase()} is not of its type: left out`),
      ),
    ),
    rrules,
    exrules: draft.rules.exrule.flatMap(property => within(property, () => readRule(property))),
    rdates: readAllRDates(draft, context),
    exdates: readExdates(draft, start, rrules, context),
  }
  keepParameters(draft, component)
  keepRuleParameters(draft, component, context)
  return {
    uid: uid ?? (kaltura.properties.id === undefined ? contentUid(raw) : kalturaUid(kaltura.properties.id)),
    hasUid: uid !== null,
    line: raw.line,
    recurrenceId,
    thisAndFuture: rangeOf(ridProperty),
    component,
    resourceIds: kaltura.resourceIds,
    parentUid: raw.properties.find(({ name }) => name === 'x-kaltura-parent-uid')?.value.trim() || null,
    dtstamp: raw.properties.find(({ name }) => name === 'dtstamp')?.value.trim() ?? '',
  }
}

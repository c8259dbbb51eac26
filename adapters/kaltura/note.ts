/**
 * What we must know of an event and Kaltura has no field for: that it is a whole day, the rule that its single events
 * came from, which occurrence a row stands for. It is one line of JSON at the end of the event's comment, `kaldav:{…}`,
 * because the comment is the one text that Kaltura keeps and does not search, show or copy. It is believed only as far
 * as the row agrees with it.
 */
import type { CalTime, Master, RDate } from '../../src/schedule/event.ts'
import { isDate, isDuration, timeKey } from '../../src/schedule/event.ts'

/** When an event takes place, without its exceptions. `end` is resolved. */
export interface Pattern extends Pick<Master, 'start' | 'rrules' | 'exrules' | 'rdates'> {
  readonly end: CalTime
}

export interface Note {
  /** The pattern as written, and the clock of its dates; absent on the occurrences of a series. */
  readonly pattern?: Pattern
  readonly zone?: string
  /** The occurrence the row stands for, as RECURRENCE-ID would name it; '' for an event that does not recur. */
  readonly rid?: string
  /** This row is one of several that an occurrence of more than 24 hours is cut into: its number from 1, and of how many. */
  readonly piece?: readonly [number, number]
  /** The row says something else than the series in general. */
  readonly own?: boolean
  /** Rows are made up to this instant (epoch seconds) of a series that goes on. */
  readonly through?: number
  /** First row of a set that is being written. */
  readonly pending?: boolean
  /** On a series: its exceptions belong to this writing; on an occurrence, as `done`: they are all in place. */
  readonly writing?: string
  readonly done?: string
}

const marker = /(?:^|\n)kaldav:(\{.*\})\s*$/s
const VERSION = 1

const timeText = (time: CalTime): string => timeKey(time)

const timeForm = /^(\d{4}-\d\d-\d\d)(?:(T\d\d:\d\d:\d\d)(?:(Z)|\[([^\]]+)\])?)?$/

/** The reverse of `timeKey`; `null` for anything else. */
export function readTime(value: unknown): CalTime | null {
  const match = typeof value === 'string' ? timeForm.exec(value) : null
  if (!match) return null
  const [, date = '', time, utc, tzid] = match
  if (time === undefined) return { date }
  return { dateTime: date + time, tzid: utc ? 'UTC' : (tzid ?? null) }
}

const rdateText = (rdate: RDate): string => {
  if (!('start' in rdate)) return timeText(rdate)
  return `${timeText(rdate.start)} ${isDuration(rdate.end) ? rdate.end.duration : timeText(rdate.end)}`
}

function readRDate(value: unknown): RDate | null {
  const [from, to] = typeof value === 'string' ? value.split(' ') : []
  const start = readTime(from)
  if (!start || to === undefined) return start
  const end = readTime(to)
  return { start, end: end ?? { duration: to } }
}

function writePattern({ start, end, rrules, exrules, rdates }: Pattern): object {
  return {
    start: timeText(start),
    end: timeText(end),
    ...(rrules.length > 0 && { rrules }),
    ...(exrules.length > 0 && { exrules }),
    ...(rdates.length > 0 && { rdates: rdates.map(rdateText) }),
  }
}

/** A comment that says `text` to people and `note` to us; equal notes make equal comments. */
export function writeComment(text: string, note: Note | null): string {
  if (!note) return text
  const { pattern, zone, rid, piece, own, through, pending, writing, done } = note
  const said = { zone, rid, piece, own, through, pending, writing, done }
  const json = JSON.stringify({ v: VERSION, ...(pattern && writePattern(pattern)), ...said })
  return text === '' ? `kaldav:${json}` : `${text}\nkaldav:${json}`
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []

function readPattern(fields: { readonly [name: string]: unknown }): Pattern | null {
  const [start, end] = [readTime(fields.start), readTime(fields.end)]
  if (!start || !end || (isDate(end) && !isDate(start))) return null
  const rdates = texts(fields.rdates).map(readRDate)
  if (rdates.includes(null)) return null
  return {
    ...{ start, end, rrules: texts(fields.rrules), exrules: texts(fields.exrules) },
    rdates: rdates.filter(rdate => rdate !== null),
  }
}

function readNote(json: string): Note | null {
  let fields: { readonly [name: string]: unknown }
  try {
    fields = JSON.parse(json)
  } catch {
    return null
  }
  if (fields.v !== VERSION) return null
  const pattern = readPattern(fields)
  const piece = Array.isArray(fields.piece) ? fields.piece.map(Number) : []
  return {
    ...(pattern && { pattern }),
    ...(typeof fields.zone === 'string' && { zone: fields.zone }),
    ...(typeof fields.rid === 'string' && { rid: fields.rid }),
    ...(piece.length === 2 && piece.every(Number.isInteger) && { piece: [piece[0] ?? 1, piece[1] ?? 1] as const }),
    ...(fields.own === true && { own: true }),
    ...(typeof fields.through === 'number' && { through: fields.through }),
    ...(fields.pending === true && { pending: true }),
    ...(typeof fields.writing === 'string' && { writing: fields.writing }),
    ...(typeof fields.done === 'string' && { done: fields.done }),
  }
}

/** A comment as its two readers see it. */
export function readComment(comment: string): { readonly text: string; readonly note: Note | null } {
  const match = marker.exec(comment)
  const note = match?.[1] === undefined ? null : readNote(match[1])
  return match && note ? { text: comment.slice(0, match.index), note } : { text: comment, note: null }
}

import { invalidToken } from './tokens.ts'

/** How far a client has seen the home: what lies in its calendars, and what the person wrote over them. */
export interface HomeState {
  readonly mark: string
  readonly own: number
  readonly shared: number
}

/** Where an answer was cut off. */
export interface HomePosition {
  /** What the client had seen before the first part; `null`: nothing. */
  readonly from: HomeState | null
  /** Index of the calendar that comes next, or goes on. */
  readonly calendar: number
  /** The last event told of it, '' where it has only been told itself; `null`: not even that. */
  readonly after: string | null
}

/** A sync token of the home. `at`: all changes up to there are known once the parts have been read to the end. */
export interface HomeToken {
  readonly epoch: string
  /** Which calendars there are. */
  readonly list: string
  readonly at: HomeState
  readonly position: HomePosition | null
}

const STATE = String.raw`(\d+\.\d+\.\d+):(\d+):(\d+)`
const FORM = new RegExp(
  String.raw`^urn:kaldav:home:([A-Za-z0-9-]+):([\w-]{12}):${STATE}(?::part:(\d+):(-|=[\w-]*)(?::${STATE})?)?$`,
)

const stateText = ({ mark, own, shared }: HomeState): string => `${mark}:${own}:${shared}`

const positionText = ({ from, calendar, after }: HomePosition): string => {
  const place = after === null ? '-' : `=${Buffer.from(after).toString('base64url')}`
  return `:part:${calendar}:${place}${from ? `:${stateText(from)}` : ''}`
}

export const writeHomeToken = ({ epoch, list, at, position }: HomeToken): string =>
  `urn:kaldav:home:${epoch}:${list}:${stateText(at)}${position ? positionText(position) : ''}`

const state = (mark: string | undefined, own: string | undefined, shared: string | undefined): HomeState | null =>
  mark === undefined ? null : { mark, own: Number(own), shared: Number(shared) }

/** @throws DavError 403 DAV:valid-sync-token */
export const readHomeToken = (text: string): HomeToken => {
  const [, epoch = '', list = '', ...rest] = FORM.exec(text) ?? []
  const at = state(rest[0], rest[1], rest[2])
  if (!at) throw invalidToken()
  const [calendar, place] = [rest[3], rest[4]]
  if (calendar === undefined || place === undefined) return { epoch, list, at, position: null }
  const after = place === '-' ? null : Buffer.from(place.slice(1), 'base64url').toString()
  return { epoch, list, at, position: { from: state(rest[5], rest[6], rest[7]), calendar: Number(calendar), after } }
}

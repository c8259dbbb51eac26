import type { ServerResponse } from 'node:http'
import { send } from '../dav/respond.ts'
import type { Gateway } from './gateway.ts'
import type { Kind } from './places.ts'

/**
 * Classes 1 and 3 of RFC 4918 (no locks), and what stands beside them. `calendar-no-timezone`: a TZID may come without
 * its VTIMEZONE (RFC 7809 §3.1).
 */
export const DAV_HEADER =
  '1, 3, access-control, calendar-access, calendar-no-timezone, ' +
  'calendar-availability, calendarserver-principal-search, calendarserver-home-sync'

const READING = ['OPTIONS', 'GET', 'HEAD', 'PROPFIND', 'PROPPATCH', 'REPORT'] as const
const METHODS: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  event: [...READING, 'PUT', 'DELETE', 'COPY', 'MOVE'],
  calendar: [...READING, 'POST'],
  outbox: [...READING, 'POST'],
  subscription: ['OPTIONS', 'DELETE'],
}

export const allowedMethods = (kind: Kind): readonly string[] => METHODS[kind] ?? READING

export const allow = (kind: Kind): string => allowedMethods(kind).join(', ')

/** Answered without credentials: clients ask it before they know whom to log in as. */
export const answerOptions = ({ scheduling, push }: Gateway, response: ServerResponse, kind: Kind): void => {
  const more = [scheduling === 'rooms' ? ', calendar-auto-schedule' : '', push ? ', webdav-push' : ''].join('')
  send(response, 200, { Allow: allow(kind), DAV: DAV_HEADER + more })
}

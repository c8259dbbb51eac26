/** The namespaces we speak, and the prefix each has in everything we write. Names are in Clark notation: `{DAV:}prop`. */
export const DAV = 'DAV:'
export const CALDAV = 'urn:ietf:params:xml:ns:caldav'
export const CALENDARSERVER = 'http://calendarserver.org/ns/'
export const APPLE = 'http://apple.com/ns/ical/'
/** Our own: messages and remedies inside error bodies. */
export const KALDAV = 'urn:kaldav:'
export const PUSH = 'https://bitfire.at/webdav-push'

export const PREFIXES: ReadonlyMap<string, string> = new Map([
  [DAV, 'D'],
  [CALDAV, 'C'],
  [CALENDARSERVER, 'CS'],
  [APPLE, 'A'],
  [KALDAV, 'K'],
  [PUSH, 'P'],
])

export const dav = (local: string): string => `{${DAV}}${local}`
export const caldav = (local: string): string => `{${CALDAV}}${local}`
export const calendarserver = (local: string): string => `{${CALENDARSERVER}}${local}`
export const apple = (local: string): string => `{${APPLE}}${local}`
export const kaldav = (local: string): string => `{${KALDAV}}${local}`
export const push = (local: string): string => `{${PUSH}}${local}`

/** Namespace and local part of a Clark name; no namespace is `''`. */
export const splitName = (name: string): [namespace: string, local: string] => {
  const end = name.lastIndexOf('}')
  return end < 0 ? ['', name] : [name.slice(1, end), name.slice(end + 1)]
}

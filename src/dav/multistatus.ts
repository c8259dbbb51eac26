import { type DavError, errorContent, statusLine } from './errors.ts'
import { dav } from './names.ts'
import { element, escapeXml } from './write.ts'

const STATUS_OK = `<D:status>${statusLine(200)}</D:status>`
const STATUS_NOT_FOUND = `<D:status>${statusLine(404)}</D:status>`

export const responseOpen = (href: string): string => `<D:response><D:href>${escapeXml(href)}</D:href>`
export const RESPONSE_CLOSE = '</D:response>'

/** DAV:propstat with properties that are there. */
export const found = (properties: string): string =>
  `<D:propstat><D:prop>${properties}</D:prop>${STATUS_OK}</D:propstat>`
export const missing = (properties: string): string =>
  `<D:propstat><D:prop>${properties}</D:prop>${STATUS_NOT_FOUND}</D:propstat>`

/** A DAV:response with one status for the whole resource (RFC 4918 §14.24), with its precondition where it has one. */
export const statusResponse = (href: string, status: number, error?: DavError): string =>
  `${responseOpen(href)}<D:status>${statusLine(status)}</D:status>${
    error ? element(dav('error'), errorContent(error)) : ''
  }${RESPONSE_CLOSE}`

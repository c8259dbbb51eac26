import { STATUS_CODES } from 'node:http'
import { KaldavError } from '../errors.ts'
import { dav, kaldav } from './names.ts'
import { document, element, textElement } from './write.ts'

export interface DavErrorOptions {
  /** The precondition that failed, in Clark notation: it names the error to the client (RFC 4918 §16). */
  readonly condition?: string
  /** What the precondition element holds, as XML, where its definition says so. */
  readonly content?: string
  readonly remedy?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** An answer other than success, in the words of HTTP. */
export class DavError extends KaldavError {
  readonly status: number
  readonly condition: string | null
  readonly content: string
  readonly headers: Readonly<Record<string, string>>
  constructor(status: number, message: string, options: DavErrorOptions = {}) {
    super(message, options)
    this.status = status
    this.condition = options.condition ?? null
    this.content = options.content ?? ''
    this.headers = options.headers ?? {}
  }
}

export const badRequest = (message: string, remedy?: string): DavError =>
  new DavError(400, message, remedy === undefined ? {} : { remedy })
export const notFound = (message: string): DavError => new DavError(404, message)
/** A precondition the same request will never fulfil: 403 (RFC 4918 §16). */
export const forbidden = (condition: string, message: string, options: DavErrorOptions = {}): DavError =>
  new DavError(403, message, { ...options, condition })
/** The right `privilege`, of DAV: or in Clark notation, on `href` is missing (RFC 3744 §7.1.1). */
export const needPrivilege = (href: string, privilege: string, message: string): DavError =>
  forbidden(dav('need-privileges'), message, {
    content: element(
      dav('resource'),
      textElement(dav('href'), href) +
        element(dav('privilege'), element(privilege.startsWith('{') ? privilege : dav(privilege))),
    ),
  })

export const statusLine = (status: number): string => `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`

/**
 * What goes inside DAV:error. Message and remedy lie inside the precondition element, so that a client that compares
 * the children of DAV:error finds the precondition alone.
 */
export const errorContent = (error: DavError): string => {
  const said =
    textElement(kaldav('message'), error.message) +
    (error.remedy === null ? '' : textElement(kaldav('remedy'), error.remedy))
  return error.condition === null ? said : element(error.condition, error.content + said)
}

export const errorDocument = (error: DavError): string => document(dav('error'), errorContent(error))

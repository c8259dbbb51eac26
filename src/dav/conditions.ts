import type { IncomingHttpHeaders } from 'node:http'
import { DavError } from './errors.ts'
import { ifHeaderHolds } from './if-header.ts'

/** What is there now: `etag` without quotes, `null` where nothing is; `lastModified` in epoch seconds where known. */
export interface Current {
  readonly etag: string | null
  readonly lastModified?: number | null
  /** ETags by URI of what an If header names; without it, that is taken to be the request URI. */
  readonly tagged?: ReadonlyMap<string, string | null>
}

interface EntityTag {
  readonly tag: string
  readonly weak: boolean
}

const TAGS = /(W\/)?"([^"]*)"|([^\s,"]+)/g

/** Entity tags of a list (RFC 9110 §8.8.3). A tag some clients send without its quotes is taken as it is. */
const entityTags = (value: string): readonly EntityTag[] =>
  [...value.matchAll(TAGS)].map(([, weak, quoted, bare]) => ({ tag: quoted ?? bare ?? '', weak: weak !== undefined }))

export const quote = (etag: string): string => `"${etag}"`

const matches = (value: string, etag: string | null, strong: boolean): boolean => {
  if (etag === null) return false
  if (value.trim() === '*') return true
  return entityTags(value).some(({ tag, weak }) => tag === etag && !(strong && weak))
}

/** Epoch seconds of an HTTP date; `null` where it is none, which makes the header void (RFC 9110 §13.1.3). */
const httpDate = (value: string | undefined): number | null => {
  const time = value === undefined ? Number.NaN : Date.parse(value)
  return Number.isNaN(time) ? null : Math.floor(time / 1000)
}

export const formatHttpDate = (seconds: number): string => new Date(seconds * 1000).toUTCString()

const failed = (header: string, etag: string | null): DavError =>
  new DavError(412, `${header} does not hold: ${etag === null ? 'nothing is stored here' : 'somebody changed it'}`, {
    remedy: 'Fetch the current version, apply the change to it and send it again with its ETag',
    headers: etag === null ? {} : { ETag: quote(etag) },
  })

/**
 * The conditions of a request in the order of RFC 9110 §13.2.2.
 * @returns whether the answer is 304 (only for GET and HEAD)
 * @throws DavError 412 with the current ETag
 */
export const checkConditions = (headers: IncomingHttpHeaders, current: Current, reading: boolean): boolean => {
  const { etag } = current
  const lastModified = current.lastModified ?? null
  const ifHeader = headers.if
  if (
    typeof ifHeader === 'string' &&
    !ifHeaderHolds(ifHeader, etag, uri => (current.tagged ? (current.tagged.get(uri) ?? null) : etag))
  ) {
    throw failed('If', etag)
  }
  const unmodifiedSince = httpDate(headers['if-unmodified-since'])
  const modifiedSince = httpDate(headers['if-modified-since'])
  const ifMatch = headers['if-match']
  const scheduleTag = headers['if-schedule-tag-match']
  // RFC 6638 §3.2.10: where nobody answers later, the schedule tag is the ETag.
  if (typeof scheduleTag === 'string' && !matches(scheduleTag, etag, true)) throw failed('If-Schedule-Tag-Match', etag)
  const ifNoneMatch = headers['if-none-match']
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, etag, true)) throw failed('If-Match', etag)
  } else if (unmodifiedSince !== null && lastModified !== null && lastModified > unmodifiedSince) {
    throw failed('If-Unmodified-Since', etag)
  }
  if (ifNoneMatch !== undefined) {
    if (!matches(ifNoneMatch, etag, false)) return false
    if (reading) return true
    throw failed('If-None-Match', etag)
  }
  return reading && modifiedSince !== null && lastModified !== null && lastModified <= modifiedSince
}

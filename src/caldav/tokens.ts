import { type DavError, forbidden } from '../dav/errors.ts'
import { dav } from '../dav/names.ts'

/**
 * A sync token is a URI (RFC 6578 §6.2): the store's epoch, the calendar, and how far its change log has been read.
 * Another store, or the same one restored from a backup, has another epoch: its tokens mean nothing here.
 */
export const formatToken = (epoch: string, calendar: number, token: number): string =>
  `urn:kaldav:sync:${epoch}:${calendar}:${token}`

/** The conflicts have no change log of their own: a tag to compare, not a sync token. */
export const conflictsToken = (epoch: string, mark: string): string => `urn:kaldav:conflicts:${epoch}:${mark}`

/** Of the inbox and the outbox, which never change: nothing is ever in them. */
export const EMPTY_TOKEN = 'urn:kaldav:empty'

const FORM = /^urn:kaldav:sync:([A-Za-z0-9-]+):(\d{1,15}):(\d{1,15})(-[a-z])?$/

/** The epoch of a sync token of ours. */
export const epochOf = (token: string): string => FORM.exec(token)?.[1] ?? ''

export const invalidToken = (): DavError =>
  forbidden(dav('valid-sync-token'), 'This sync token was not given by this calendar, or is too old', {
    remedy: 'Synchronise from the beginning: send an empty DAV:sync-token',
  })

/**
 * The change log position of a token of `calendar`. `mark`: of what the person sees of it now, at the end of its tokens.
 * @throws DavError 403 DAV:valid-sync-token
 */
export const parseToken = (text: string, epoch: string, calendar: number, mark: string): number => {
  const [, givenEpoch, givenCalendar, token, givenMark = ''] = FORM.exec(text) ?? []
  const isOurs = givenEpoch === epoch && Number(givenCalendar) === calendar && givenMark === mark
  if (token === undefined || !isOurs) throw invalidToken()
  return Number(token)
}

/**
 * A room that accepts a meeting replaces its title by the organizer's name, and drops text and privacy
 * (Set-CalendarProcessing: DeleteSubject, AddOrganizerToSubject, DeleteComments, RemovePrivateProperty). What a meeting
 * said before its answer is remembered, so that this is not taken for an edit.
 */
import { createHash } from 'node:crypto'
import type { GraphEvent } from './translate.ts'

/** What an item of the room is remembered by. */
export const copyKey = (id: string): string => createHash('sha256').update(id).digest('base64url').slice(0, 16)

type Said = Pick<GraphEvent, 'subject' | 'body' | 'sensitivity'>
export type Titles = Record<string, Said>

/** Whether the room has put the organizer's name where the title was. */
function isReplaced({ isOrganizer, organizer, subject }: GraphEvent, before: string | null | undefined): boolean {
  const name = organizer?.emailAddress?.name?.trim()
  if (isOrganizer !== false || !name) return false
  return subject?.trim() === name || (Boolean(before) && subject?.trim() === `${name} ${before?.trim()}`)
}

/** The item as its organizer wrote it, as far as we have seen that. @param titles what is remembered; changed here */
export function asWritten(item: GraphEvent, titles: Titles): GraphEvent {
  const key = copyKey(item.id)
  const said = titles[key]
  if (isReplaced(item, said?.subject)) return said ? { ...item, ...said } : item
  const isAnswered = item.isOrganizer !== false || /^accepted$/i.test(item.responseStatus?.response ?? '')
  if (isAnswered) delete titles[key]
  else titles[key] = { subject: item.subject ?? null, body: item.body ?? null, sensitivity: item.sensitivity ?? null }
  return item
}

import { writeCalendar } from '../schedule/ical.ts'
import { seenAs, type View } from '../schedule/privacy.ts'
import { viewWith } from '../store/access.ts'
import { accessAt, type Person } from './rights.ts'
import type { Served } from './sources.ts'

export const viewOf = (person: Person, segment: string): View => viewWith(person, accessAt(person, segment))

const MARKED = /^CLASS[^:]*:\s*(?:PRIVATE|CONFIDENTIAL)/im

/** An event as it may be seen. */
export const visibleAs = (view: View, served: Served): Served => {
  if (view === 'all' || (view === 'public' && !MARKED.test(served.details.body))) return served
  const event = seenAs(view, served.details.event())
  return { ...served, details: { ...served.details, body: writeCalendar([event]), event: () => event } }
}

const MARKS: Readonly<Record<View, string>> = { all: '', public: '-p', busy: '-b' }

/** What tells the tokens of one view from those of another: who sees more than before has to read anew. */
export const markOf = (view: View): string => MARKS[view]

/** Another text under the same address has another ETag (RFC 9110 §8.8.3); the same one for all who see alike. */
export const etagAs = (view: View, etag: string): string => etag + MARKS[view]

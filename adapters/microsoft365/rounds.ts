/** Delta rounds: from a link, page by page, to the next one. What has been read is kept between two pages. */
import { CursorExpired, Unavailable } from '../../src/errors.ts'
import type { Mailbox } from './mailbox.ts'
import type { Round } from './sorting.ts'
import type { GraphEvent } from './translate.ts'
import { instant, type Window } from './window.ts'

/** More pages than any calendar has: a chain of links that leads nowhere. */
const mostPages = 5000
const mostRestarts = 3

interface Page {
  readonly value?: readonly GraphEvent[]
  readonly '@odata.nextLink'?: string
  readonly '@odata.deltaLink'?: string
}

/** Keeps how far a round has come: the link of its next page. */
export type Keep = (link: string) => Promise<void>

/** Every page from `start` into `round`. @returns the next delta link @throws CursorExpired · Unavailable */
export async function follow(room: Mailbox, start: string, round: Round, keep: Keep): Promise<string> {
  const seen = new Set<string>()
  for (let path = start, told = 0, keptAt = 0; seen.size < mostPages; ) {
    seen.add(path)
    const page: Page = await room.request({ method: 'GET', path, prefer: ['odata.maxpagesize=200'] })
    if (!Array.isArray(page?.value)) throw new Unavailable(`${room.address}: the answer is no list of events`)
    for (const item of page.value as readonly GraphEvent[]) round.add(item)
    const link = page['@odata.deltaLink']
    if (link) return link
    const next = page['@odata.nextLink']
    // Whoever goes on from here again would come no further: the round has to begin anew.
    if (!next || seen.has(next)) throw new CursorExpired(`${room.address}: a page without a link to go on`)
    told += page.value.length
    // Writing down a long round after each of its pages would cost more than reading it.
    if (told - keptAt >= keptAt / 10) {
      await keep(next)
      keptAt = told
    }
    path = next
  }
  throw new Unavailable(`${room.address}: more than ${mostPages} pages`)
}

/**
 * A round that shows all there is in a window. A link of it may die under way: then it begins again, and what the half
 * one told is only a reason to look.
 * @param link where an earlier try has come to; `null`: the beginning
 */
export async function followWhole(
  room: Mailbox,
  { from, to }: Window,
  link: string | null,
  round: Round,
  keep: Keep,
): Promise<string> {
  const begin = `${room.path}/calendarView/delta?startDateTime=${instant(from)}&endDateTime=${instant(to)}`
  for (let restarts = 0, start = link ?? begin; ; restarts++, start = begin) {
    try {
      return await follow(room, start, round, keep)
    } catch (error) {
      if (!(error instanceof CursorExpired)) throw error
      if (restarts === mostRestarts) throw new Unavailable(error.message, { cause: error })
      round.doubt()
    }
  }
}

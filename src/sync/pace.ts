/**
 * How often a calendar is looked at. `pollSeconds` is the longest time between two looks; after a change, which seldom
 * comes alone, the next ones come sooner and then ever more slowly, and never more often than every `floor` seconds.
 */

/** Shorter only where `pollSeconds` itself is, seconds. */
const floor = 15

/** After a look that found something. */
export const quickPace = (pollSeconds: number): number => Math.min(pollSeconds, Math.max(floor, pollSeconds / 4))

/** After one that found nothing. @param last `null`: it was not looked at yet */
export const nextPace = (last: number | null, pollSeconds: number): number =>
  last === null ? pollSeconds : Math.min(pollSeconds, last * 2)

/** Up to a tenth longer, so that many calendars do not ask at the same second. */
export const spread = (seconds: number): number => Math.round(seconds * (1 + Math.random() / 10))

/** Feeds by profile: what can be asked for, and how it is written. */
import { DAY } from '../schedule/civil.ts'
import type { Window } from '../schedule/recurrence.ts'
import type { FeedContent } from './content.ts'
import { renderDevice } from './device.ts'
import { renderKaltura } from './kaltura.ts'
import { renderStandard } from './standard.ts'
import type { Reader } from './writing.ts'

export { type FeedContent, type KalturaIds, type KalturaIdsOf, loadContent } from './content.ts'
export type { Reader } from './writing.ts'

const writers = { standard: renderStandard, device: renderDevice, kaltura: renderKaltura } as const

export type Profile = keyof typeof writers

export const profiles = Object.keys(writers) as readonly Profile[]

export const isProfile = (name: string): name is Profile => Object.hasOwn(writers, name)

/** Whether a profile needs a window: it writes occurrences one by one. */
export const needsWindow = (profile: Profile): boolean => profile !== 'standard'

const HOUR = 3600
const DEFAULT_DAYS = 30

/** One day back to `days` ahead, moving in whole hours so that a feed stays the same in between. */
export const windowAt = (now: number, days = DEFAULT_DAYS): Window => {
  const hour = Math.floor(now / HOUR) * HOUR
  return { from: hour - DAY, to: hour + days * DAY }
}

/**
 * A feed as text. The same content gives the same bytes: no clock is read.
 * @throws TypeError for a profile that needs a window and content without one
 * @throws TooManyOccurrences
 */
export const renderFeed = (profile: Profile, content: FeedContent, reader: Reader): string =>
  writers[profile](content, reader)

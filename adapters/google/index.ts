/** Google Calendar as a source: one room calendar (or any other) in both directions. */
import { AccessDenied } from '../../src/errors.ts'
import { resolveZone } from '../../src/schedule/timezone.ts'
import type { Source } from '../../src/sync/source.ts'
import { GoogleClient, type GoogleCredentials } from './client.ts'
import { identity } from './identity.ts'
import { pull } from './pull.ts'
import { push, remove, type Writer } from './push.ts'
import { type Context, normalizeForGoogle } from './translate.ts'
import { Channels } from './watch.ts'

export { discoverGoogle, type FoundRoom } from './discover.ts'

export interface GoogleOptions extends GoogleCredentials {
  /** The calendar whose owner invites the rooms; `null`: events are written on the room's own calendar. */
  readonly organizer: string | null
  /** Tells this gateway from others that share a calendar: the account's partner id. */
  readonly tenant: string
}

/** Google's reason where a service account invites without domain-wide delegation. */
const noDelegation = 'forbiddenForServiceAccounts'

/** One client, and so one access token, for all calendars of a configured source. */
export function openGoogle(options: GoogleOptions): (calendarId: string) => Source {
  const client = new GoogleClient(options)
  return calendarId => openCalendar(client, options, calendarId)
}

function openCalendar(client: GoogleClient, options: GoogleOptions, calendarId: string): Source {
  const ids = identity(`${options.tenant}/${calendarId}`)
  const isRoom = calendarId.endsWith('@resource.calendar.google.com')
  const context = (zone: string): Context => ({ zone: resolveZone(zone) ?? 'UTC', isRoom, uidOf: id => ids.uid(id) })
  let zone: Promise<string> | null = null
  const readZone = async () => {
    const found = await client
      .call(calendarId, false, (api, call) => api.calendars.get({ calendarId }, call))
      .catch((error: unknown) => {
        if (!(error instanceof AccessDenied)) throw error
        // Events may be shared where the calendar's own settings are not; their list tells the zone as well.
        return client.call(calendarId, false, (api, call) => api.events.list({ calendarId, maxResults: 1 }, call))
      })
    return resolveZone(found.timeZone ?? 'UTC') ?? 'UTC'
  }
  const writer: Writer = {
    ...{ client, calendarId, organizer: options.organizer, identity: ids, context },
    zone: () => {
      zone ??= readZone().catch((error: unknown) => {
        zone = null
        throw error
      })
      return zone
    },
  }
  const channels = new Channels(writer)
  let cannotInvite: AccessDenied | null = null
  return {
    pull: cursor => pull(writer, cursor),
    push: async (event, at) => {
      if (cannotInvite) throw cannotInvite
      try {
        return await push(writer, event, at)
      } catch (error) {
        // A matter of configuration: no event after this one would fare better.
        if (error instanceof AccessDenied && error.message.includes(noDelegation)) cannotInvite = error
        throw error
      }
    },
    remove: at => remove(writer, at),
    normalize: normalizeForGoogle,
    accepts: event => event.master?.status !== 'CANCELLED',
    watch: hook => channels.watch(hook),
    close: () => channels.close(),
  }
}

/** Google Calendar as a source: one room calendar (or any other) in both directions. */
import { AccessDenied, CursorExpired } from '../../src/errors.ts'
import { resolveZone } from '../../src/schedule/timezone.ts'
import type { Source } from '../../src/sync/source.ts'
import { GoogleClient, type GoogleCredentials } from './client.ts'
import { identity } from './identity.ts'
import { normalizeForGoogle } from './normalize.ts'
import { confirm, pull } from './pull.ts'
import { push, remove, type Writer } from './push.ts'
import { proveAccess, quotaUser } from './series.ts'
import type { Context } from './translate.ts'
import { Channels } from './watch.ts'

export { loadModules } from './client.ts'
export { discoverGoogle, type FoundRoom } from './discover.ts'
export { examineGoogle } from './examine.ts'

export interface GoogleOptions extends GoogleCredentials {
  /** The calendar whose owner invites the rooms; `null`: events are written on the room's own calendar. */
  readonly organizer: string | null
  /** Tells this gateway from others that share a calendar: the account's partner id. */
  readonly tenant: string
}

/** Google's reason where a service account invites without domain-wide delegation. */
const noDelegation = 'forbiddenForServiceAccounts'

/**
 * One client, and so one access token, for all calendars of a configured source.
 * @returns opens a calendar; `zone` is the room's own clock, IANA: floating times are read on it
 */
export function openGoogle(options: GoogleOptions): (calendarId: string, zone: string) => Source {
  const client = new GoogleClient(options)
  return (calendarId, zone) => openCalendar(client, options, calendarId, zone)
}

const isRoomCalendar = (calendarId: string): boolean => calendarId.endsWith('@resource.calendar.google.com')

function openCalendar(client: GoogleClient, options: GoogleOptions, calendarId: string, roomZone: string): Source {
  const ids = identity(`${options.tenant}/${calendarId}`)
  const isRoom = isRoomCalendar(calendarId)
  const context = (zone: string): Context => ({
    ...{ zone: resolveZone(zone) ?? roomZone, isRoom, uidOf: item => ids.uid(item) },
  })
  const keeping = { zone: roomZone, isRoom }
  let zone: Promise<string> | null = null
  const readZone = async () => {
    const found = await client
      .call(calendarId, false, (api, call) => api.calendars.get({ calendarId, quotaUser: quotaUser(calendarId) }, call))
      .catch((error: unknown) => {
        if (!(error instanceof AccessDenied)) throw error
        // Events may be shared where the calendar's own settings are not; their list tells the zone as well.
        return proveAccess({ client }, calendarId)
      })
    return resolveZone(found.timeZone ?? roomZone) ?? roomZone
  }
  let isDoubted = false
  const writer: Writer = {
    ...{ client, calendarId, organizer: options.organizer, identity: ids, context, surprises: new Map() },
    normalize: event => normalizeForGoogle(event, keeping),
    doubt: () => {
      isDoubted = true
    },
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
    pull: async cursor => {
      if (isDoubted && cursor !== null) {
        throw new CursorExpired(`Google Calendar ${calendarId}: what it tells of changes is not all there is`)
      }
      isDoubted = false
      return pull(writer, cursor)
    },
    confirm: refs => confirm(writer, refs),
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
    normalize: event => writer.normalize(event),
    accepts: event => event.master?.status !== 'CANCELLED',
    watch: (hook, previous) => channels.watch(hook, previous),
    close: () => channels.close(),
  }
}

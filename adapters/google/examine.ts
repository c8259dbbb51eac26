/** What may be wrong with a configured Google source, asked before anything is synchronised. Writes nothing. */
import { KaldavError } from '../../src/errors.ts'
import { GoogleClient, type GoogleCredentials } from './client.ts'
import { discoverGoogle, type FoundRoom } from './discover.ts'
import { proveAccess, quotaUser } from './series.ts'

export interface Finding {
  readonly ok: boolean
  readonly message: string
  readonly remedy: string | null
}

export interface Examined extends GoogleCredentials {
  readonly organizer: string | null
  readonly calendars: readonly { readonly calendarId: string; readonly isWritten: boolean }[]
}

const good = (message: string, remedy: string | null = null): Finding => ({ ok: true, message, remedy })
const bad = (message: string, remedy: string | null): Finding => ({ ok: false, message, remedy })
const failed = (error: unknown): Finding => {
  if (!(error instanceof KaldavError)) throw error
  return bad(error.message, error.remedy)
}

/** One finding for the credentials, one for each calendar, one for the rooms of the Directory. */
export async function examineGoogle(options: Examined): Promise<Finding[]> {
  const client = new GoogleClient(options)
  try {
    await client.authorize()
  } catch (error) {
    return [failed(error)]
  }
  const { organizer, calendars } = options
  const findings = [good(`Google gives access${options.subject ? ` for ${options.subject}` : ''}`)]
  if (organizer !== null) findings.push(await examine(client, organizer, true))
  for (const { calendarId, isWritten } of calendars) {
    const isInvited = organizer !== null && isWritten
    findings.push(await examine(client, calendarId, isWritten && organizer === null))
    if (isInvited) findings.push(...(await answers(client, calendarId)))
  }
  return [...findings, ...(await rooms(options))]
}

/** What each accessRole of a list of events allows (API v3, Events). */
const canWrite = new Set(['writer', 'owner'])
const canRead = new Set([...canWrite, 'reader'])

async function examine(client: GoogleClient, calendarId: string, isWritten: boolean): Promise<Finding> {
  try {
    const { accessRole, timeZone } = await proveAccess({ client }, calendarId)
    const role = accessRole ?? 'none'
    const name = `Google Calendar ${calendarId}`
    if (!canRead.has(role)) {
      return bad(`${name} shows only when it is taken (${role}).`, 'Share it with "See all event details" at least.')
    }
    if (isWritten && !canWrite.has(role)) {
      const remedy = 'Share it with "Make changes to events", or set direction: in.'
      return bad(`${name} can be read, but not written (${role}).`, remedy)
    }
    return good(`${name} can be read${isWritten ? ' and written' : ''} (${role}, ${timeZone ?? 'zone unknown'})`)
  } catch (error) {
    return failed(error)
  }
}

/** An invitation to a room that answers none stays open. Calendars whose settings are not shared are not asked. */
async function answers(client: GoogleClient, calendarId: string): Promise<Finding[]> {
  const settings = client.call(calendarId, false, (api, options) =>
    api.calendars.get({ calendarId, quotaUser: quotaUser(calendarId) }, options),
  )
  const found = await settings.catch(() => null)
  if (found?.autoAcceptInvitations !== false) return []
  const remedy = 'Set "Auto-accept invitations" in the settings of the room, or have somebody answer for it.'
  return [bad(`The room ${calendarId} does not answer invitations by itself.`, remedy)]
}

/** The Directory takes a right of its own, which synchronisation does not need: without it nothing is wrong. */
async function rooms(options: Examined): Promise<Finding[]> {
  if (!options.subject) return [good('the Directory is not asked for rooms: that takes "subject", an administrator')]
  const found = await discoverGoogle(options).catch((error: unknown) => {
    if (!(error instanceof KaldavError)) throw error
    return error
  })
  if (found instanceof KaldavError)
    return [good(`the Directory cannot be asked for rooms: ${found.message}`, found.remedy)]
  const configured = new Set(options.calendars.map(({ calendarId }) => calendarId.toLowerCase()))
  const known = new Set(found.map(({ calendarId }) => calendarId.toLowerCase()))
  const open = found.filter(({ calendarId }) => !configured.has(calendarId.toLowerCase()))
  const lost = [...configured].filter(id => id.endsWith('@resource.calendar.google.com') && !known.has(id))
  return [
    good(`${found.length} rooms in the Directory, ${found.length - open.length} of them configured${some(open)}`),
    ...lost.map(id => bad(`The Directory has no conference room ${id}.`, 'Correct its calendarId, or leave it out.')),
  ]
}

const some = (open: readonly FoundRoom[]): string => {
  const names = open.slice(0, 5).map(({ name }) => name)
  return names.length === 0 ? '' : `; not configured: ${names.join(', ')}${open.length > names.length ? ', …' : ''}`
}

/** The rooms of a Google Workspace, by its Directory. Names can be read there; whether a room may be written cannot. */
import { AccessDenied } from '../../src/errors.ts'
import { directoryScopes, GoogleClient, type GoogleCredentials } from './client.ts'

export interface FoundRoom {
  /** What `calendarId` of the configuration takes. */
  readonly calendarId: string
  readonly name: string
  readonly capacity: number | null
  /** Building and floor, as far as they are known. */
  readonly place: string | null
}

const remedy =
  'Set "subject" to an administrator who may see rooms, and delegate the scope admin.directory.resource.calendar.readonly.'
const pageSize = 500
const calendarRoot = 'https://www.googleapis.com'
const directoryRoot = 'https://admin.googleapis.com'

/**
 * Every conference room; equipment and the like is left out. A room renamed or gone there changes nothing here.
 * @throws AccessDenied the subject is no administrator with the right to see rooms, or the scope is not delegated
 * @throws Unavailable
 */
export async function discoverGoogle(credentials: GoogleCredentials): Promise<FoundRoom[]> {
  const isGoogle = credentials.apiUrl.replace(/\/$/, '') === calendarRoot
  const client = new GoogleClient(
    { ...credentials, apiUrl: isGoogle ? directoryRoot : credentials.apiUrl },
    directoryScopes,
  )
  const { admin } = await import('googleapis/build/src/apis/admin/index.js')
  const directory = admin({ version: 'directory_v1' })
  const rooms: FoundRoom[] = []
  let pageToken: string | undefined
  do {
    const how = { customer: 'my_customer', maxResults: pageSize, ...(pageToken ? { pageToken } : {}) }
    const list = client.call('Directory', false, (_, options) => directory.resources.calendars.list(how, options))
    const page = await list.catch((error: unknown) => {
      if (!(error instanceof AccessDenied) || /invalid_grant/.test(error.message)) throw error
      throw new AccessDenied(error.message, { remedy, cause: error })
    })
    for (const item of page.items ?? []) {
      if (!item.resourceEmail || item.resourceCategory === 'OTHER') continue
      rooms.push({
        calendarId: item.resourceEmail,
        name: item.resourceName ?? item.generatedResourceName ?? item.resourceEmail,
        capacity: item.capacity ?? null,
        place: [item.buildingId, item.floorName].filter(Boolean).join(', ') || null,
      })
    }
    pageToken = page.nextPageToken ?? undefined
  } while (pageToken)
  return rooms
}

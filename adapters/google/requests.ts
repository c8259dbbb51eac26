/** The requests that change something: none of them is ever to reach a mailbox. */
import { GoogleError, meaningOf } from './errors.ts'
import { type Calendar, quotaUser } from './series.ts'
import type { GoogleEvent } from './translate.ts'

const quiet = { sendUpdates: 'none' } as const

/** @returns `null` where the id is taken (409) */
export async function insert({ client, calendarId }: Calendar, requestBody: GoogleEvent): Promise<GoogleEvent | null> {
  try {
    return await client.call(
      calendarId,
      true,
      (api, options) =>
        api.events.insert({ calendarId, requestBody, ...quiet, quotaUser: quotaUser(calendarId) }, options),
      { raw: true },
    )
  } catch (error) {
    if (!(error instanceof GoogleError)) throw error
    const { status } = error.failure
    if (status === 409) return null
    // There is no copy that somebody could have changed: what is not found is the calendar.
    throw meaningOf(error, calendarId, status !== 404)
  }
}

export const patch = (
  { client, calendarId }: Calendar,
  eventId: string,
  requestBody: GoogleEvent,
  ifMatch: string | null | undefined,
): Promise<GoogleEvent> =>
  client.call(
    calendarId,
    true,
    (api, options) =>
      api.events.patch({ calendarId, eventId, requestBody, ...quiet, quotaUser: quotaUser(calendarId) }, options),
    { ifMatch: ifMatch ?? undefined },
  )

/** @returns the status of a refusal, `null` where it is done @throws what any other failure means */
export async function erase(
  { client, calendarId }: Calendar,
  eventId: string,
  ifMatch: string | undefined,
): Promise<404 | 410 | 412 | null> {
  try {
    await client.call(
      calendarId,
      true,
      (api, options) => api.events.delete({ calendarId, eventId, ...quiet, quotaUser: quotaUser(calendarId) }, options),
      { raw: true, ifMatch },
    )
    return null
  } catch (error) {
    if (!(error instanceof GoogleError)) throw error
    const { status } = error.failure
    if (status === 404 || status === 410 || status === 412) return status
    throw meaningOf(error, calendarId, true)
  }
}

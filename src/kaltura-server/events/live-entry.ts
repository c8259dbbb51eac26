import type { Call } from '../call.ts'
import { type Event, isLive, textOf } from './event.ts'

const LIVE_SCHEDULE = 'live.live_schedule'
const SIMULIVE = 'live.simulive'

/** A scheduled live event lets its template entry know that it is scheduled, and simulive when it plays a recording. */
export async function addLiveCapabilities(call: Call, event: Event): Promise<void> {
  const entryId = isLive(event) ? textOf(event.own, 'templateEntryId') : null
  if (!entryId) return
  const rows = await call.database.query<{ own: string }>(
    `SELECT own FROM kaltura_entry WHERE id = $1 AND partner_id = $2 AND type = '7'`,
    [entryId, call.account.partner.id],
  )
  const row = rows[0]
  if (!row) return
  const own = JSON.parse(row.own) as { capabilities?: string }
  const held = new Set((own.capabilities ?? '').split(',').filter(name => name !== ''))
  held.add(LIVE_SCHEDULE)
  if (textOf(event.own, 'sourceEntryId')) held.add(SIMULIVE)
  const capabilities = [...held].join(',')
  if (capabilities === own.capabilities) return
  await call.database.query(`UPDATE kaltura_entry SET own = $1 WHERE id = $2`, [
    JSON.stringify({ ...own, capabilities }),
    entryId,
  ])
}

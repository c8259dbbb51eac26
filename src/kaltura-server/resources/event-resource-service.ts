import type { Row } from '../../store/database.ts'
import { apiError } from '../api-error.ts'
import type { Call, Service } from '../call.ts'
import { hasBlackoutConflict } from '../events/blackout.ts'
import { findEvent } from '../events/event.ts'
import { touchEvent } from '../events/save.ts'
import { type Page, pageOf } from '../events/search.ts'
import { typeNamed } from '../schema/registry.ts'
import { bool, int, object } from '../schema/schema.ts'
import { holderOf } from '../session/session.ts'
import { orderBy, TIMES } from '../storage/order.ts'
import { Conditions, takeIds } from '../storage/rows.ts'
import { boolIn, type Input, isSent, numberIn, objectIn, required, textIn } from '../wire/input.ts'
import { type Output, project } from '../wire/output.ts'
import { findResource } from './resource.ts'
import { addEquals, addTimes } from './search.ts'

interface LinkRow extends Row {
  readonly id: number
  readonly event_id: number
  readonly resource_id: number
  readonly partner_id: number
  readonly created_at: number
  readonly updated_at: number
}

const EVENT_ID = { field: int('scheduleEventId') }
const RESOURCE_ID = { field: int('scheduleResourceId') }
const LINK = { field: object('scheduleEventResource', 'KalturaScheduleEventResource') }
const READ = ['SCHEDULE_RESOURCE_BASE', 'SCHEDULE_EVENT_BASE']
const WRITE = ['SCHEDULE_RESOURCE_MANAGE', 'SCHEDULE_EVENT_MANAGE']

const present = (row: LinkRow): Output => ({
  eventId: row.event_id,
  resourceId: row.resource_id,
  partnerId: row.partner_id,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  objectType: 'KalturaScheduleEventResource',
})

async function find(call: Call, eventId: number, resourceId: number): Promise<LinkRow | null> {
  const [row] = await call.database.query<LinkRow>(
    `SELECT * FROM kaltura_event_resource WHERE event_id = $1 AND resource_id = $2 AND partner_id = $3`,
    [eventId, resourceId, call.account.partner.id],
  )
  return row ?? null
}

async function add(call: Call, link: Input): Promise<LinkRow> {
  const eventId = numberIn(link, 'eventId') ?? 0
  const resourceId = numberIn(link, 'resourceId') ?? 0
  if (call.account.reservations.heldByOther(String(resourceId), holderOf(call.session), call.now))
    throw apiError('RESOURCE_IS_RESERVED', resourceId)
  if (await find(call, eventId, resourceId))
    throw apiError('SCHEDULE_EVENT_RESOURCE_ALREADY_EXISTS', eventId, resourceId)
  if (!(await findEvent(call, eventId))) throw apiError('SCHEDULE_EVENT_ID_NOT_FOUND', eventId)
  const resource = resourceId === 0 ? null : await findResource(call, resourceId)
  if (!resource && resourceId !== 0) throw apiError('SCHEDULE_RESOURCE_ID_NOT_FOUND', resourceId)
  for (const [name, field] of link.type.fields)
    if (field.readOnly && isSent(link, name))
      throw apiError('PROPERTY_VALIDATION_NOT_UPDATABLE', `${link.type.name}::${name}`)
  const id = await takeIds(call.database, 'event_resource')
  const [row] = await call.database.query<LinkRow>(
    `INSERT INTO kaltura_event_resource (event_id, resource_id, partner_id, id, ancestors, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING *`,
    [eventId, resourceId, call.account.partner.id, id, (resource?.own.ancestors ?? []).join(','), call.now],
  )
  await touchEvent(call, eventId)
  return required(row ?? null, 'link')
}

async function existing(call: Call, args: Input): Promise<LinkRow> {
  const eventId = numberIn(args, 'scheduleEventId') ?? 0
  const resourceId = numberIn(args, 'scheduleResourceId') ?? 0
  const row = await find(call, eventId, resourceId)
  if (!row) throw apiError('INVALID_OBJECT_ID', `${eventId},${resourceId}`)
  return row
}

/** Both ids are fixed once the link is made: only the same values pass. */
function checkFixed(link: Input, row: LinkRow): void {
  const stored: Readonly<Record<string, number>> = {
    eventId: row.event_id,
    resourceId: row.resource_id,
    partnerId: row.partner_id,
  }
  for (const name of link.type.fields.keys())
    if (isSent(link, name) && link.values.get(name) !== stored[name])
      throw apiError('PROPERTY_VALIDATION_NOT_UPDATABLE', `${link.type.name}::${name}`)
}

/** Own links of the event, or else those of its series; nothing is filtered for an event that is not there. */
async function addFamily(call: Call, where: Conditions, eventId: number | null): Promise<void> {
  if (eventId === null) return
  const own = await call.database.query(`SELECT id FROM kaltura_event_resource WHERE event_id = $1 LIMIT 1`, [eventId])
  const event = own.length > 0 ? null : await findEvent(call, eventId)
  if (own.length > 0) where.add('event_id = ?', eventId)
  else if (event) where.add('event_id = ?', event.parentId ?? event.id)
}

async function list(call: Call, filter: Input, page: Page, withoutBlackouts: boolean): Promise<Output> {
  const where = new Conditions().add('partner_id = ?', call.account.partner.id)
  addEquals(where, filter, [
    { field: 'eventId', column: 'event_id', numeric: true },
    { field: 'resourceId', column: 'resource_id', numeric: true },
  ])
  await addFamily(call, where, numberIn(filter, 'eventIdOrItsParentIdEqual'))
  addTimes(where, filter)
  const counted = await call.database.query<{ total: number }>(
    `SELECT count(*) AS total FROM kaltura_event_resource WHERE ${where.sql}`,
    where.values,
  )
  const rows = await call.database.query<LinkRow>(
    `SELECT * FROM kaltura_event_resource WHERE ${where.sql} ORDER BY ${orderBy(textIn(filter, 'orderBy'), TIMES, 'id')}
     LIMIT ${page.size} OFFSET ${page.offset}`,
    where.values,
  )
  const blocked = withoutBlackouts
    ? await hasBlackoutConflict(
        call.database,
        rows.map(row => row.event_id),
      )
    : new Set<number>()
  return {
    objectType: 'KalturaScheduleEventResourceListResponse',
    totalCount: Number(counted[0]?.total ?? 0),
    objects: rows.filter(row => !blocked.has(row.event_id)).map(row => project(present(row), call.profile)),
  }
}

/** schedule_scheduleeventresource */
export const eventResourceService: Service = {
  add: {
    parameters: [LINK],
    permissions: WRITE,
    writes: true,
    run: async (call, args) =>
      project(present(await add(call, required(objectIn(args, 'scheduleEventResource'), 'link'))), call.profile),
  },
  get: {
    parameters: [EVENT_ID, RESOURCE_ID],
    permissions: READ,
    run: async (call, args) => project(present(await existing(call, args)), call.profile),
  },
  update: {
    parameters: [EVENT_ID, RESOURCE_ID, LINK],
    permissions: WRITE,
    writes: true,
    run: async (call, args) => {
      const row = await existing(call, args)
      checkFixed(required(objectIn(args, 'scheduleEventResource'), 'link'), row)
      return project(present(row), call.profile)
    },
  },
  delete: {
    parameters: [EVENT_ID, RESOURCE_ID],
    permissions: ['SCHEDULE_RESOURCE_DELETE', 'SCHEDULE_EVENT_DELETE'],
    writes: true,
    run: async (call, args) => {
      const row = await existing(call, args)
      await call.database.query(`DELETE FROM kaltura_event_resource WHERE event_id = $1 AND resource_id = $2`, [
        row.event_id,
        row.resource_id,
      ])
      await touchEvent(call, row.event_id)
      return null
    },
  },
  list: {
    parameters: [
      { field: object('filter', 'KalturaScheduleEventResourceFilter'), optional: true },
      { field: object('pager', 'KalturaFilterPager'), optional: true },
      { field: bool('filterBlackoutConflicts'), fallback: true },
    ],
    permissions: READ,
    run: (call, args) =>
      list(
        call,
        objectIn(args, 'filter') ?? { type: typeNamed('KalturaScheduleEventResourceFilter'), values: new Map() },
        pageOf(objectIn(args, 'pager')),
        boolIn(args, 'filterBlackoutConflicts') ?? true,
      ),
  },
}

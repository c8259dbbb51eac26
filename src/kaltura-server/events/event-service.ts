import type { Call, Service } from '../call.ts'
import { typeNamed } from '../schema/registry.ts'
import { enumOf, int, object, string } from '../schema/schema.ts'
import { type Input, numberIn, objectIn, required } from '../wire/input.ts'
import type { Output } from '../wire/output.ts'
import { findConflicts } from './conflicts.ts'
import type { Event } from './event.ts'
import { updateLiveFeature } from './live-feature.ts'
import { presentEvents } from './present.ts'
import { pageOf, searchEvents } from './search.ts'
import { addEvent, cancelEvent, deleteEvent, existing, updateEvent } from './write.ts'

const DEVICE = 'CAPTURE_DEVICE_PERMISSION'
const MANAGE = 'SCHEDULE_EVENT_MANAGE'
const ID = { field: int('scheduleEventId') }
const EVENT = { field: object('scheduleEvent', 'KalturaScheduleEvent') }

async function answer(call: Call, event: Event): Promise<Output | null> {
  const [output] = await presentEvents(call.database, [event], call.profile)
  return output ?? null
}

const idIn = (args: Input): number => required(numberIn(args, 'scheduleEventId'), 'scheduleEventId')
const eventIn = (args: Input): Input => required(objectIn(args, 'scheduleEvent'), 'scheduleEvent')
const noFilter = (): Input => ({ type: typeNamed('KalturaScheduleEventFilter'), values: new Map() })

/** schedule_scheduleevent */
export const eventService: Service = {
  add: {
    parameters: [EVENT],
    permissions: [MANAGE, DEVICE],
    writes: true,
    run: async (call, args) => answer(call, await addEvent(call, eventIn(args))),
  },
  get: {
    parameters: [ID],
    permissions: ['SCHEDULE_EVENT_BASE'],
    run: async (call, args) => answer(call, await existing(call, idIn(args))),
  },
  update: {
    parameters: [ID, EVENT],
    permissions: [MANAGE, DEVICE],
    writes: true,
    run: async (call, args) => answer(call, await updateEvent(call, idIn(args), eventIn(args))),
  },
  delete: {
    parameters: [ID],
    permissions: ['SCHEDULE_EVENT_DELETE'],
    writes: true,
    run: async (call, args) => answer(call, await deleteEvent(call, idIn(args))),
  },
  cancel: {
    parameters: [ID],
    permissions: [MANAGE],
    writes: true,
    run: async (call, args) => answer(call, await cancelEvent(call, idIn(args))),
  },
  list: {
    parameters: [
      { field: object('filter', 'KalturaScheduleEventFilter'), optional: true },
      { field: object('pager', 'KalturaFilterPager'), optional: true },
    ],
    permissions: ['SCHEDULE_EVENT_BASE', DEVICE],
    run: async (call, args) => {
      const found = await searchEvents(call, objectIn(args, 'filter') ?? noFilter(), pageOf(objectIn(args, 'pager')))
      return {
        objectType: 'KalturaScheduleEventListResponse',
        totalCount: found.total,
        objects: await presentEvents(call.database, found.events, call.profile),
      }
    },
  },
  getconflicts: {
    parameters: [
      { field: string('resourceIds') },
      EVENT,
      { field: string('scheduleEventIdToIgnore'), optional: true },
      { field: enumOf('scheduleEventConflictType', 'conflictType'), fallback: 1 },
    ],
    permissions: ['SCHEDULE_EVENT_BASE'],
    run: async (call, args) => {
      const events = await findConflicts(call, args)
      return {
        objectType: 'KalturaScheduleEventListResponse',
        totalCount: events.length,
        objects: await presentEvents(call.database, events, call.profile),
      }
    },
  },
  updatelivefeature: {
    parameters: [
      { field: int('scheduledEventId') },
      { field: string('featureName') },
      { field: object('liveFeature', 'KalturaLiveFeature') },
    ],
    permissions: [MANAGE, 'SCHEDULE_EVENT_FEATURE_MANAGE'],
    writes: true,
    run: async (call, args) => answer(call, await updateLiveFeature(call, args)),
  },
}

import type { Service } from '../call.ts'
import { pageOf } from '../events/search.ts'
import { typeNamed } from '../schema/registry.ts'
import { int, object } from '../schema/schema.ts'
import { type Input, numberIn, objectIn, required } from '../wire/input.ts'
import { project } from '../wire/output.ts'
import { presentResource } from './resource.ts'
import { searchResources } from './search.ts'
import { addResource, deleteResource, existingResource, updateResource } from './write.ts'

const DEVICE = 'CAPTURE_DEVICE_PERMISSION'
const ID = { field: int('scheduleResourceId') }
const RESOURCE = { field: object('scheduleResource', 'KalturaScheduleResource') }

const idIn = (args: Input): number => required(numberIn(args, 'scheduleResourceId'), 'scheduleResourceId')
const resourceIn = (args: Input): Input => required(objectIn(args, 'scheduleResource'), 'scheduleResource')
const noFilter = (): Input => ({ type: typeNamed('KalturaScheduleResourceFilter'), values: new Map() })

/** schedule_scheduleresource */
export const resourceService: Service = {
  add: {
    parameters: [RESOURCE],
    permissions: ['SCHEDULE_RESOURCE_MANAGE', DEVICE],
    writes: true,
    run: async (call, args) => project(presentResource(await addResource(call, resourceIn(args))), call.profile),
  },
  get: {
    parameters: [ID],
    permissions: ['SCHEDULE_RESOURCE_BASE', DEVICE],
    run: async (call, args) => project(presentResource(await existingResource(call, idIn(args))), call.profile),
  },
  update: {
    parameters: [ID, RESOURCE],
    permissions: ['SCHEDULE_RESOURCE_MANAGE', DEVICE],
    writes: true,
    run: async (call, args) =>
      project(presentResource(await updateResource(call, idIn(args), resourceIn(args))), call.profile),
  },
  delete: {
    parameters: [ID],
    permissions: ['SCHEDULE_RESOURCE_DELETE'],
    writes: true,
    run: async (call, args) => project(presentResource(await deleteResource(call, idIn(args))), call.profile),
  },
  list: {
    parameters: [
      { field: object('filter', 'KalturaScheduleResourceFilter'), optional: true },
      { field: object('pager', 'KalturaFilterPager'), optional: true },
    ],
    permissions: ['SCHEDULE_RESOURCE_BASE', DEVICE],
    run: async (call, args) => {
      const found = await searchResources(call, objectIn(args, 'filter') ?? noFilter(), pageOf(objectIn(args, 'pager')))
      return {
        objectType: 'KalturaScheduleResourceListResponse',
        totalCount: found.total,
        objects: found.resources.map(resource => project(presentResource(resource), call.profile)),
      }
    },
  },
}

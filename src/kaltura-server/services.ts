import { addEventsFromFile, addResourcesFromFile, bulkService, scheduleBulkService } from './bulk/bulk-service.ts'
import type { Account, Service } from './call.ts'
import { eventService } from './events/event-service.ts'
import { faultService } from './fault-service.ts'
import { FAULT_SERVICE } from './faults.ts'
import { baseEntryService, liveStreamService, mediaService } from './media/entry-services.ts'
import { uploadTokenService } from './media/upload-token-service.ts'
import { eventResourceService } from './resources/event-resource-service.ts'
import { resourceService } from './resources/resource-service.ts'
import { appTokenService } from './session/app-token-service.ts'
import { roleService } from './session/role-service.ts'
import { sessionService } from './session/session-service.ts'
import { systemService } from './session/system-service.ts'

/** By the id on the wire, in lower case. */
const SERVICES: Readonly<Record<string, Service>> = {
  session: sessionService,
  system: systemService,
  userrole: roleService,
  apptoken: appTokenService,
  media: mediaService,
  baseentry: baseEntryService,
  livestream: liveStreamService,
  uploadtoken: uploadTokenService,
  bulkupload_bulk: bulkService,
  bulkupload: bulkService,
  schedulebulkupload_schedulebulk: scheduleBulkService,
  schedule_scheduleevent: { ...eventService, addfrombulkupload: addEventsFromFile },
  schedule_scheduleresource: { ...resourceService, addfrombulkupload: addResourcesFromFile },
  schedule_scheduleeventresource: eventResourceService,
}

/** The service of this id; faults only where they are allowed. */
export function serviceNamed(account: Account, id: string): Service | null {
  if (id === FAULT_SERVICE && account.faults) return faultService(account.faults)
  return Object.hasOwn(SERVICES, id) ? (SERVICES[id] ?? null) : null
}

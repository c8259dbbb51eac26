import type { Service } from './call.ts'
import { eventService } from './events/event-service.ts'
import { eventResourceService } from './resources/event-resource-service.ts'
import { resourceService } from './resources/resource-service.ts'
import { appTokenService } from './session/app-token-service.ts'
import { sessionService } from './session/session-service.ts'

/** By the id on the wire, in lower case; `name` is how messages write it. */
export const SERVICES: Readonly<Record<string, Service>> = {
  session: sessionService,
  apptoken: appTokenService,
  schedule_scheduleevent: eventService,
  schedule_scheduleresource: resourceService,
  schedule_scheduleeventresource: eventResourceService,
}

import { apiError } from '../api-error.ts'
import type { Call } from '../call.ts'
import { type Input, numberIn, objectIn, textIn } from '../wire/input.ts'
import { plainFields } from './draft.ts'
import { type Event, findEvent, isLive, type Json } from './event.ts'
import { saveEvents } from './save.ts'

type Feature = { readonly [field: string]: Json }

/** Changes one live feature of a live event, found by its name; what is not sent stays. */
export async function updateLiveFeature(call: Call, args: Input): Promise<Event> {
  const id = numberIn(args, 'scheduledEventId') ?? 0
  const name = textIn(args, 'featureName') ?? ''
  const sent = objectIn(args, 'liveFeature')
  const event = await findEvent(call, id)
  if (!event) throw apiError('INVALID_OBJECT_ID', id)
  if (!isLive(event)) throw apiError('INVALID_SCHEDULE_EVENT_TYPE', id)
  const features = (event.own.liveFeatures ?? []) as readonly Feature[]
  const at = features.findIndex(feature => feature.systemName === name)
  const before = features[at]
  if (!before || !sent) throw apiError('FEATURE_NAME_NOT_FOUND', name)
  const after = { ...before, ...plainFields(sent) }
  if (features.some((feature, index) => index !== at && feature.systemName === after.systemName))
    throw apiError('DUPLICATE_LIVE_FEATURE', String(after.systemName))
  const changed = { ...event, updatedAt: call.now, own: { ...event.own, liveFeatures: features.with(at, after) } }
  await saveEvents(call, [changed])
  return changed
}

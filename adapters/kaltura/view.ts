/** An event of ours as Kaltura would keep it: the `normalize` of this source. Idempotent. */
import type { Component, KalturaIdentity, ScheduleEvent } from '../../src/schedule/event.ts'
import { mainComponent } from '../../src/schedule/event.ts'
import { type Actual, composeSeries, composeSingle } from './compose.ts'
import { patternOf, placedOf, recurs, type Slots, slotsOf } from './expand.ts'
import type { Pattern } from './note.ts'
import { type Content, contentOf, objectTypeOf, type Surroundings } from './translate.ts'

export interface Context extends Surroundings {
  /** The clock of dates and floating times on these resources. */
  zoneOf(resourceIds: readonly number[]): string
  /** Epoch seconds. */
  now(): number
}

/** An event taken apart for Kaltura: what it says in general, when, and each occurrence that takes place. */
export interface Viewed {
  readonly uid: string
  readonly zone: string
  readonly resourceIds: readonly number[]
  readonly cancelled: boolean
  readonly content: Content
  readonly identity: KalturaIdentity
  /** `null` where only some occurrences of a series are known. */
  readonly pattern: Pattern | null
  /** `null`: it takes place once. */
  readonly slots: Slots | null
  readonly actuals: ReadonlyMap<number, Actual>
}

/** Resource 0 stands for none in Kaltura and for the whole account here; it is never booked. */
export const bookable = (resourceIds: readonly number[]): number[] =>
  [...new Set(resourceIds)].filter(id => id > 0).sort((a, b) => a - b)

const identityIn = ({ kaltura: { id, partnerId, parentId } }: Component): KalturaIdentity => ({
  ...(id !== undefined && { id }),
  ...(partnerId !== undefined && { partnerId }),
  ...(parentId !== undefined && { parentId }),
})

export function viewOf(event: ScheduleEvent, context: Context): Viewed {
  const resourceIds = bookable(event.resourceIds)
  const zone = context.zoneOf(resourceIds)
  const main = mainComponent(event)
  const pattern = event.master && patternOf(event.master, zone)
  // What was made in Kaltura has the template that it was given there, or none.
  const templateEntryId = main.kaltura.id === undefined ? context.templateEntryOf(resourceIds, objectTypeOf(main)) : ''
  const content = (component: Component) => contentOf(component, templateEntryId)
  const common = { uid: event.uid, zone, resourceIds, content: content(main), pattern, identity: identityIn(main) }
  const cancelled = event.master?.status === 'CANCELLED'
  const excepted = event.overrides.length > 0 || (event.master?.exdates.length ?? 0) > 0
  const once = pattern !== null && !recurs(pattern) && !excepted
  if (once) return { ...common, cancelled, slots: null, actuals: new Map() }
  const slots = pattern ? slotsOf(pattern, zone, context.now()) : { slots: [], window: null }
  const actuals = new Map<number, Actual>()
  if (!cancelled) {
    const contents = new Map([[main, common.content]])
    for (const { component, ...placed } of placedOf(event, slots, zone).values()) {
      const said = contents.get(component) ?? content(component)
      contents.set(component, said)
      actuals.set(placed.key, { ...placed, content: said, identity: identityIn(component) })
    }
  }
  return { ...common, cancelled, slots, actuals }
}

export function normalize(event: ScheduleEvent, context: Context): ScheduleEvent {
  const viewed = viewOf(event, context)
  const { cancelled, slots, actuals, pattern } = viewed
  const parts = { ...viewed, identity: { ...viewed.identity, ...(cancelled && { status: 1 as const }) } }
  if (slots === null && pattern) return composeSingle({ ...parts, pattern }, context)
  return composeSeries(parts, slots?.slots ?? [], actuals, context)
}

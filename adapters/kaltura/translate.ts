/**
 * What an event says, apart from when: Component ⇄ the fields of a KalturaScheduleEvent. `Content` is the middle: what
 * Kaltura keeps of a component, with '' and 0 for "nothing said", so that two of them are equal exactly when Kaltura
 * cannot tell them apart.
 */
import type { CalTime, Component, JCalProperty, KalturaIdentity, KalturaProperties } from '../../src/schedule/event.ts'
import { readComment } from './note.ts'
import type { EventRow } from './rows.ts'
import { cutBytes, storable } from './text.ts'

export interface Content {
  /** The class: KalturaRecordScheduleEvent … */
  readonly objectType: string
  readonly summary: string
  readonly description: string
  readonly location: string
  readonly contact: string
  readonly comment: string
  readonly tags: string
  readonly templateEntryId: string
  readonly entryIds: string
  readonly categoryIds: string
  /** 1 public, 2 private, 3 confidential. */
  readonly classificationType: number
  readonly priority: number
  readonly geoLatitude: number
  readonly geoLongitude: number
}

/** KalturaScheduleEventType 1, 2 and 3 as classes. */
const classes = {
  1: 'KalturaRecordScheduleEvent',
  2: 'KalturaLiveStreamScheduleEvent',
  3: 'KalturaBlackoutScheduleEvent',
} as const
export const LIVE = classes[2]
export const BLACKOUT = classes[3]
/** Carries the class of an event that X-KALTURA-TYPE has no number for (meeting, live redirect, VOD, virtual). */
const classProperty = 'x-kaltura-object-type'
const classForm = /^Kaltura\w+ScheduleEvent$/

/** Kaltura needs a summary. */
const UNTITLED = 'Untitled'

/** Bytes; VARCHAR(256) and (1024) hold as many characters, the API checks bytes of the summary only, so bytes suit all. */
const limits = {
  summary: 256,
  description: 65_000,
  location: 256,
  contact: 1024,
  comment: 32_000,
  tags: 65_000,
} as const

/** What depends on the account and not on the event. */
export interface Surroundings {
  /** The entry that events of this kind on these resources use when they name none; '' for none. */
  templateEntryOf(resourceIds: readonly number[], objectType: string): string
  /** Where and with what credentials a live entry is streamed to; `null` where it is not known. */
  endpointsOf(entryId: string): Endpoints | null
}

export type Endpoints = Pick<
  KalturaProperties,
  | 'primaryRtmpEndpoint'
  | 'secondaryRtmpEndpoint'
  | 'primaryRtspEndpoint'
  | 'secondaryRtspEndpoint'
  | 'liveStreamName'
  | 'liveStreamUsername'
  | 'liveStreamPassword'
>

const clip = (field: keyof typeof limits, value: string | null): string =>
  value === null ? '' : cutBytes(storable(value), limits[field])

const properties = ({ extra }: Component, name: string): string[] =>
  extra.filter(([found]) => found === name).flatMap(([, , , ...values]) => values.map(String))

const csv = (items: readonly (string | number)[] | undefined): string =>
  [...new Set((items ?? []).map(item => String(item).trim()).filter(item => item !== '' && !item.includes(',')))].join()

/** MySQL's FLOAT gives six digits back, and its API refuses what is below zero: such a place is not sent at all. */
function geo(latitude: number, longitude: number): { geoLatitude: number; geoLongitude: number } {
  const holdable = [latitude, longitude].every(degree => Number.isFinite(degree) && degree >= 0)
  if (!holdable) return { geoLatitude: 0, geoLongitude: 0 }
  return { geoLatitude: Number(latitude.toPrecision(6)), geoLongitude: Number(longitude.toPrecision(6)) }
}

function geoOf(component: Component): { geoLatitude: number; geoLongitude: number } {
  const [, , , value, second] = component.extra.find(([name]) => name === 'geo') ?? []
  const said = Array.isArray(value) ? value : second === undefined ? String(value ?? '').split(/[;,]/) : [value, second]
  return said.length === 2 ? geo(Number(said[0]), Number(said[1])) : geo(0, 0)
}

const classification = { PUBLIC: 1, PRIVATE: 2, CONFIDENTIAL: 3 } as const

export function objectTypeOf(component: Component): string {
  const { type } = component.kaltura
  if (type !== undefined) return classes[type]
  const said = properties(component, classProperty)[0] ?? ''
  return classForm.test(said) ? said : classes[1]
}

const nothing = { tags: '', templateEntryId: '', entryIds: '', categoryIds: '' }

/** A blackout is no entry event: it has neither entries nor categories; tags it has. */
const entryFields = (objectType: string, fields: typeof nothing): typeof nothing =>
  objectType === BLACKOUT ? { ...nothing, tags: fields.tags } : fields

/** @param templateEntryId of an event that names none */
export function contentOf(component: Component, templateEntryId: string): Content {
  const objectType = objectTypeOf(component)
  const { kaltura } = component
  const priority = Number(properties(component, 'priority')[0] ?? 0)
  return {
    objectType,
    summary: clip('summary', component.summary) || UNTITLED,
    description: clip('description', component.description),
    location: clip('location', component.location),
    contact: clip('contact', properties(component, 'contact').join('\n')),
    // A note of ours that came back as text would be taken for a note.
    comment: readComment(clip('comment', properties(component, 'comment').join('\n'))).text,
    classificationType: component.classification === null ? 1 : classification[component.classification],
    priority: Number.isInteger(priority) && priority > 0 && priority <= 9 ? priority : 0,
    ...geoOf(component),
    ...entryFields(objectType, {
      tags: clip('tags', csv(kaltura.tags)),
      templateEntryId: kaltura.templateEntryId || templateEntryId,
      entryIds: csv(kaltura.entryIds),
      categoryIds: csv(kaltura.categoryIds),
    }),
  }
}

export function contentOfRow(row: EventRow): Content {
  const fields = entryFields(row.objectType, {
    tags: csv(row.tags.split(',')),
    templateEntryId: row.templateEntryId,
    entryIds: csv(row.entryIds.split(',')),
    categoryIds: csv(row.categoryIds.split(',')),
  })
  return {
    objectType: row.objectType,
    summary: row.summary || UNTITLED,
    description: row.description,
    location: row.location,
    contact: row.contact,
    comment: readComment(row.comment).text,
    classificationType: row.classificationType || 1,
    priority: row.priority,
    ...geo(row.geoLatitude, row.geoLongitude),
    ...fields,
  }
}

const items = (text: string): string[] => text.split(',').filter(item => item !== '')

const typeOf = (objectType: string): 1 | 2 | 3 | undefined =>
  ([1, 2, 3] as const).find(type => classes[type] === objectType)

function kalturaOf(content: Content, around: Surroundings): KalturaProperties {
  const type = typeOf(content.objectType)
  const [tags, entryIds, categoryIds] = [content.tags, content.entryIds, content.categoryIds].map(items)
  return {
    ...(type !== undefined && { type }),
    ...(tags?.length && { tags }),
    ...(content.templateEntryId !== '' && { templateEntryId: content.templateEntryId }),
    ...(entryIds?.length && { entryIds }),
    ...(categoryIds?.length && { categoryIds: categoryIds.map(Number) }),
    ...(content.objectType === LIVE && around.endpointsOf(content.templateEntryId)),
  }
}

function extraOf(content: Content): JCalProperty[] {
  const { contact, comment, priority, geoLatitude, geoLongitude, objectType } = content
  const extra: JCalProperty[] = []
  if (geoLatitude !== 0 || geoLongitude !== 0) extra.push(['geo', {}, 'float', [geoLatitude, geoLongitude]])
  if (priority !== 0) extra.push(['priority', {}, 'integer', priority])
  if (contact !== '') extra.push(['contact', {}, 'text', contact])
  if (comment !== '') extra.push(['comment', {}, 'text', comment])
  if (typeOf(objectType) === undefined) extra.push([classProperty, {}, 'unknown', objectType])
  return extra
}

/** The component that says `content`, at a time. */
export function componentOf(
  content: Content,
  time: { readonly start: CalTime; readonly end: CalTime },
  identity: KalturaIdentity,
  around: Surroundings,
): Component {
  return {
    ...time,
    summary: content.summary,
    description: content.description || null,
    location: content.location || null,
    status: identity.status === 1 ? 'CANCELLED' : null,
    transparent: false,
    classification: ([null, null, 'PRIVATE', 'CONFIDENTIAL'] as const)[content.classificationType] ?? null,
    sequence: 0,
    kaltura: { ...kalturaOf(content, around), ...identity },
    parameters: {},
    extra: extraOf(content),
    components: [],
  }
}

export const sameContent = (a: Content, b: Content): boolean =>
  (Object.keys(a) as (keyof Content)[]).every(field => a[field] === b[field])

export const identityOf = (row: EventRow): KalturaIdentity => ({
  id: row.id,
  status: row.status,
  ...(row.partnerId > 0 && { partnerId: row.partnerId }),
  ...(row.parentId > 0 && { parentId: row.parentId }),
})

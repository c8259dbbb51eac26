/**
 * The X-KALTURA-* properties of the Kaltura iCal format, one row each: how a value is read, and how it is written.
 * Kaltura writes and reads these values without escapes; clients that pass them on escape them as any text.
 */
import { parameter, type RawProperty } from './content-line.ts'
import type { KalturaProperties } from './event.ts'
import { readText, safeRaw, writeText } from './jcal.ts'

/** Thrown for a value that is not of its format; the text says what is wrong, never the value of a secret. */
class WrongFormat extends Error {}

type Draft = { -readonly [Key in keyof KalturaProperties]: KalturaProperties[Key] }

/** Where values go. `resourceIds` belongs to the event as a whole. */
export interface KalturaDraft {
  readonly properties: Draft
  resourceIds: number[] | null
}

const TAGS_BYTES = 65_000
const idForm = /^\d{1,15}$/
const entryForm = /^[0-9A-Za-z_]{10}$/
const schemeForm = /^[a-z][a-z0-9+.-]*:\/\/\S+$/i

const refuse = (wanted: string, text: string): never => {
  throw new WrongFormat(`"${text.length > 40 ? `${text.slice(0, 40)}…` : text}" is not ${wanted}`)
}

const integer = (text: string): number => (idForm.test(text.trim()) ? Number(text) : refuse('a whole number', text))

const oneOf =
  <T extends number>(...allowed: readonly T[]) =>
  (text: string): T =>
    allowed.find(value => String(value) === text.trim()) ?? refuse(`one of ${allowed.join(', ')}`, text)

const entry = (text: string): string => (entryForm.test(text.trim()) ? text.trim() : refuse('a 10-character id', text))

const url = (text: string): string =>
  schemeForm.test(text.trim()) && URL.canParse(text.trim()) ? text.trim() : refuse('a URL', text)

const string = (text: string): string => text

const tags = (text: string): readonly string[] => {
  if (Buffer.byteLength(text) >= TAGS_BYTES) throw new WrongFormat(`has ${TAGS_BYTES} bytes or more of tags`)
  return items(text)
}

const items = (text: string): string[] =>
  text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')

interface Field<Key extends keyof KalturaProperties = keyof KalturaProperties> {
  readonly key: Key
  /** Reads one value, or each item of a list. */
  readonly read: (text: string) => NonNullable<KalturaProperties[Key]>
}

const field = <Key extends keyof KalturaProperties>(key: Key, read: Field<Key>['read']): Field<Key> => ({ key, read })

/** Single values, by the end of their name. */
const singles = {
  id: field('id', integer),
  type: field('type', oneOf(1, 2, 3)),
  'partner-id': field('partnerId', integer),
  status: field('status', oneOf(1, 2, 3)),
  'parent-id': field('parentId', integer),
  'template-entry-id': field('templateEntryId', entry),
  'primary-rtmp-endpoint': field('primaryRtmpEndpoint', url),
  'secondary-rtmp-endpoint': field('secondaryRtmpEndpoint', url),
  'primary-rtsp-endpoint': field('primaryRtspEndpoint', url),
  'secondary-rtsp-endpoint': field('secondaryRtspEndpoint', url),
  'live-stream-name': field('liveStreamName', string),
  'live-stream-username': field('liveStreamUsername', string),
  'live-stream-password': field('liveStreamPassword', string),
}

/** Lists: an item of the wrong format is left out, the others stay. */
const lists = {
  'category-ids': { key: 'categoryIds', read: integer },
  'resource-ids': { key: 'resourceIds', read: integer },
  'entry-ids': { key: 'entryIds', read: entry },
}

const PREFIX = 'x-kaltura-'
const PASSWORD = 'x-kaltura-live-stream-password'
const read: ReadonlyMap<string, (draft: KalturaDraft, text: string, refused: (reason: string) => void) => void> =
  new Map([
    ...Object.entries(singles).map(
      ([name, { key, read }]) =>
        [
          PREFIX + name,
          (draft: KalturaDraft, text: string) => Object.assign(draft.properties, { [key]: read(text) }),
        ] as const,
    ),
    ...Object.entries(lists).map(
      ([name, { key, read }]) =>
        [
          PREFIX + name,
          (draft: KalturaDraft, text: string, refused: (reason: string) => void) => {
            const good = items(text).flatMap<string | number>(item => attempt(() => read(item), refused))
            if (key === 'resourceIds') draft.resourceIds = good.map(Number)
            else if (good.length > 0) Object.assign(draft.properties, { [key]: good })
          },
        ] as const,
    ),
    [
      `${PREFIX}tags`,
      (draft: KalturaDraft, text: string) => Object.assign(draft.properties, { tags: tags(text) }),
    ] as const,
  ])

const attempt = <T>(make: () => T, refused: (reason: string) => void): T[] => {
  try {
    return [make()]
  } catch (error) {
    if (!(error instanceof WrongFormat)) throw error
    refused(error.message)
    return []
  }
}

/** Whether the property is one of those that have a place in `KalturaProperties`. */
export const isKaltura = (name: string): boolean => read.has(name)

/**
 * Reads one property into the draft. A value of the wrong format is left out and told to `refused`; an empty one, as
 * Kaltura writes what it does not have, is nothing.
 */
export const readKaltura = (draft: KalturaDraft, property: RawProperty, refused: (reason: string) => void): void => {
  const reader = read.get(property.name)
  const text = parameter(property, 'value')?.toUpperCase() === 'URI' ? property.value : readText(property.value)
  if (!reader || text.trim() === '') return
  attempt(() => reader(draft, text, refused), refused)
}

/** As Kaltura writes it where that reads back the same, else escaped. */
const written = (text: string): string =>
  /[\n\r]/.test(text) || readText(text) !== text ? writeText(text) : safeRaw(text)

const order = [...Object.entries(singles), ...Object.entries(lists), ['tags', { key: 'tags' }]] as const

/** Name and value of each line, in upper case and in Kaltura's order; the password only where it is asked for. */
export const writeKaltura = (
  properties: KalturaProperties,
  resourceIds: readonly number[],
  password: boolean,
): [name: string, value: string][] => {
  const values: Readonly<Record<string, unknown>> = { ...properties, resourceIds }
  return order.flatMap(([suffix, { key }]) => {
    const name = PREFIX + suffix
    const value = values[key]
    const text = Array.isArray(value) ? value.join(',') : String(value ?? '')
    return text === '' || (name === PASSWORD && !password) ? [] : [[name.toUpperCase(), written(text)]]
  })
}

/**
 * The X-KALTURA-* properties of the Kaltura iCal format, one row each. Kaltura writes and reads the values without
 * escapes; clients that pass them on escape them as any text.
 */
import { parameter, type RawProperty } from './content-line.ts'
import type { KalturaProperties } from './event.ts'
import { readText, safeRaw, writeText } from './jcal.ts'

type Draft = { -readonly [Key in keyof KalturaProperties]: KalturaProperties[Key] }

/** Where values go. `resourceIds` belongs to the event as a whole; null where nothing is said of it. */
export interface KalturaDraft {
  readonly properties: Draft
  resourceIds: number[] | null
}

/** `read` gives the value, or undefined for a text that is not of the format; `wanted` says what it should be. */
interface Format {
  readonly wanted: string
  readonly read: (text: string) => string | number | undefined
}

const idForm = /^\d{1,15}$/
const entryForm = /^[0-9A-Za-z_]{10}$/
const urlForm = /^[a-z][a-z0-9+.-]*:\/\/\S+$/i

const int: Format = { wanted: 'a whole number', read: text => (idForm.test(text) ? Number(text) : undefined) }
const oneToThree: Format = { wanted: 'one of 1, 2, 3', read: text => [1, 2, 3].find(value => String(value) === text) }
const entry: Format = { wanted: 'a 10-character id', read: text => (entryForm.test(text) ? text : undefined) }
const url: Format = { wanted: 'a URL', read: text => (urlForm.test(text) && URL.canParse(text) ? text : undefined) }
const string: Format = { wanted: 'a string', read: text => text }

interface Row {
  readonly name: string
  readonly key: keyof KalturaProperties | 'resourceIds'
  readonly format: Format
  /** Comma-separated values; the list as a whole stays under `bytes`. */
  readonly list?: { readonly bytes: number }
}

const ids = { bytes: Number.POSITIVE_INFINITY }
const tags = { bytes: 65_000 }
const PASSWORD = 'x-kaltura-live-stream-password'

/** In the order in which Kaltura writes them. */
const rows: readonly Row[] = [
  { name: 'x-kaltura-id', key: 'id', format: int },
  { name: 'x-kaltura-type', key: 'type', format: oneToThree },
  { name: 'x-kaltura-partner-id', key: 'partnerId', format: int },
  { name: 'x-kaltura-status', key: 'status', format: oneToThree },
  { name: 'x-kaltura-parent-id', key: 'parentId', format: int },
  { name: 'x-kaltura-resource-ids', key: 'resourceIds', format: int, list: ids },
  { name: 'x-kaltura-tags', key: 'tags', format: string, list: tags },
  { name: 'x-kaltura-template-entry-id', key: 'templateEntryId', format: entry },
  { name: 'x-kaltura-entry-ids', key: 'entryIds', format: entry, list: ids },
  { name: 'x-kaltura-category-ids', key: 'categoryIds', format: int, list: ids },
  { name: 'x-kaltura-primary-rtmp-endpoint', key: 'primaryRtmpEndpoint', format: url },
  { name: 'x-kaltura-secondary-rtmp-endpoint', key: 'secondaryRtmpEndpoint', format: url },
  { name: 'x-kaltura-primary-rtsp-endpoint', key: 'primaryRtspEndpoint', format: url },
  { name: 'x-kaltura-secondary-rtsp-endpoint', key: 'secondaryRtspEndpoint', format: url },
  { name: 'x-kaltura-live-stream-name', key: 'liveStreamName', format: string },
  { name: 'x-kaltura-live-stream-username', key: 'liveStreamUsername', format: string },
  { name: PASSWORD, key: 'liveStreamPassword', format: string },
]
const byName: ReadonlyMap<string, Row> = new Map(rows.map(row => [row.name, row]))

/** Whether the property is one of those that have a place in the model. */
export const isKaltura = (name: string): boolean => byName.has(name)

const short = (text: string): string => `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`

/** The good items; the bad ones are told in one sentence. */
const readItems = (text: string, format: Format, refused: (reason: string) => void): (string | number)[] => {
  const good = new Set<string | number>()
  const bad: string[] = []
  for (const item of text.split(',')) {
    const value = item.trim() === '' ? undefined : format.read(item.trim())
    if (value !== undefined) good.add(value)
    else if (item.trim() !== '') bad.push(item.trim())
  }
  const more = bad.length > 1 ? ` (and ${bad.length - 1} more)` : ''
  if (bad.length > 0) refused(`${short(bad[0] ?? '')}${more} is not ${format.wanted}`)
  return [...good]
}

/**
 * Reads one property into the draft. A value of the wrong format is left out and told to `refused`; of a list only the
 * items that are wrong. An empty value, as Kaltura writes what it does not have, is nothing.
 */
export const readKaltura = (draft: KalturaDraft, property: RawProperty, refused: (reason: string) => void): void => {
  const row = byName.get(property.name)
  const text = parameter(property, 'value')?.toUpperCase() === 'URI' ? property.value : readText(property.value)
  if (!row || text.trim() === '') return
  if (row.list === undefined) {
    const value = row.format.read(row.format === string ? text : text.trim())
    if (value === undefined) refused(`${short(text)} is not ${row.format.wanted}`)
    else Object.assign(draft.properties, { [row.key]: value })
    return
  }
  if (Buffer.byteLength(text) >= row.list.bytes) {
    refused(`has ${row.list.bytes} bytes or more`)
    return
  }
  const items = readItems(text, row.format, refused)
  if (row.key === 'resourceIds') draft.resourceIds = items.map(Number)
  else if (items.length > 0) Object.assign(draft.properties, { [row.key]: items })
}

/** As Kaltura writes it where that reads back the same, else escaped. */
const written = (text: string): string =>
  /[\n\r]/.test(text) || readText(text) !== text ? writeText(text) : safeRaw(text)

/** Upper-case name and value of each line; the password only where it is asked for. */
export const writeKaltura = (
  properties: KalturaProperties,
  resourceIds: readonly number[],
  password: boolean,
): [name: string, value: string][] => {
  const values: { readonly [key: string]: unknown } = { ...properties, resourceIds }
  return rows.flatMap(({ name, key }) => {
    const value = values[key]
    const text = Array.isArray(value) ? value.join(',') : String(value ?? '')
    return text === '' || (name === PASSWORD && !password) ? [] : [[name.toUpperCase(), written(text)]]
  })
}

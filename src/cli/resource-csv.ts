/**
 * The CSV file of Kaltura's resource bulk upload: a header line that starts with `*`, columns in any order, `#` comments.
 * Messages are Kaltura's own where it has one.
 */
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'

export const columns = [
  'action',
  'resourceId',
  'name',
  'type',
  'systemName',
  'description',
  'tags',
  'parentType',
  'parentSystemName',
] as const
type Column = (typeof columns)[number]

export const resourceTypes = ['location', 'camera', 'live_entry'] as const
export type ResourceType = (typeof resourceTypes)[number]

/** BulkUploadAction, as far as the resource CSV knows it. */
const actions = { 1: 'add', 2: 'update', 3: 'delete', 6: 'addOrUpdate' } as const
export type Action = (typeof actions)[keyof typeof actions]

/** One line. `null`: the file says nothing of it, so an update leaves it as it is. */
export interface ResourceRow {
  readonly line: number
  readonly action: Action
  readonly resourceId: number | null
  readonly name: string | null
  readonly type: ResourceType
  readonly systemName: string | null
  readonly description: string | null
  readonly tags: readonly string[] | null
  readonly parent: { readonly type: ResourceType; readonly systemName: string } | null
}

export interface RowFinding {
  readonly line: number
  /** The resource it is about, as far as the line tells. */
  readonly name: string | null
  readonly reason: string
}

export interface ParsedResources {
  readonly rows: readonly ResourceRow[]
  readonly rejected: readonly RowFinding[]
  readonly notices: readonly RowFinding[]
}

/** Reads the whole file; a bad line is named and the others go on. Never throws for what is in the text. */
export function parseResourceCsv(text: string): ParsedResources {
  const rejected: RowFinding[] = []
  const records = readRecords(text, rejected)
  const header = records.findIndex(({ values }) => values[0]?.startsWith('*'))
  const head = records[header]
  if (!head) {
    const reason = `There is no header line: start the line of column names with "*", as in *${columns.join(',')}`
    return { rows: [], rejected: [...rejected, { line: 1, name: null, reason }], notices: [] }
  }
  const names = head.values.map(value => value.replace(/^\*/, '').trim())
  const notices = names
    .filter(name => name !== '' && !isColumn(name))
    .map(name => ({ line: head.line, name: null, reason: `The column ${name} is not known and left out` }))
  const rows: ResourceRow[] = []
  for (const [index, { line, values }] of records.entries()) {
    if (index === header) continue
    const row = index < header ? 'The line stands before the header line' : readRow(line, names, values)
    if (typeof row === 'string') rejected.push({ line, name: values[names.indexOf('name')] || null, reason: row })
    else rows.push(row)
  }
  return { rows, rejected: rejected.sort((a, b) => a.line - b.line), notices }
}

interface CsvRecord {
  readonly line: number
  readonly values: readonly string[]
}

function readRecords(text: string, rejected: RowFinding[]): CsvRecord[] {
  const records = parse(text, {
    bom: true,
    trim: true,
    comment: '#',
    comment_no_infix: true,
    info: true,
    relax_column_count: true,
    // As PHP's fgetcsv, which Kaltura reads with.
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: error => {
      const line = error && 'lines' in error ? Number(error.lines) : 1
      rejected.push({ line, name: null, reason: `The line is no valid CSV (${error?.message ?? 'unreadable'})` })
      return undefined
    },
  }) as unknown as { info: { lines: number }; record: string[] }[]
  return records
    .map(({ info, record }) => ({ line: info.lines, values: record }))
    .filter(({ values }) => values.some(value => value !== ''))
}

const isColumn = (name: string): name is Column => columns.some(column => column === name)

/** @returns the row, or why it cannot be taken */
function readRow(line: number, names: readonly string[], values: readonly string[]): ResourceRow | string {
  if (values.slice(names.length).some(value => value !== ''))
    return 'The line has more values than the header has columns'
  const cell = (column: Column): string | null => values[names.indexOf(column)] || null
  const number = cell('action') ?? '1'
  const action = Object.hasOwn(actions, number) ? actions[Number(number) as keyof typeof actions] : null
  if (!action) return `Unknown action passed: [${number}]`
  const type = typeOf(cell('type'))
  if (!type) return `Wrong value passed for property type [${cell('type')}]`
  const parentType = typeOf(cell('parentType'))
  if (!parentType) return `Wrong value passed for property type [${cell('parentType')}]`
  const [id, systemName, parentName] = [cell('resourceId'), cell('systemName'), cell('parentSystemName')]
  if (id !== null && !/^\d+$/.test(id)) return `The resourceId [${id}] is no number`
  if ((action === 'update' || action === 'delete') && id === null && systemName === null) {
    return 'Mandatory Columns [resourceId or systemName] missing from CSV.'
  }
  if (action === 'add' && cell('name') === null) return 'Mandatory Column [name] missing from CSV.'
  if (action === 'add' && type === 'live_entry') {
    return 'The property "KalturaLiveEntryScheduleResource::entryId" cannot be null (the file has no column for it)'
  }
  return {
    line,
    action,
    type,
    systemName,
    resourceId: id === null ? null : Number(id),
    name: cell('name'),
    description: cell('description'),
    tags: tagsOf(cell('tags')),
    parent: parentName === null ? null : { type: parentType, systemName: parentName },
  }
}

const typeOf = (value: string | null): ResourceType | null =>
  resourceTypes.find(type => type === (value ?? 'location')) ?? null

const tagsOf = (value: string | null): string[] | null =>
  value === null
    ? null
    : value
        .split(',')
        .map(tag => tag.trim())
        .filter(Boolean)

/** A resource as the file writes it. */
export interface WrittenResource {
  readonly id: number
  readonly name: string
  readonly type: ResourceType
  readonly systemName: string
  readonly description: string | null
  readonly tags: readonly string[]
  readonly parentId: number | null
}

/** Parents before their children, action 6: the file brings another account to the same state, and this one to none other. */
export function writeResourceCsv(resources: readonly WrittenResource[]): string {
  const byId = new Map(resources.map(resource => [resource.id, resource]))
  const depth = (resource: WrittenResource, seen: ReadonlySet<number> = new Set()): number => {
    const parent = resource.parentId === null ? undefined : byId.get(resource.parentId)
    return parent && !seen.has(parent.id) ? 1 + depth(parent, new Set([...seen, resource.id])) : 0
  }
  const ordered = [...resources].sort((a, b) => depth(a) - depth(b) || a.id - b.id)
  const records = ordered.map(resource => {
    const parent = resource.parentId === null ? undefined : byId.get(resource.parentId)
    const cells: Record<Column, string | number> = {
      action: 6,
      resourceId: '',
      name: resource.name,
      type: resource.type,
      systemName: resource.systemName,
      description: resource.description ?? '',
      tags: resource.tags.join(','),
      parentType: parent?.type ?? '',
      parentSystemName: parent?.systemName ?? '',
    }
    return columns.map(column => cells[column])
  })
  return stringify([[`*${columns[0]}`, ...columns.slice(1)], ...records])
}

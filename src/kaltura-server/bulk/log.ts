import { FileAnswer } from '../wire/file-answer.ts'
import { EVENT_COLUMNS } from './event-csv.ts'
import { type Job, type LineResult, ResultStatus } from './job.ts'
import { RESOURCE_COLUMNS } from './resource-csv.ts'

const status: Readonly<Record<string, string>> = {
  [ResultStatus.error]: 'Error',
  [ResultStatus.ok]: 'OK',
  [ResultStatus.inProgress]: 'In progress',
}

function icalBlock(result: LineResult): string {
  const extra: readonly (readonly [name: string, value: string | number | null | undefined])[] = [
    ['X-KALTURA-INDEX', result.line],
    ['X-KALTURA-INGEST-STATUS', result.status],
    ['X-KALTURA-INGEST-ACTION', result.action ?? ''],
    ['X-KALTURA-ERROR-DESCRIPTION', result.errorDescription],
    ['X-KALTURA-ERROR-TYPE', result.errorType],
    ['X-KALTURA-ERROR-CODE', result.errorCode],
    ['X-KALTURA-ID', result.objectId],
  ]
  const lines = extra.flatMap(([name, value]) => (value === null || value === undefined ? [] : [`${name}:${value}`]))
  return result.rowData.replace(/\r\nEND:VEVENT$/, `\r\n${lines.join('\r\n')}\r\nEND:VEVENT\r\n`)
}

const cell = (value: string): string => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)

function csvLog(job: Job, results: readonly LineResult[]): string {
  const columns = job.kind === 'resource-csv' ? RESOURCE_COLUMNS : EVENT_COLUMNS
  const header = [
    ...columns.map((name, index) => (index === 0 ? `*${name}` : name)),
    'resultStatus',
    'objectId',
    'errorDescription',
  ]
  const rows = results.map(result => [
    result.rowData,
    status[result.status] ?? '',
    String(result.objectId ?? ''),
    cell(result.errorDescription ?? ''),
  ])
  return [header.join(','), ...rows.map(row => row.join(','))].map(line => `${line}\r\n`).join('')
}

/** What became of each line, in the form of the file itself. */
export function logOf(job: Job, results: readonly LineResult[]): FileAnswer {
  if (results.length === 0) return new FileAnswer('text/plain; charset=UTF-8', 'Log file is not ready')
  if (job.kind !== 'ical') return new FileAnswer('text/csv; charset=UTF-8', csvLog(job, results))
  const blocks = results.map(icalBlock).join('')
  return new FileAnswer('text/calendar; charset=UTF-8', `BEGIN:VCALENDAR\r\n${blocks}END:VCALENDAR\r\n`)
}

import { parse } from 'csv-parse/sync'

export interface CsvLine {
  /** Counts the lines of data, from 1. */
  readonly line: number
  /** By the names of the header; empty ones left out. */
  readonly values: ReadonlyMap<string, string>
  readonly raw: string
  /** Does the line have as many values as the header has columns? */
  readonly complete: boolean
}

const quoted = (value: string): string => (value.includes(',') ? `"${value}"` : value)

/**
 * The lines of a bulk upload: a header line begins with `*` and may come again, `#` begins a remark, values are trimmed,
 * columns that `known` does not name are passed over. Lines before any header have no columns.
 */
export function readCsv(text: string, known: readonly string[]): CsvLine[] {
  const rows = parse(text, { bom: true, relax_column_count: true, relax_quotes: true, skip_empty_lines: true })
  const lines: CsvLine[] = []
  let columns: readonly (string | null)[] = []
  let line = 0
  for (const row of rows as string[][]) {
    const first = (row[0] ?? '').trim()
    if (row.every(value => value.trim() === '') || first.startsWith('#')) continue
    if (first.startsWith('*')) {
      columns = row.map(name => {
        const bare = name.replace(/^[* ]+|[* ]+$/g, '').trim()
        return known.includes(bare) ? bare : null
      })
      continue
    }
    line += 1
    const values = new Map<string, string>()
    columns.forEach((column, index) => {
      const value = (row[index] ?? '').trim()
      if (column !== null && value !== '') values.set(column, value)
    })
    lines.push({ line, values, raw: row.map(quoted).join(','), complete: row.length === columns.length })
  }
  return lines
}

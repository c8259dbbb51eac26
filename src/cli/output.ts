/** What commands print: tables for people, JSON for programs. */

export type Cell = string | number | null | undefined

/** Columns aligned by spaces; nothing where there are no rows. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return ''
  const lines = [head, ...rows].map(row => row.map(cell => oneLine(cell)))
  const widths = head.map((_, column) => Math.max(...lines.map(line => width(line[column] ?? ''))))
  return lines
    .map(line =>
      line
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const oneLine = (cell: Cell): string =>
  cell === null || cell === undefined ? '-' : shown(String(cell).replace(/\s+/g, ' '))

/** What comes from files and remotes moves no cursor and colours nothing on somebody's terminal. */
const shown = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, '\ufffd')

const segments = new Intl.Segmenter()
/** Characters as people count them, near enough to cells of a terminal. */
const width = (text: string): number => [...segments.segment(text)].length

export const print = (text: string): void =>
  void (text && process.stdout.write(text.endsWith('\n') ? text : `${text}\n`))

export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2))

/** Beside the result: it does not disturb who reads stdout. */
export const note = (text: string): void => void process.stderr.write(`${shown(text)}\n`)

/** `2026-10-12 10:15` on the clock of `zone`. */
export function localTime(epoch: number | null, zone: string): string | null {
  if (epoch === null) return null
  const time = Temporal.Instant.fromEpochMilliseconds(epoch * 1000).toZonedDateTimeISO(zone)
  return time.toPlainDateTime().toString({ smallestUnit: 'minute' }).replace('T', ' ')
}

export const utcTime = (epoch: number | null): string | null =>
  epoch === null ? null : Temporal.Instant.fromEpochMilliseconds(epoch * 1000).toString()

/** Several of a thing: `1 event`, `3 events`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

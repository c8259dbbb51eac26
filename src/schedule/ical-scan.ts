/**
 * Splits calendar text into components and content lines, each with its line number, in one pass. Nothing is rejected
 * here but what has no place at all; a broken line costs that line, a missing END costs nothing.
 */
import { nameOf, type RawProperty, readLine } from './content-line.ts'

export interface RawComponent {
  /** Upper case. */
  readonly name: string
  readonly line: number
  readonly properties: RawProperty[]
  readonly components: RawComponent[]
  /** Whether the text stops inside it: what is missing cannot be known. */
  truncated: boolean
}

/** Something left out or repaired while splitting. */
export interface ScanNote {
  readonly line: number
  readonly component: RawComponent | null
  readonly reason: string
}

export interface Scan {
  readonly components: readonly RawComponent[]
  readonly notes: readonly ScanNote[]
}

/** Deeper than any calendar goes (VCALENDAR, VEVENT, PARTICIPANT, VALARM, VLOCATION). */
const MAX_DEPTH = 10
/** Components that lie directly in a calendar: the beginning of one ends the one before (a missing END). */
const items = new Set(['VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY', 'VTIMEZONE', 'VAVAILABILITY', 'VERROR'])
/** Properties whose value can hold a line break that somebody forgot to escape. */
const textual = new Set(['summary', 'description', 'location', 'comment', 'contact', 'categories', 'resources'])
/** Property names that a line of running text is not taken for, in any case: RFC 5545 §8.3.2, 7986 §5, 9073, Kaltura. */
const names = new Set(
  (
    'attach categories class comment description geo location percent-complete priority resources status summary ' +
    'completed dtend due dtstart duration freebusy transp tzid tzname tzoffsetfrom tzoffsetto tzurl attendee contact ' +
    'organizer recurrence-id related-to url uid exdate exrule rdate rrule action repeat trigger created dtstamp ' +
    'last-modified sequence request-status calscale method prodid version name refresh-interval source color image ' +
    'conference acknowledged proximity busytype structured-data styled-description location-type participant-type ' +
    'resource-type calendar-address concept link refid geolatitude geolongitude tz daylight aalarm dalarm malarm palarm'
  ).split(' '),
)

const edgeForm = /^(BEGIN|END)\s*:\s*([A-Za-z0-9-]{1,64})\s*$/i
const edgeOf = (text: string): { begins: boolean; name: string } | null => {
  const first = text.charCodeAt(0) | 0x20
  const edge = first === 0x62 || first === 0x65 ? edgeForm.exec(text) : null
  return edge && { begins: edge[1]?.toUpperCase() === 'BEGIN', name: edge[2]?.toUpperCase() ?? '' }
}
/** A BEGIN or END that names no component must not become a property: written again it might name one. */
const edgeNames: ReadonlySet<string> = new Set(['begin', 'end'])
const shoutForm = /^[A-Z0-9_-]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g

/** `PASSCODE` may be a property, `Passcode` after a text is the text going on. */
const looksLikeProperty = (name: string): boolean =>
  names.has(name.toLowerCase()) || /^x-/i.test(name) || shoutForm.test(name)

/**
 * Kaltura ends its lines with CRLF and writes a text's own line breaks as bare LF. It writes neither VERSION nor PRODID,
 * which tells its output from a file with mixed line ends.
 */
const isKaltura = (text: string): boolean =>
  text.includes('\r\n') &&
  /^X-KALTURA-/m.test(text) &&
  !/^(VERSION|PRODID)[:;]/im.test(text) &&
  !/[^\r]\n(BEGIN|END):/i.test(text)

/** Lines as they are ended, and the number of each where a line break may be inside one. */
interface Physical {
  readonly lines: readonly string[]
  readonly numbers: readonly number[] | null
}

const physicalLines = (text: string): Physical => {
  const clean = (text.isWellFormed() ? text : text.toWellFormed()).replaceAll('\ufeff', '').replace(controls, '')
  if (isKaltura(clean)) {
    const numbers: number[] = []
    let next = 1
    const lines = clean.split('\r\n').map(line => {
      const parts = line.split(/[\r\n]/)
      numbers.push(next)
      next += parts.length
      return parts.every(part => part.trim() === '') ? '' : parts.join('\\n')
    })
    return { lines, numbers }
  }
  const lines = clean.split(/\r\n|\r|\n/)
  const indent = /^[ \t]+(?=BEGIN:)/i.exec(lines.find(line => line.trim() !== '') ?? '')?.[0]
  const start = indent?.length ?? 0
  return {
    lines: indent === undefined ? lines : lines.map(line => (line.startsWith(indent) ? line.slice(start) : line)),
    numbers: null,
  }
}

class Scanner {
  readonly roots: RawComponent[] = []
  readonly notes: ScanNote[] = []
  private readonly stack: RawComponent[] = []
  private tooDeep = 0
  private strayRun = false
  /** Blank lines since the last property: they belong to its text only if its text goes on. */
  blanks = 0

  private get current(): RawComponent | undefined {
    return this.stack.at(-1)
  }

  private note(line: number, reason: string): void {
    this.notes.push({ line, component: this.current ?? null, reason })
  }

  private begin(name: string, line: number): void {
    if (this.tooDeep > 0 || this.stack.length >= MAX_DEPTH) {
      if (this.tooDeep++ === 0) this.note(line, `${name} is nested more than ${MAX_DEPTH} deep: left out`)
      return
    }
    const enclosing =
      name === 'VCALENDAR' ? 0 : items.has(name) ? this.stack.findIndex(open => items.has(open.name)) : -1
    if (enclosing >= 0 && enclosing < this.stack.length) this.close(enclosing, line, `BEGIN:${name}`)
    const component: RawComponent = { name, line, properties: [], components: [], truncated: false }
    const parent = this.current
    if (parent) parent.components.push(component)
    else this.roots.push(component)
    this.stack.push(component)
  }

  private close(depth: number, line: number, by: string): void {
    for (const open of this.stack.slice(depth).reverse()) {
      this.notes.push({ line, component: open, reason: `END:${open.name} is missing: ended by ${by}` })
    }
    this.stack.length = depth
  }

  private end(name: string, line: number): void {
    if (this.tooDeep > 0) {
      this.tooDeep--
      return
    }
    const depth = this.stack.findLastIndex(open => open.name === name)
    if (depth < 0) {
      this.note(line, `END:${name} without its BEGIN: ignored`)
      return
    }
    if (depth < this.stack.length - 1) this.close(depth + 1, line, `END:${name}`)
    this.stack.length = depth
  }

  /** A line that is no property: the last text going on after a line break nobody escaped, or nothing. */
  private stray(text: string, line: number): void {
    const owner = this.current
    const last = owner?.properties.at(-1)
    if (!owner || !last || !(textual.has(last.name) || last.name.startsWith('x-'))) {
      this.note(line, `not a property: ${text.slice(0, 60)}`)
      return
    }
    if (!this.strayRun)
      this.note(line, `taken as a further line of ${last.name.toUpperCase()}: its line break is not escaped`)
    this.strayRun = true
    owner.properties[owner.properties.length - 1] = {
      ...last,
      value: `${last.value}${'\\n'.repeat(1 + this.blanks)}${text}`,
    }
  }

  private property(text: string, line: number): void {
    const owner = this.current
    const name = nameOf(text)
    const last = owner?.properties.at(-1)
    if (name === null || (!looksLikeProperty(name) && last !== undefined && textual.has(last.name))) {
      this.stray(text, line)
      return
    }
    this.strayRun = false
    const read = edgeNames.has(name.toLowerCase()) ? null : readLine(text, line)
    if (!owner) this.note(line, `outside of any component: ${text.slice(0, 60)}`)
    else if (read) owner.properties.push(read)
    else this.note(line, `${name.toUpperCase()} cannot be read: left out`)
  }

  /** One unfolded line. */
  accept(text: string, line: number): void {
    const edge = edgeOf(text)
    if (edge === null) {
      if (this.tooDeep === 0) this.property(text, line)
    } else if (edge.begins) this.begin(edge.name, line)
    else this.end(edge.name, line)
  }

  finish(line: number): void {
    for (const open of this.stack) {
      open.truncated = open.name !== 'VCALENDAR'
      if (!open.truncated) this.notes.push({ line, component: open, reason: 'END:VCALENDAR is missing' })
    }
  }
}

const isFold = (text: string): boolean => text.startsWith(' ') || text.startsWith('\t')

/** vCalendar 1.0 breaks quoted-printable text with `=` at the end of a line. */
const isSoftBreak = (text: string): boolean =>
  text.endsWith('=') && text.slice(0, text.indexOf(':')).toUpperCase().includes('QUOTED-PRINTABLE')

/** Unfolds and hands on each line with its number. Blank lines are counted: a fold may come after them, or more text. */
const unfold = ({ lines, numbers }: Physical, scanner: Scanner): void => {
  let parts: string[] = []
  let start = 0
  let blanks = 0
  let soft = false
  const flush = () => {
    if (parts.length > 0) scanner.accept(parts.length === 1 ? (parts[0] ?? '') : parts.join(''), start)
    scanner.blanks = blanks
    blanks = 0
  }
  lines.forEach((text, index) => {
    if (text === '') {
      blanks++
      soft = false
      return
    }
    if (parts.length > 0 && (soft || isFold(text))) {
      parts.push(soft ? text : text.slice(1))
      blanks = 0
    } else {
      flush()
      parts = [text.trimStart()]
      start = numbers?.[index] ?? index + 1
    }
    soft = soft ? text.endsWith('=') : isSoftBreak(text)
    if (soft) parts[parts.length - 1] = parts.at(-1)?.slice(0, -1) ?? ''
  })
  flush()
  scanner.finish(numbers?.at(-1) ?? lines.length)
}

/** Any text; what is no calendar gives no components. */
export const scan = (text: string): Scan => {
  const scanner = new Scanner()
  unfold(physicalLines(text), scanner)
  return { components: scanner.roots, notes: scanner.notes }
}

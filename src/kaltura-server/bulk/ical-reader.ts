/**
 * Reads a calendar as Kaltura's bulk upload does, faults included (Kaltura: kSchedulingICalComponent): lines end in CRLF
 * only, a folded line is joined only when it has no colon, nothing is unescaped, unknown components are not skipped but
 * read into the one around them, and of a repeated property the last counts.
 */
export interface IcalComponent {
  readonly type: string
  /** By name in upper case. */
  readonly fields: Map<string, string>
  /** Parameters of a property as one raw text. */
  readonly parameters: Map<string, string>
  readonly components: IcalComponent[]
  rule: Map<string, string> | null
}

const KNOWN = new Set(['VCALENDAR', 'VEVENT'])
/** Names that are setters of Kaltura's own with other arguments: they end the job with a PHP error. */
const FATAL = new Set(['RULE', 'FIELD', 'CONFIGURATIONFIELD', 'PARENTCOMPONENT', 'WRITETOSTDOUT'])

const blank = (type: string): IcalComponent => ({
  type,
  fields: new Map(),
  parameters: new Map(),
  components: [],
  rule: null,
})

/** `FREQ=WEEKLY;BYDAY=MO` by name in upper case. */
function ruleOf(text: string): Map<string, string> {
  const parts = new Map<string, string>()
  for (const part of text.split(';')) {
    const [name, ...value] = part.split('=')
    if (part.trim() !== '') parts.set((name ?? '').toUpperCase(), value.join('=').trim())
  }
  return parts
}

interface Lines {
  readonly all: readonly string[]
  at: number
}

/** What follows without a colon belongs to the value, trimmed. */
function unfold(lines: Lines, value: string): string {
  let whole = value
  for (;;) {
    const next = lines.all[lines.at]
    if (next === undefined || next.includes(':')) return whole
    whole += next.trim()
    lines.at += 1
  }
}

function split(line: string): { name: string; parameters: string | null; value: string } {
  const colon = line.indexOf(':')
  const head = colon < 0 ? line : line.slice(0, colon)
  const semicolon = head.indexOf(';')
  return {
    name: (semicolon < 0 ? head : head.slice(0, semicolon)).toUpperCase(),
    parameters: semicolon < 0 ? null : head.slice(semicolon + 1),
    value: colon < 0 ? '' : line.slice(colon + 1).trim(),
  }
}

function setProperty(component: IcalComponent, name: string, parameters: string | null, value: string): void {
  if (FATAL.has(name.replaceAll('-', ''))) throw new Error(`Unexpected property ${name}`)
  if (name === 'RRULE' && component.type === 'VEVENT') component.rule = ruleOf(value)
  component.fields.set(name, value)
  if (parameters !== null) component.parameters.set(name, parameters)
}

function readComponent(component: IcalComponent, lines: Lines): void {
  while (lines.at < lines.all.length) {
    const line = lines.all[lines.at++] ?? ''
    if (line.trim() === '') continue
    const { name, parameters, value } = split(line)
    const type = value.toUpperCase()
    if (type === component.type && name === 'BEGIN') continue
    if (type === component.type && name === 'END') return
    if (name === 'BEGIN') {
      if (!KNOWN.has(type)) continue
      const inner = blank(type)
      readComponent(inner, lines)
      component.components.push(inner)
      continue
    }
    setProperty(component, name, parameters, unfold(lines, value))
  }
}

/** The components of the calendar, as found. A file with bare LF has one line, and so none. */
export function readIcal(text: string): IcalComponent[] {
  const calendar = blank('VCALENDAR')
  readComponent(calendar, { all: text.split('\r\n'), at: 0 })
  return calendar.components
}

/** The component written again from what was read of it. */
export const rawOf = (component: IcalComponent): string =>
  [
    `BEGIN:${component.type}`,
    ...[...component.fields].map(([name, value]) => `${name}:${value}`),
    `END:${component.type}`,
  ].join('\r\n')

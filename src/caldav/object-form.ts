import { nameOf } from '../schedule/content-line.ts'

/** What is wrong with the form of a calendar object: the precondition of RFC 4791 §5.3.2.1 and words. */
export interface FormProblem {
  readonly condition: 'valid-calendar-data' | 'valid-calendar-object-resource'
  readonly message: string
}

/** What tells an event and its time stands once in a VEVENT (RFC 5545 §3.6.1): of two, each reader would take another. */
const ONCE: ReadonlySet<string> = new Set(['UID', 'DTSTART', 'DTEND', 'DURATION', 'RECURRENCE-ID'])

const broken = (message: string): FormProblem => ({ condition: 'valid-calendar-data', message })

const ofEvent = (seen: ReadonlySet<string>): FormProblem | null => {
  if (!seen.has('UID')) return { condition: 'valid-calendar-object-resource', message: 'A VEVENT has no UID' }
  if (seen.has('DTEND') && seen.has('DURATION')) return broken('A VEVENT has both DTEND and DURATION')
  return null
}

const shown = (line: string): string => (line.length > 60 ? `${line.slice(0, 60)}…` : line)

/** Soft line breaks of vCalendar 1.0 look like lines of their own. */
const hasSoftBreaks = (text: string): boolean => /QUOTED-PRINTABLE/i.test(text)

/** Reads the lines of one calendar object and nothing more; `null` where its form is sound. */
export const formProblem = (text: string): FormProblem | null => {
  const lines = text.replace(/\r?\n[ \t]/g, '').split(/\r\n|\n|\r/)
  const lenient = hasSoftBreaks(text)
  const open: string[] = []
  let seen = new Set<string>()
  let masters = 0
  for (const line of lines) {
    const name = nameOf(line.startsWith('\ufeff') ? line.slice(1) : line)?.toUpperCase()
    if (name === undefined || !line.includes(':')) {
      if (line.trim() === '' || lenient) continue
      return broken(`The line "${shown(line)}" is no property: it has no name or no value`)
    }
    if (name === 'BEGIN') {
      open.push(
        line
          .slice(line.indexOf(':') + 1)
          .trim()
          .toUpperCase(),
      )
      if (open.length === 2) seen = new Set()
    } else if (name === 'END') {
      const problem = open.length === 2 && open[1] === 'VEVENT' ? ofEvent(seen) : null
      if (problem) return problem
      if (open.length === 2 && open[1] === 'VEVENT' && !seen.has('RECURRENCE-ID')) masters += 1
      open.pop()
    } else if (open.length === 2 && open[1] === 'VEVENT' && ONCE.has(name)) {
      if (seen.has(name)) return broken(`A VEVENT has ${name} twice`)
      if (name !== 'UID' || line.slice(line.indexOf(':') + 1).trim() !== '') seen.add(name)
    }
  }
  if (masters < 2) return null
  return {
    condition: 'valid-calendar-object-resource',
    message: `There are ${masters} VEVENTs without RECURRENCE-ID for one UID`,
  }
}

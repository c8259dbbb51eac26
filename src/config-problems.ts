/** What is wrong with a configuration file, in words that say where it is and what to do about it. */
import { LineCounter, parseDocument, visit } from 'yaml'
import type { z } from 'zod'

export type Path = readonly PropertyKey[]
type Issue = z.core.$ZodIssue

interface Parsed {
  readonly value: unknown
  /** The line of a path, or of its nearest parent; `null` where the file does not say it at all. */
  lineOf(path: Path): number | null
}

/** Reads YAML and puts environment variables in the place of `${NAME}`. */
export function parseYaml(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  onProblem: (line: number, problem: string) => void,
): Parsed {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  for (const { message, pos } of document.errors) {
    onProblem(lines.linePos(pos[0]).line, `is no valid YAML (${message}): correct the line`)
  }
  if (document.errors.length > 0) return { value: {}, lineOf: () => null }
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string') return
      node.value = node.value.replace(/\$\{(\w+)\}/g, (reference, name: string) => {
        const value = env[name]
        if (value !== undefined) return value
        const line = lines.linePos(node.range?.[0] ?? 0).line
        onProblem(line, `${reference}: the environment variable ${name} is not set: set it, or write the value here`)
        return reference
      })
    },
  })
  const lineOf = (path: Path): number | null => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined
      if (node?.range) return lines.linePos(node.range[0]).line
    }
    return null
  }
  return { value: document.toJS() ?? {}, lineOf }
}

/** @param where the file and line of a path, as a prefix */
export function problemsOf(issues: readonly Issue[], value: unknown, where: (path: Path) => string): string[] {
  const said = [...issues.flatMap(issue => sentences(issue, value)), ...coherence(value)]
  return said.map(({ path, problem }) => `${where(path)} ${pathText(path)}: ${problem}`)
}

interface Problem {
  readonly path: Path
  readonly problem: string
}

/** What the checks of our own in the schema mean, by the word they fail with. */
const ownChecks: Readonly<Record<string, string>> = {
  zone: 'is no time zone: write an IANA name such as Europe/Berlin',
  id: 'is no source id: use letters, digits, dots, dashes and underscores',
  reserved: 'is a name kaldav uses itself: choose another id',
  store: 'is no store: write "sqlite:<file>" or "postgres://user@host/database"',
  user: 'is no user name: leave out spaces, colons and slashes',
  subject: 'says nobody to write to: begin it with mailto: or https:',
  vapid: 'is no Web Push key: write it in base64url, as `npx web-push generate-vapid-keys` prints it',
  pair: 'has a public key of another private key: make a new pair with `npx web-push generate-vapid-keys`',
}

const nouns: Readonly<Record<string, string>> = {
  string: 'text (in quotes where it looks like a number)',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of keys',
  record: 'a group of keys',
}

function sentences(issue: Issue, value: unknown): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const problem = 'is no known key: correct its spelling or remove it'
    return issue.keys.map(key => ({ path: [...issue.path, key], problem }))
  }
  return [{ path: issue.path, problem: sentence(issue, at(value, issue.path)) }]
}

function sentence(issue: Issue, found: unknown): string {
  const own = ownChecks[issue.message]
  if (own) return `"${found}" ${own}`
  switch (issue.code) {
    case 'invalid_type':
      return `${found === undefined ? 'is missing' : 'has the wrong type'}: write ${nouns[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return oneOf(found, issue.values)
    case 'invalid_union':
      if ('options' in issue && Array.isArray(issue.options)) return oneOf(found, issue.options)
      return 'has the wrong type: write text, or a group of keys with text'
    case 'too_small':
      if (issue.origin !== 'string' && issue.origin !== 'array') return `is too small: write ${issue.minimum} or more`
      return 'is empty: write something, or remove the key'
    case 'too_big':
      return `is too large: write ${issue.maximum} or less`
    case 'invalid_format':
      return `"${found}" is no URL that fits here: write it in full, such as https://calendar.example.edu`
    default:
      return issue.message
  }
}

const oneOf = (found: unknown, values: readonly unknown[]): string =>
  `${found === undefined ? 'is missing' : `"${String(found)}" is not known here`}: write ${values.length === 1 ? '' : 'one of '}${values.join(', ')}`

/** What only shows when several keys are seen together. Reads the raw file, so that it speaks beside other problems. */
function coherence(value: unknown): Problem[] {
  const sources = groups(at(value, ['sources']))
  const problems = sources.flatMap((source, index) => sourceProblems(source, index))
  problems.push(...repeated(sources, 'id', ['sources']), ...repeated(groups(at(value, ['users'])), 'name', ['users']))
  for (const [index, { role, access }] of groups(at(value, ['users'])).entries()) {
    if (role !== 'admin' || access === undefined) continue
    const problem = 'is of no use to an administrator, who may do everything: leave out the key, or write another role'
    problems.push({ path: ['users', index, 'access'], problem })
  }
  const ids = new Set(['kaltura', 'caldav', ...sources.map(({ id }) => String(id))])
  const resources = at(value, ['resources'])
  for (const [name, settings] of Object.entries(isGroup(resources) ? resources : {})) {
    const priority = isGroup(settings) && Array.isArray(settings.sourcePriority) ? settings.sourcePriority : []
    for (const [index, id] of priority.entries()) {
      if (ids.has(String(id))) continue
      const problem = `"${id}" is no source: write the id of one under sources, kaltura or caldav`
      problems.push({ path: ['resources', name, 'sourcePriority', index], problem })
    }
  }
  return problems
}

/** The ways to sign in of each kind of source; exactly one is needed. */
const credentials: Readonly<Record<string, readonly string[]>> = {
  google: ['keyFile', 'oauth'],
  microsoft365: ['clientSecret', 'certificate', 'managedIdentity'],
}

function sourceProblems(source: Group, index: number): Problem[] {
  const problems: Problem[] = []
  const ways = credentials[String(source.type)]
  const chosen = ways?.filter(way => source[way] !== undefined && source[way] !== false)
  if (ways && chosen?.length !== 1) {
    const problem = `${chosen?.length === 0 ? 'has no credentials' : `has several credentials (${chosen?.join(', ')})`}: write exactly one of ${ways.join(', ')}`
    problems.push({ path: ['sources', index], problem })
  }
  if (source.type === 'microsoft365' && source.clientId === undefined && chosen?.[0] !== 'managedIdentity') {
    problems.push({ path: ['sources', index, 'clientId'], problem: 'is missing: write the application (client) id' })
  }
  const calendars = groups(source.calendars)
  const key = source.type === 'google' ? 'calendarId' : 'mailbox'
  problems.push(...repeated(calendars, key, ['sources', index, 'calendars']))
  return problems
}

/** A second use of what has to be different in each item of a list. */
function repeated(items: readonly Group[], key: string, list: Path): Problem[] {
  const seen = new Set<unknown>()
  return items.flatMap((item, index) => {
    const value = item[key]
    const again = value !== undefined && seen.has(value)
    seen.add(value)
    return again ? [{ path: [...list, index, key], problem: `"${value}" is used twice: each needs its own` }] : []
  })
}

type Group = Readonly<Record<string, unknown>>
const isGroup = (value: unknown): value is Group => typeof value === 'object' && value !== null && !Array.isArray(value)
const groups = (value: unknown): Group[] => (Array.isArray(value) ? value.map(item => (isGroup(item) ? item : {})) : [])

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  )

const pathText = (path: Path): string =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}${text && '.'}${String(key)}`),
    '',
  ) || 'the file'

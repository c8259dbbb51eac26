/** Who may know whom. Reads the import lines; what it holds is described in docs/decisions.md. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

interface Import {
  readonly file: string
  /** A path from the root, or a package. */
  readonly target: string
  readonly typeOnly: boolean
}

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))

const files = [...filesIn('src'), ...filesIn('adapters')]

const pattern =
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|(?:^|\n)import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g

const importsOf = (file: string): Import[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(pattern)].map(([, type, from, bare, dynamic]) => {
    const target = from ?? bare ?? dynamic ?? ''
    const local = target.startsWith('.')
    return { file, typeOnly: type !== undefined, target: local ? join(dirname(file), target) : target }
  })

const imports = files.flatMap(importsOf)
const isLocal = ({ target }: Import): boolean => target.startsWith('src/') || target.startsWith('adapters/')

/** The part a file belongs to: a folder of src, a file that lies directly in it, or one adapter. */
const partOf = (path: string): string => {
  const [top, first = ''] = path.split('/')
  const name = first.replace(/\.ts$/, '')
  return top === 'adapters' ? `adapters/${name}` : name
}

/** What each part may import besides itself. `main` may import everything. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  breath: [],
  secret: [],
  password: [],
  schedule: ['errors'],
  store: ['errors', 'breath', 'schedule'],
  sync: ['errors', 'breath', 'schedule', 'store'],
  dav: ['errors', 'breath'],
  'config-file': ['secret', 'store/access'],
  'config-problems': [],
  config: ['errors', 'secret', 'config-file', 'config-problems'],
  log: ['errors'],
  metrics: ['log', 'store', 'sync'],
  auth: ['errors', 'secret', 'password', 'store', 'config'],
  'kaltura-server': ['errors', 'store/database'],
  caldav: ['errors', 'breath', 'schedule', 'store', 'sync', 'dav', 'auth', 'config', 'log'],
  feeds: ['errors', 'schedule', 'store', 'sync', 'auth', 'config', 'log'],
  web: ['errors', 'schedule', 'store', 'sync', 'auth', 'config', 'log', 'metrics', 'feeds'],
  cli: [
    'errors',
    'schedule',
    'store',
    'sync',
    'auth',
    'config',
    'log',
    'metrics',
    'feeds',
    'password',
    'secret',
    'main',
  ],
  sources: ['errors', 'schedule', 'store', 'sync', 'config', 'adapters'],
}

/** What an adapter may import: the contracts, as far as its kind needs them, and its own folder. */
const adapterAllowed = ['errors', 'breath', 'schedule', 'sync', 'store/database', 'store/text']

const mayImport = (from: string, { target }: Import): boolean => {
  const to = partOf(target)
  if (from === 'main' || from === to) return true
  const parts = from.startsWith('adapters/') ? adapterAllowed : (allowed[from] ?? [])
  if (parts.some(part => part.includes('/') && target === `src/${part}.ts`)) return true
  return parts.includes(to) || (to.startsWith('adapters/') && parts.includes('adapters'))
}

test('the import lines are found', () => {
  expect(files.length).toBeGreaterThan(60)
  expect(imports.some(({ file, target }) => file === 'src/auth.ts' && target === 'src/store/users.ts')).toBe(true)
  expect(
    imports.some(({ file, target }) => file === 'adapters/index.ts' && target.startsWith('adapters/kaltura')),
  ).toBe(true)
})

test('dependencies point one way', () => {
  const wrong = imports
    .filter(isLocal)
    .filter(found => partOf(found.file) !== 'adapters/index' && !mayImport(partOf(found.file), found))
  expect(wrong.map(({ file, target }) => `${file} → ${target}`)).toEqual([])
})

test('every part has its rule', () => {
  const parts = new Set(files.map(partOf).filter(part => !part.startsWith('adapters/') && part !== 'main'))
  expect([...parts].filter(part => !(part in allowed))).toEqual([])
})

test('adapters do not know each other', () => {
  const wrong = imports.filter(({ file, target }) => {
    const [from, to] = [partOf(file), partOf(target)]
    return from.startsWith('adapters/') && from !== 'adapters/index' && to.startsWith('adapters/') && from !== to
  })
  expect(wrong).toEqual([])
})

/** A package that only some files may know, and which. */
const singleImporters: readonly (readonly [RegExp, RegExp])[] = [
  [/^ical\.js$/, /^src\/schedule\/(ical|jcal)\.ts$/],
  [/^rrule(-temporal)?$/, /^src\/schedule\/(recurrence|rule-engine|rrule)\.ts$/],
  [/^xml2js$/, /^src\/dav\/xml\.ts$/],
  [/^pg$/, /^adapters\/postgres\.ts$|^adapters\/postgres\//],
  [/^node:sqlite$/, /^adapters\/sqlite\.ts$|^adapters\/sqlite\//],
  [/^kaltura-client/, /^adapters\/kaltura\//],
  [/^googleapis/, /^adapters\/google\//],
  [/^@microsoft\/|^@azure\//, /^adapters\/microsoft365\//],
  [/^commander$|^cli-progress$|^csv-(parse|stringify)/, /^src\/cli\/|^src\/kaltura-server\//],
  [/^zod$|^yaml$/, /^src\/config(-\w+)?\.ts$|^src\/web\/|^src\/kaltura-server\/|^adapters\//],
]

test.each(singleImporters)('%s is known only to %s', (name, where) => {
  const importers = imports.filter(({ target }) => name.test(target)).map(({ file }) => file)
  expect(importers.filter(file => !where.test(file))).toEqual([])
})

test('the domain does no I/O, has no clock and knows no vendor', () => {
  const outside = imports.filter(({ file, target }) => file.startsWith('src/schedule/') && !target.startsWith('src/'))
  const known = /^(ical\.js|rrule|rrule-temporal|windows-iana|node:(buffer|util|crypto))$/
  expect(outside.filter(({ target }) => !known.test(target))).toEqual([])
  const clocks = filesIn('src/schedule').filter(file =>
    /new Date\(|Date\.now\(|Temporal\.Now/.test(readFileSync(join(root, file), 'utf8')),
  )
  expect(clocks).toEqual([])
})

const ceiling = 400

test(`no file is longer than ${ceiling} lines`, () => {
  const long = files
    .map(file => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > ceiling)
  for (const { file, lines } of long) console.warn(`LONG FILE: ${file} has ${lines} lines: is it two things?`)
  expect(long).toEqual([])
})

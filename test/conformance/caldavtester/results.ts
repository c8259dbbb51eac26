/** What the suite prints about its tests, and the list of those that are known to fail. */

/** `script | part | test`, as the suite names them. */
export type TestName = string

export interface Results {
  readonly passed: ReadonlySet<TestName>
  /** With what the suite says about it, in one line. */
  readonly failed: ReadonlyMap<TestName, string>
}

interface Outcome {
  readonly name: string
  readonly result: number | null
  readonly details: string
  readonly tests?: readonly Outcome[]
}

const PASSED = 0
const IGNORED = 3

/** `script`: a file of scripts/tests/CalDAV; `output`: what the suite's observer `jsondump` prints. */
export const readResults = (script: string, output: string): Results => {
  const passed = new Set<TestName>()
  const failed = new Map<TestName, string>()
  const line = output.split('\n').findLast(text => text.startsWith('[{'))
  const note = (name: TestName, { result, details }: Outcome): void => {
    if (result === PASSED) passed.add(name)
    else if (result !== IGNORED && result !== null) failed.set(name, details.split(/\s+/).join(' ').trim())
  }
  if (line === undefined) failed.set(`${script} | - | -`, `no results: ${output.slice(-300)}`)
  for (const file of (line === undefined ? [] : JSON.parse(line)) as readonly Outcome[]) {
    note(`${script} | - | -`, file)
    for (const part of file.tests ?? []) {
      for (const test of part.tests ?? []) note(`${script} | ${part.name} | ${test.name}`, test)
    }
  }
  return { passed, failed }
}

export interface KnownGap {
  readonly reason: string
  /** Whether it fails each time; otherwise it passes by the clock. */
  readonly always: boolean
}

/**
 * The list: a line `# reason` (`~ reason` for what sometimes passes), then lines `script | part | test test …` it
 * holds for. A test is named once.
 * @throws Error for any other line
 */
export const readKnownGaps = (text: string): ReadonlyMap<TestName, KnownGap> => {
  const gaps = new Map<TestName, KnownGap>()
  let gap: KnownGap | null = null
  for (const line of text.split('\n').filter(one => one.trim() !== '')) {
    const [script, part, tests, ...more] = line.split(' | ')
    if (/^[#~] /.test(line)) gap = { reason: line.slice(2), always: line.startsWith('#') }
    else if (!script || !part || !tests || more.length > 0 || !gap) throw new Error(`known gaps: ${line}`)
    else {
      for (const test of tests.split(' ')) {
        const name = `${script} | ${part} | ${test}`
        if (gaps.has(name)) throw new Error(`known gaps: ${name} is there twice`)
        gaps.set(name, gap)
      }
    }
  }
  return gaps
}

/** Names in the form of the list. */
export const asLines = (names: Iterable<TestName>): readonly string[] => {
  const lines = new Map<string, string[]>()
  for (const name of names) {
    const end = name.lastIndexOf(' | ')
    const part = name.slice(0, end)
    lines.set(part, [...(lines.get(part) ?? []), name.slice(end + 3)])
  }
  return [...lines].map(([part, tests]) => `${part} | ${tests.join(' ')}`)
}

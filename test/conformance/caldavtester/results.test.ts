import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { asLines, readKnownGaps, readResults } from './results.ts'
import { serverInfo } from './server-info.ts'

const printed = (result: number, details = '') =>
  `progress\n${JSON.stringify([
    {
      name: 'f',
      result: null,
      details: '',
      tests: [{ name: 'Part', result: null, details: '', tests: [{ name: '1', result, details }] }],
    },
  ])}\n`

describe('the results of the suite', () => {
  it('are told apart: passed, failed with its reason, left out', () => {
    expect([...readResults('a.xml', printed(0)).passed]).toEqual(['a.xml | Part | 1'])
    expect([...readResults('a.xml', printed(1, ' not \n  so')).failed]).toEqual([['a.xml | Part | 1', 'not so']])
    const ignored = readResults('a.xml', printed(3))
    expect([ignored.passed.size, ignored.failed.size]).toEqual([0, 0])
  })

  it('that were never printed are a failure, and so is a script that could not begin', () => {
    expect([...readResults('a.xml', 'Traceback').failed.keys()]).toEqual(['a.xml | - | -'])
    const stuck = JSON.stringify([{ name: 'f', result: 2, details: 'Start items failed', tests: [] }])
    expect([...readResults('a.xml', stuck).failed.values()]).toEqual(['Start items failed'])
  })
})

describe('the known gaps', () => {
  it('are tests with a reason each', () => {
    const gaps = readKnownGaps('# why\na.xml | Part | 1 2\n\n~ by the clock\nb.xml | Part | 1\n')
    expect(gaps.get('a.xml | Part | 2')).toEqual({ reason: 'why', always: true })
    expect(gaps.get('b.xml | Part | 1')).toEqual({ reason: 'by the clock', always: false })
    expect(asLines(gaps.keys())).toEqual(['a.xml | Part | 1 2', 'b.xml | Part | 1'])
  })

  it.each(['a.xml | Part | 1', '# why\na.xml | Part', '# why\na.xml | Part | 1 1', '# why\nwhat'])(
    'refuse %j',
    text => {
      expect(() => readKnownGaps(text)).toThrow('known gaps')
    },
  )

  it('of the gateway can be read', () => {
    const text = readFileSync(new URL('known-gaps.txt', import.meta.url), 'utf8')
    expect(readKnownGaps(text).size).toBeGreaterThan(0)
  })
})

it('a server without a key that we set is not described by half', () => {
  expect(() => serverInfo('<features></features>', 1)).toThrow('has nothing like')
})

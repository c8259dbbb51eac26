import { describe, expect, it } from 'vitest'
import { checkConditions, formatHttpDate } from '../../src/dav/conditions.ts'

const there = { etag: 'abc', lastModified: 1_700_000_000 }
const gone = { etag: null }

describe('conditions (RFC 9110 §13)', () => {
  it.each([
    [{ 'if-match': '"abc"' }, there, 'go'],
    [{ 'if-match': '"x", "abc"' }, there, 'go'],
    [{ 'if-match': '*' }, there, 'go'],
    [{ 'if-match': 'abc' }, there, 'go'],
    [{ 'if-match': 'W/"abc"' }, there, 412],
    [{ 'if-match': '"x"' }, there, 412],
    [{ 'if-match': '*' }, gone, 412],
    [{ 'if-match': '"abc"' }, gone, 412],
    [{ 'if-none-match': '*' }, gone, 'go'],
    [{ 'if-none-match': '*' }, there, 412],
    [{ 'if-none-match': '"abc"' }, there, 412],
    [{ 'if-none-match': 'W/"abc"' }, there, 412],
    [{ 'if-none-match': '"x"' }, there, 'go'],
    [{ 'if-unmodified-since': formatHttpDate(1_600_000_000) }, there, 412],
    [{ 'if-unmodified-since': formatHttpDate(1_700_000_000) }, there, 'go'],
    [{ 'if-unmodified-since': 'yesterday' }, there, 'go'],
    [{ 'if-match': '"abc"', 'if-unmodified-since': formatHttpDate(0) }, there, 'go'],
    [{}, gone, 'go'],
  ])('%j on %j when writing: %s', (headers, current, expected) => {
    const check = () => checkConditions(headers, current, false)
    if (expected === 'go') expect(check()).toBe(false)
    else expect(check).toThrow(expect.objectContaining({ status: 412 }))
  })

  it.each([
    [{ 'if-none-match': '"abc"' }, true],
    [{ 'if-none-match': 'W/"abc"' }, true],
    [{ 'if-none-match': '"x"', 'if-modified-since': formatHttpDate(1_800_000_000) }, false],
    [{ 'if-modified-since': formatHttpDate(1_700_000_000) }, true],
    [{ 'if-modified-since': formatHttpDate(1_600_000_000) }, false],
  ])('%j when reading: 304 is %s', (headers, expected) => {
    expect(checkConditions(headers, there, true)).toBe(expected)
  })

  it('names the current version when it refuses, so that a stuck client can recover', () => {
    expect(() => checkConditions({ 'if-match': '"old"' }, there, false)).toThrow(
      expect.objectContaining({ headers: { ETag: '"abc"' } }),
    )
  })
})

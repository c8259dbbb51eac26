import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodePath, encodePath, encodeSegment, pathOf } from '../../src/dav/href.ts'

describe('hrefs', () => {
  it('decode to what was encoded, always', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter(value => value.isWellFormed() && !/\p{Cc}/u.test(value) && value !== '.' && value !== '..')
    fc.assert(
      fc.property(fc.array(name, { minLength: 1 }), fc.boolean(), (segments, collection) => {
        const path = encodePath(segments, collection)
        expect(path).toMatch(/^[A-Za-z0-9_.~():@%/-]+$/)
        expect(decodePath(path)).toEqual({ segments, trailingSlash: collection })
      }),
    )
  })

  it.each([
    ['a@b.ics', 'a@b.ics'],
    ['a b', 'a%20b'],
    ['a+b', 'a%2Bb'],
    ['a/b', 'a%2Fb'],
    ["it's!*", 'it%27s%21%2A'],
    ['%2F', '%252F'],
    ['{A:1}', '%7BA:1%7D'],
  ])('writes %s as %s', (name, written) => {
    expect(encodeSegment(name)).toBe(written)
  })

  it('reads an encoded slash as part of the name and a plus as a plus', () => {
    expect(decodePath('/dav/a%2Fb/c+d').segments).toEqual(['dav', 'a/b', 'c+d'])
  })

  it('takes several slashes for one, wherever they are', () => {
    expect(decodePath('/dav/calendars//')).toEqual({ segments: ['dav', 'calendars'], trailingSlash: true })
    expect(decodePath('/dav//x')).toEqual({ segments: ['dav', 'x'], trailingSlash: false })
  })

  it.each(['/dav/%', '/dav/%zz', '/dav/%ff', '/dav/..', '/dav/%2e%2e/x', '/dav/./x', '/dav/a%00b', '/dav/a%0d%0ab'])(
    'refuses %s with 400',
    path => {
      expect(() => decodePath(path)).toThrow(expect.objectContaining({ status: 400 }))
    },
  )

  it.each([
    ['/dav/?a=b', '/dav/'],
    ['http://example.edu:8080/dav/x', '/dav/x'],
    ['http://example.edu', '/'],
    ['/', '/'],
  ])('finds the path of %s', (target, path) => {
    expect(pathOf(target)).toBe(path)
  })
})

import { describe, expect, it } from 'vitest'
import { parseFilter } from '../../src/caldav/filter.ts'
import { matchesText } from '../../src/caldav/text-match.ts'
import type { DavError } from '../../src/dav/errors.ts'
import { parseXml } from '../../src/dav/xml.ts'

const filter = (inside: string) =>
  parseFilter(parseXml(`<C:filter xmlns:C="urn:ietf:params:xml:ns:caldav">${inside}</C:filter>`))

const inEvent = (inside: string): string =>
  `<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">${inside}</C:comp-filter></C:comp-filter>`

const refusal = (inside: string): string | null => {
  try {
    filter(inside)
    return null
  } catch (error) {
    return (error as DavError).condition
  }
}

const range = '<C:time-range start="20270101T000000Z" end="20270102T000000Z"/>'

describe('CALDAV:filter', () => {
  it.each([
    ['nothing', ''],
    ['VEVENT at the top', '<C:comp-filter name="VEVENT"/>'],
    ['two components at the top', '<C:comp-filter name="VCALENDAR"/><C:comp-filter name="VCALENDAR"/>'],
    ['a time of VCALENDAR', `<C:comp-filter name="VCALENDAR">${range}</C:comp-filter>`],
    ['VALARM in VCALENDAR', '<C:comp-filter name="VCALENDAR"><C:comp-filter name="VALARM"/></C:comp-filter>'],
    ['VEVENT in VEVENT', inEvent('<C:comp-filter name="VEVENT"/>')],
    ['VEVENT in VALARM', inEvent('<C:comp-filter name="VALARM"><C:comp-filter name="VEVENT"/></C:comp-filter>')],
    [
      'a time of VTIMEZONE',
      `<C:comp-filter name="VCALENDAR"><C:comp-filter name="VTIMEZONE">${range}</C:comp-filter></C:comp-filter>`,
    ],
    ['a time of SUMMARY', inEvent(`<C:prop-filter name="SUMMARY">${range}</C:prop-filter>`)],
    ['a time range of dates', inEvent('<C:time-range start="20270101" end="20270102"/>')],
    ['a floating time range', inEvent('<C:time-range start="20270101T000000" end="20270102T000000"/>')],
    [
      'a time range that ends before it starts',
      inEvent('<C:time-range start="20270102T000000Z" end="20270101T000000Z"/>'),
    ],
    ['an impossible time', inEvent('<C:time-range start="20271301T000000Z"/>')],
    ['30 February', inEvent('<C:time-range start="20260230T000000Z"/>')],
    [
      'a negate-condition that is neither yes nor no',
      inEvent('<C:prop-filter name="X"><C:text-match negate-condition="maybe">x</C:text-match></C:prop-filter>'),
    ],
    ['is-not-defined beside other conditions', inEvent(`<C:is-not-defined/>${range}`)],
    ['a filter without a name', inEvent('<C:prop-filter/>')],
    ['an element with no meaning', inEvent('<C:foo/>')],
  ])('%s is CALDAV:valid-filter', (_, inside) => {
    expect(refusal(inside)).toBe('{urn:ietf:params:xml:ns:caldav}valid-filter')
  })

  it('a time range without bounds is none: 400', () => {
    expect(() => filter(inEvent('<C:time-range/>'))).toThrow(expect.objectContaining({ status: 400 }))
  })

  it('an unknown collation is CALDAV:supported-collation', () => {
    const inside = inEvent(
      '<C:prop-filter name="SUMMARY"><C:text-match collation="i;klingon">x</C:text-match></C:prop-filter>',
    )
    expect(refusal(inside)).toBe('{urn:ietf:params:xml:ns:caldav}supported-collation')
  })

  it('does not take the first century for the last one', () => {
    const parsed = filter(inEvent('<C:time-range start="00500101T000000Z"/>'))
    expect(parsed.components[0]?.timeRange?.from).toBe(Date.UTC(1900, 0, 1) / 1000)
  })

  it('reads an open time range up to the ends of our calendars', () => {
    const parsed = filter(inEvent('<C:time-range start="20260101T000000Z"/>'))
    const [event] = parsed.components
    expect(event?.timeRange).toEqual({ from: 1767225600, to: Date.UTC(2100, 0, 1) / 1000 })
  })
})

describe('CALDAV:text-match', () => {
  it.each([
    ['i;ascii-casemap', 'straße', 'STRAßE', true],
    ['i;ascii-casemap', 'Ü', 'ü', false],
    ['i;unicode-casemap', 'Ü', 'über', true],
    ['i;unicode-casemap', 'STRASSE', 'straße', true],
    ['i;octet', 'a', 'A', false],
    ['i;octet', 'b', 'abc', true],
  ] as const)('%s finds %s in %s: %s', (collation, text, value, expected) => {
    expect(matchesText({ text, collation, negate: false }, [value])).toBe(expected)
    expect(matchesText({ text, collation, negate: true }, [value])).toBe(!expected)
  })
})

import { describe, expect, it } from 'vitest'
import { checkAvailability, unavailableTimes } from '../../src/caldav/availability.ts'

const text = (bounds: readonly string[], ...open: readonly (readonly string[])[]): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'BEGIN:VAVAILABILITY',
    'UID:hours',
    'DTSTAMP:20260101T000000Z',
    ...bounds,
    ...open.flatMap((lines, index) => ['BEGIN:AVAILABLE', `UID:open-${index}`, ...lines, 'END:AVAILABLE']),
    'END:VAVAILABILITY',
    'END:VCALENDAR',
    '',
  ].join('\r\n')

const at = (instant: string): number => Temporal.Instant.from(instant).epochMilliseconds / 1000
const window = { from: at('2027-02-04T00:00:00Z'), to: at('2027-02-07T00:00:00Z') }
const shown = (calendar: string): readonly string[] =>
  unavailableTimes(calendar, window, 'Europe/Berlin').map(
    ({ start, end }) => `${new Date(start * 1000).toISOString()} ${new Date(end * 1000).toISOString()}`,
  )

describe('calendar-availability (RFC 7953)', () => {
  const morning = ['DTSTART:20270205T080000Z', 'DURATION:PT4H']

  it.each([
    ['DTEND', ['DTSTART:20270205T000000Z', 'DTEND:20270206T000000Z']],
    ['DURATION', ['DTSTART:20270205T000000Z', 'DURATION:P1D']],
  ])('speaks of no other time than its own, bounded by %s', (_, bounds) => {
    expect(shown(text(bounds, morning))).toEqual([
      '2027-02-05T00:00:00.000Z 2027-02-05T08:00:00.000Z',
      '2027-02-05T12:00:00.000Z 2027-02-06T00:00:00.000Z',
    ])
  })

  it('speaks of all times where it has no bounds', () => {
    expect(shown(text([], morning))).toEqual([
      '2027-02-04T00:00:00.000Z 2027-02-05T08:00:00.000Z',
      '2027-02-05T12:00:00.000Z 2027-02-07T00:00:00.000Z',
    ])
  })

  it('is refused where an AVAILABLE cannot be read, which would close the room for ever', () => {
    expect(checkAvailability(text([], morning))).toBeNull()
    for (const lines of [
      ['DTEND:20270205T120000Z'],
      ['DTSTART:tomorrow'],
      ['DTSTART;TZID=Mars/City:20270205T080000'],
    ]) {
      expect(checkAvailability(text([], morning, lines))?.condition).toBe(
        '{urn:ietf:params:xml:ns:caldav}valid-calendar-data',
      )
    }
  })
})

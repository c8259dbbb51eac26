import { describe, expect, it } from 'vitest'
import { busyTimes, freeBusyText } from '../../src/caldav/busy-times.ts'
import { ics, startTestGateway } from './gateway.ts'

const HOUR = 3600
const at = (text: string): number => Temporal.Instant.from(text).epochMilliseconds / 1000

describe('free/busy as text', () => {
  it('writes each time with the date it falls on, also across midnight and before 1970', async () => {
    const starts = ['1969-12-31T23:30:00Z', '1970-01-01T00:30:05Z', '2028-02-28T23:59:59Z', '2028-03-01T00:00:00Z']
    const periods = starts.map(start => ({ start: at(start), end: at(start) + HOUR, type: 'BUSY' as const }))
    const text = (await freeBusyText(periods, { from: 0, to: 1 }, 0)).replaceAll('\r\n ', '')
    expect(/FREEBUSY;FBTYPE=BUSY:(.*)/.exec(text)?.[1]?.split(',')).toEqual([
      '19691231T233000Z/19700101T003000Z',
      '19700101T003005Z/19700101T013005Z',
      '20280228T235959Z/20280229T005959Z',
      '20280301T000000Z/20280301T010000Z',
    ])
  })

  it('leaves out what lasts no time: a period starts before it ends (RFC 5545 §3.3.9)', () => {
    const moment = { start: 100, end: 100, type: 'BUSY' as const }
    expect(busyTimes([moment, { ...moment, end: 200 }], { from: 0, to: 150 })).toEqual([{ ...moment, end: 150 }])
    expect(busyTimes([moment], { from: 0, to: 150 })).toEqual([])
  })

  it.each([73, 74, 75, 148, 149])('folds a line of %i octets so that none is longer than 75', async length => {
    const line = 'X'.repeat(length)
    const text = await freeBusyText([], { from: 0, to: 1 }, 0, { lines: [line] })
    expect(Math.max(...text.split('\r\n').map(part => part.length))).toBeLessThanOrEqual(75)
    expect(text).not.toContain('\r\n \r\n')
    expect(text.replaceAll('\r\n ', '').split('\r\n')).toContain(line)
  })
})

// As many arguments as a call takes was the limit once.
it('a calendar with more busy times than a call takes arguments is answered', async () => {
  const gateway = await startTestGateway()
  const put = await gateway.call('PUT', '/dav/calendars/lh101/many.ics', { body: ics('many', [], '20290101T000000Z') })
  expect(put.status).toBe(201)
  await gateway.store.database.query(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150000)
     INSERT INTO occurrence (resource_id, is_long, start_at, end_at, busy, blackout, uid)
     SELECT 101, 0, CAST($1 AS BIGINT) + i * 60, CAST($1 AS BIGINT) + i * 60 + 30, 1, 0, 'many' FROM n`,
    [at('2029-01-02T00:00:00Z')],
  )
  const range = '<C:time-range start="20290102T000000Z" end="20300101T000000Z"/>'
  const answer = await gateway.call('REPORT', '/dav/calendars/lh101/', {
    headers: { depth: '1' },
    body: `<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">${range}</C:free-busy-query>`,
  })
  expect(answer.status).toBe(200)
  expect(answer.body.replaceAll('\r\n ', '').match(/Z\/\d/g)).toHaveLength(150_000)
  await gateway.close()
})

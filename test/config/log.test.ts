import { expect, test } from 'vitest'
import { Unavailable } from '../../src/errors.ts'
import { createLog, redact, routeClass } from '../../src/log.ts'

const lines = (write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] => {
  const written: string[] = []
  write(createLog('debug', { write: line => void written.push(line) }))
  return written.map(line => JSON.parse(line))
}

test('hides what gives access, in fields and in texts', () => {
  const [line] = lines(log =>
    log.info({
      ...{ password: 'p-1', token: 7, headers: { authorization: 'Basic cC0x' }, user: { token: 't-2' } },
      err: Object.assign(new Error('GET https://u:p-1@h/feeds/t-2/lh101.ics?ks=k-3 said Bearer b-4'), {
        config: { headers: { Authorization: 'Bearer b-4' } },
      }),
    }),
  )
  expect(JSON.stringify(line)).not.toMatch(/p-1|t-2|k-3|b-4|cC0x/)
  expect(line).toMatchObject({ level: 'info', token: 7, err: { type: 'Error' } })
})

test('keeps the stack of defects only', () => {
  const [foreseen, defect] = lines(log => {
    log.warn({ err: new Unavailable('the account is down') }, 'x')
    log.error({ err: new TypeError('oops') }, 'x')
  })
  expect(foreseen?.err).toEqual({ type: 'Unavailable', message: 'the account is down' })
  expect(defect?.err).toMatchObject({ stack: expect.stringContaining('log.test.ts') })
})

test('redacts URLs and leaves the rest', () => {
  expect(redact('/feeds/abc123/lh101.ics?profile=device')).toBe('/feeds/[redacted]/lh101.ics?profile=device')
  expect(redact('/api_v3/service/x/ks/djJ8/format/ical')).toBe('/api_v3/service/x/ks/[redacted]/format/ical')
  expect(redact('/dav/calendars/lh101/a.ics')).toBe('/dav/calendars/lh101/a.ics')
})

test('sorts URLs into few classes', () => {
  expect(
    ['/dav/x', '/feeds/t/a.ics', '/api_v3/service', '/api/x?y', '/', '/wp-login.php', '/metrics?x'].map(routeClass),
  ).toEqual(['dav', 'feeds', 'api_v3', 'api', 'web', 'web', 'metrics'])
})

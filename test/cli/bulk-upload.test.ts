import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { command, workplace } from './support/run.ts'

const calendar = (...lines: readonly string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'BEGIN:VEVENT', ...lines, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n')

test('what is exported for Kaltura’s own reader is taken by it; what is refused is named, with status 1', async () => {
  const place = workplace({ TZ: 'Europe/Berlin' })
  const run = (...args: readonly string[]) => command(place, args)
  const at = ['DTSTART;TZID=Europe/Berlin:20270701T100000', 'DTEND;TZID=Europe/Berlin:20270701T110000']
  const event = ['UID:one', 'DTSTAMP:20260101T000000Z', ...at]
  writeFileSync(join(place.folder, 'in.ics'), calendar(...event, 'SUMMARY:One\\, two'))
  await run('import', 'in.ics')
  const span = ['--from', '2027-07-01', '--to', '2027-07-02']
  const written = await run('export', '--profile', 'kaltura-bulk', ...span, '-o', 'out.ics')
  expect(written).toMatchObject({ status: 0, stderr: '1 event in out.ics\n' })
  const none = await run('export', '--profile', 'kaltura-bulk', '--type', 'live', ...span)
  expect(none.stdout).not.toContain('VEVENT')
  expect(none.stderr).toContain('1 event of another type')
  const sent = await run('bulk-upload', 'out.ics', '--type', 'record', '--json')
  expect(sent.status).toBe(0)
  expect(JSON.parse(sent.stdout)).toMatchObject({ finished: true, items: [{ name: 'one', refused: false }] })

  writeFileSync(join(place.folder, 'bad.ics'), calendar(...event, 'STATUS:CONFIRMED'))
  const bad = await run('bulk-upload', 'bad.ics')
  expect(bad.status).toBe(1)
  expect(bad.stdout).toMatch(/1 +one +refused +- +\w+: /)
  writeFileSync(join(place.folder, 'lf.ics'), calendar(...event).replaceAll('\r', ''))
  expect(await run('bulk-upload', 'lf.ics')).toMatchObject({ status: 1 })
  expect(await run('bulk-upload', 'x.txt')).toMatchObject({ status: 2 })
  expect(await run('bulk-upload', 'missing.ics')).toMatchObject({ status: 2 })
})

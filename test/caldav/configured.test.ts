/** What is off until the configuration says so, in the gateway as it is started. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { startGateway } from '../../src/main.ts'
import { createMetrics } from '../../src/metrics.ts'

const authorization = `Basic ${Buffer.from('admin:secret').toString('base64')}`

/** The DAV header of the root, and the status of the outbox, of a gateway with this configuration. */
const started = async (yaml: string): Promise<{ readonly dav: string; readonly outbox: number }> => {
  const folder = mkdtempSync(join(tmpdir(), 'kaldav-configured-'))
  writeFileSync(join(folder, 'kaldav.yaml'), `timeZone: Europe/Berlin\n${yaml}`)
  const env = { KALDAV_CONFIG: join(folder, 'kaldav.yaml'), KALDAV_DATA_DIR: join(folder, 'data'), PORT: '0' }
  const config = loadConfig({ ...env, KALDAV_EXAMPLE: '0', KALDAV_ADMIN_PASSWORD: 'secret' }, folder)
  const running = await startGateway(config, createLog('silent'), createMetrics())
  onTestFinished(async () => {
    await running.close()
    rmSync(folder, { recursive: true })
  })
  const origin = `http://127.0.0.1:${new URL(running.url).port}`
  const options = await fetch(`${origin}/dav/`, { method: 'OPTIONS' })
  const outbox = await fetch(`${origin}/dav/calendars/_outbox/`, {
    method: 'PROPFIND',
    headers: { authorization, depth: '0' },
  })
  return { dav: options.headers.get('dav') ?? '', outbox: outbox.status }
}

it('rooms answer invitations where the configuration says so', { timeout: 60_000 }, async () => {
  const { dav, outbox } = await started('scheduling: rooms')
  expect([dav.includes('calendar-auto-schedule'), outbox]).toEqual([true, 207])
})

it('WebDAV-Push is offered where the configuration has keys', { timeout: 60_000 }, async () => {
  // The pair of RFC 8291 appendix A.
  const publicKey = 'BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8'
  const privateKey = 'yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'
  const { dav } = await started(
    `push: { subject: "mailto:av@example.edu", publicKey: "${publicKey}", privateKey: "${privateKey}" }`,
  )
  expect(dav).toContain('webdav-push')
})

it('both are off otherwise', { timeout: 60_000 }, async () => {
  const { dav, outbox } = await started('users: []')
  expect([dav.includes('calendar-auto-schedule'), dav.includes('webdav-push'), outbox]).toEqual([false, false, 404])
})

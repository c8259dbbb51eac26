/** What nobody has configured costs nothing. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** Starts a gateway with these sources and ends it. @returns the vendor's modules that were loaded, and those until it was ready */
function modulesOf(sources: string): { readonly all: string[]; readonly atStart: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'kaldav-modules-'))
  const file = join(folder, 'kaldav.yaml')
  writeFileSync(file, `timeZone: Europe/Berlin\n${sources}`)
  const main = join(folder, 'main.mjs')
  writeFileSync(
    main,
    `import { registerHooks } from 'node:module'
const loaded = []
registerHooks({
  load(url, context, next) {
    if (/@azure|microsoft-graph|adapters.microsoft365/.test(url)) loaded.push(url)
    return next(url, context)
  },
})
const { loadConfig } = await import('${root}/src/config.ts')
const { createLog } = await import('${root}/src/log.ts')
const { startGateway } = await import('${root}/src/main.ts')
const { createMetrics } = await import('${root}/src/metrics.ts')
const env = { KALDAV_CONFIG: ${JSON.stringify(file)}, KALDAV_DATA_DIR: ${JSON.stringify(folder)}, PORT: '0', KALDAV_EXAMPLE: '1' }
const running = await startGateway(loadConfig(env, ${JSON.stringify(folder)}), createLog('silent'), createMetrics())
const atStart = [...loaded]
await running.gateway.sync.run(null)
await running.close()
process.stdout.write(JSON.stringify({ all: loaded, atStart }))
`,
  )
  const { stdout, stderr } = spawnSync(process.execPath, [main], { cwd: root, encoding: 'utf8' })
  try {
    return JSON.parse(stdout)
  } catch {
    throw new Error(stderr)
  }
}

it('no module of Microsoft is loaded where no source is its', () => {
  expect(modulesOf('').all).toEqual([])
}, 60_000)

it('and they are where one is, before anybody is answered: loading holds everything up', () => {
  const source = `sources:
  - { id: m365, type: microsoft365, tenantId: 11111111-2222-3333-4444-555555555555, clientId: a, clientSecret: s,
      graphUrl: "https://localhost:1", authorityUrl: "https://localhost:1",
      calendars: [ { mailbox: r@contoso.test, resource: lh101 } ] }
`
  expect(modulesOf(source).atStart.join()).toMatch(/adapters\/microsoft365.*@azure\/identity/)
}, 60_000)

import { join } from 'node:path'
import { Command } from 'commander'
import { createLog } from '../log.ts'
import type { Running } from '../main.ts'
import { createMetrics } from '../metrics.ts'
import { print } from './output.ts'
import { publicUrl } from './public-url.ts'
import { readConfig } from './run.ts'
import { askedToStop } from './stopping.ts'

/** Later than the 8 s that requests in flight are given, and sooner than the 10 s a supervisor waits. */
const longestStop = 9500

export const serve = new Command('serve')
  .description('start the gateway: CalDAV, feeds, synchronisation and the web page')
  .action(async () => {
    const config = readConfig()
    const log = createLog(config.logLevel)
    process.on('unhandledRejection', error => log.error({ err: error }, 'a defect: a failure nobody waited for'))
    const asked = askedToStop()
    const { startGateway } = await import('../main.ts')
    const running = await startGateway(config, log, createMetrics())
    print(await banner(running))
    const why = await asked
    log.info({ why }, 'stopping')
    setTimeout(() => process.exit(0), longestStop).unref()
    await running.close()
    log.info('stopped')
    process.exit(0)
  })

/** Where people, calendar programs and devices find the gateway. */
async function banner({ gateway, url, madePassword }: Running): Promise<string> {
  const { config, auth, store } = gateway
  const base = publicUrl(config, Number(new URL(url).port))
  const lines = [
    ['Web page', `${base}/`],
    ['CalDAV', `${base}/dav/`],
  ]
  const rooms = (await store.resources()).filter(({ status }) => status === 2)
  const room = rooms.find(({ systemName }) => systemName === 'lh101') ?? rooms.find(({ type }) => type === 'location')
  if (room) {
    const token = await auth.bannerToken(join(config.dataDir, 'device-token'), room.systemName)
    lines.push(['Device feed', `${base}/feeds/${token}/${encodeURIComponent(room.systemName)}.ics?profile=device`])
  }
  lines.push(['User', 'admin'])
  if (madePassword !== null)
    lines.push(['Password', `${madePassword}   (shown only now; "kaldav user passwd admin" changes it)`])
  return `\nkaldav is ready.\n\n${lines.map(([name = '', value]) => `  ${name.padEnd(12)} ${value}`).join('\n')}\n`
}

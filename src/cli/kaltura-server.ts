import { Command, Option } from 'commander'
import { createLog } from '../log.ts'
import { print, table } from './output.ts'
import { publicUrl } from './public-url.ts'
import { readConfig } from './run.ts'
import { askedToStop } from './stopping.ts'

interface Options {
  readonly test?: boolean
  readonly ical: 'standard' | 'verbatim'
}

export const kalturaServer = new Command('kaltura-server')
  .description('start the embedded Kaltura account alone, with a store of its own: for trying devices and programs')
  .option('--test', 'let an administrator switch faults on: latency, errors, expired sessions')
  .addOption(
    new Option('--ical <form>', 'format/ical as correct iCalendar, or byte for byte as Kaltura writes it')
      .choices(['standard', 'verbatim'])
      .default('standard'),
  )
  .action(async ({ test = false, ical }: Options) => {
    const config = readConfig()
    const log = createLog(config.logLevel)
    const asked = askedToStop()
    const { startAccount } = await import('../main.ts')
    const { url, credentials, close } = await startAccount(config, log, { test, icalOutput: ical })
    const { partnerId, appToken, deviceAppToken } = credentials
    const rows = [
      ['service URL', publicUrl(config, Number(new URL(url).port))],
      ['partner id', partnerId],
      ['app token (administrator)', `${appToken.id}  ${appToken.token}`],
      ['app token (capture device)', `${deviceAppToken.id}  ${deviceAppToken.token}`],
    ] as const
    print(table(['KALTURA SERVER', ''], rows))
    log.info({ why: await asked }, 'stopping')
    await close()
    process.exit(0)
  })

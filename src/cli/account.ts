import { Command } from 'commander'
import { print, printJson, table } from './output.ts'
import { publicUrl } from './public-url.ts'
import { WrongUse, withGateway } from './run.ts'

export const account = new Command('account')
  .description('how programs and capture devices reach the embedded Kaltura account')
  .option('--json', 'print JSON')
  .action(({ json }: { json?: boolean }) =>
    withGateway(async ({ kaltura, config }) => {
      if (!kaltura) {
        throw new WrongUse(`The account is a real one, at ${config.account?.serviceUrl}.`, {
          remedy: 'Its app tokens are made and shown in Kaltura.',
        })
      }
      const { partnerId, appToken, deviceAppToken } = await kaltura.bootstrap()
      const serviceUrl = publicUrl(config)
      if (json) {
        printJson({ serviceUrl, partnerId, appToken, deviceAppToken })
        return
      }
      const rows = [
        ['service URL', serviceUrl],
        ['partner id', partnerId],
        ['app token (administrator)', `${appToken.id}  ${appToken.token}`],
        ['app token (capture device)', `${deviceAppToken.id}  ${deviceAppToken.token}`],
      ] as const
      print(table(['EMBEDDED ACCOUNT', ''], rows))
    }),
  )

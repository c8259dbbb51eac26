/** The configured sources as calendars the engine can bind. */
import type { Logger } from 'pino'
import type { KalturaAccount } from '../adapters/kaltura/index.ts'
import type { Config } from './config.ts'
import type { Store } from './store/store.ts'
import type { ConfiguredCalendar } from './sync/configured.ts'
import { withResources } from './sync/resources.ts'

/** The embedded account is asked often: it is ours, and a question costs it next to nothing. */
const embeddedPollSeconds = 10

/** The account schedule itself, as a source like any other. */
export function accountSource(config: Config, account: KalturaAccount, store: Store, log: Logger): ConfiguredCalendar {
  const zoneOf = (systemName: string) => config.resources[systemName]?.timeZone ?? config.timeZone
  return {
    source: 'kaltura',
    type: 'kaltura',
    calendar: 'account',
    resource: null,
    direction: 'both',
    pollSeconds: config.account?.pollSeconds ?? embeddedPollSeconds,
    open: async () => withResources(account, store, zoneOf, log),
  }
}

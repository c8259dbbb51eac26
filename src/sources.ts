/** The configured sources as calendars the engine can bind. */
import type { Logger } from 'pino'
import { adapters } from '../adapters/index.ts'
import type { KalturaAccount } from '../adapters/kaltura/index.ts'
import type { Config, SourceConfig } from './config.ts'
import { AccessDenied } from './errors.ts'
import type { Store } from './store/store.ts'
import type { ConfiguredCalendar } from './sync/configured.ts'
import { withResources } from './sync/resources.ts'

/** The embedded account is asked often: it is ours, and a question costs it next to nothing. */
const embeddedPollSeconds = 10

/**
 * Loads the vendors' modules of the configured sources. Each takes about a tenth of a second in one piece: better before
 * anybody waits for an answer.
 */
export async function loadVendors({ sources }: Config): Promise<void> {
  for (const type of new Set(sources.map(source => source.type))) {
    if (type === 'google' || type === 'microsoft365') await (await adapters[type]()).loadModules()
  }
}

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

type Google = Extract<SourceConfig, { type: 'google' }>

/** One room another system could be bound to, and where it was found. */
export interface Discovered {
  readonly source: string
  readonly calendar: string
  readonly name: string
  readonly capacity: number | null
  readonly place: string | null
}

/** Rooms that the configured Google sources can see in their Directory. @throws AccessDenied · Unavailable */
export async function discoverRooms(config: Config): Promise<Discovered[]> {
  const found: Discovered[] = []
  for (const source of config.sources) {
    if (source.type !== 'google') continue
    const { id, keyFile, subject, apiUrl, tokenUrl } = source
    const { discoverGoogle } = await adapters.google()
    const rooms = await discoverGoogle({ keyFile, subject, apiUrl, tokenUrl, oauth: oauthOf(source) })
    found.push(...rooms.map(({ calendarId, ...rest }) => ({ source: id, calendar: calendarId, ...rest })))
  }
  return found
}

/** How one configured source was found to be. */
export interface Examination {
  readonly source: string
  readonly ok: boolean
  readonly message: string
  readonly remedy: string | null
}

/** Asks Google whether each configured source has the rights that its calendars need. Writes nothing. */
export async function examineGoogleSources(config: Config): Promise<Examination[]> {
  const results: Examination[] = []
  for (const source of config.sources) {
    if (source.type !== 'google') continue
    const { id, keyFile, subject, apiUrl, tokenUrl, organizer = null } = source
    const { examineGoogle } = await adapters.google()
    const calendars = source.calendars.map(({ calendarId, direction }) => ({
      calendarId,
      isWritten: direction !== 'in',
    }))
    const options = { keyFile, subject, apiUrl, tokenUrl, organizer, calendars, oauth: oauthOf(source) }
    results.push(...(await examineGoogle(options)).map(finding => ({ source: id, ...finding })))
  }
  return results
}

/** Asks Microsoft 365 whether each configured source reaches its mailboxes, and no other. Writes nothing. */
export async function examineMicrosoft365Sources(config: Config): Promise<Examination[]> {
  const results: Examination[] = []
  for (const source of config.sources) {
    if (source.type !== 'microsoft365') continue
    const { examineMicrosoft365 } = await adapters.microsoft365()
    const mailboxes = source.calendars.map(({ mailbox }) => mailbox)
    const examined = { mailboxes, outOfReach: source.outOfReach ?? null }
    const findings = await examineMicrosoft365(microsoft365Options(source, ''), examined)
    results.push(...findings.map(finding => ({ source: source.id, ...finding })))
  }
  return results
}

const oauthOf = ({ oauth }: Google) =>
  oauth && {
    clientId: oauth.clientId,
    clientSecret: oauth.clientSecret.reveal(),
    refreshToken: oauth.refreshToken.reveal(),
  }

/** @param tenant tells this gateway from others on the same calendar */
function googleCalendars(source: Google, tenant: string, zone: string): ConfiguredCalendar[] {
  const { id, keyFile, subject, organizer, apiUrl, tokenUrl, pollSeconds, calendars } = source
  let opened: Promise<ReturnType<Awaited<ReturnType<typeof adapters.google>>['openGoogle']>> | null = null
  const client = () => {
    opened ??= adapters.google().then(({ openGoogle }) =>
      openGoogle({
        ...{ keyFile, subject, apiUrl, tokenUrl, tenant, organizer: organizer ?? null },
        oauth: oauthOf(source),
      }),
    )
    return opened
  }
  return calendars.map(({ calendarId, resource, direction }) => ({
    ...{ source: id, type: 'google', calendar: calendarId, resource, direction, pollSeconds },
    open: async room => (await client())(calendarId, room?.timeZone ?? zone),
  }))
}

type Microsoft365 = Extract<SourceConfig, { type: 'microsoft365' }>

const microsoft365Options = (source: Microsoft365, tenant: string) => {
  const { tenantId, clientId, clientSecret, certificate, managedIdentity, organizer, graphUrl, authorityUrl } = source
  return {
    ...{ tenantId, clientId, certificate, managedIdentity, graphUrl, authorityUrl, tenant },
    ...{ clientSecret: clientSecret?.reveal(), organizer: organizer ?? null },
  }
}

/** @param zone of rooms that do not exist in the account */
function microsoft365Calendars(source: Microsoft365, tenant: string, zone: string): ConfiguredCalendar[] {
  const { id, pollSeconds, calendars } = source
  let opened: Promise<ReturnType<Awaited<ReturnType<typeof adapters.microsoft365>>['openMicrosoft365']>> | null = null
  const client = () => {
    opened ??= adapters
      .microsoft365()
      .then(({ openMicrosoft365 }) => openMicrosoft365(microsoft365Options(source, tenant)))
    return opened
  }
  return calendars.map(({ mailbox, resource, direction }) => ({
    ...{ source: id, type: 'microsoft365', calendar: mailbox, resource, direction, pollSeconds },
    open: async room => (await client())(mailbox, room?.timeZone ?? zone),
  }))
}

type Unsupported = Exclude<SourceConfig, Google | Microsoft365>

/** A source of a type that has no adapter yet is shown as failing, with the reason; the others go on. */
function unsupportedCalendar({ id, type, pollSeconds, url }: Unsupported): ConfiguredCalendar {
  const { host, pathname } = new URL(url)
  return {
    ...{ source: id, type, calendar: `${host}${pathname}`, resource: null, direction: 'in', pollSeconds },
    open: async () => {
      const remedy = 'Leave the source out of the configuration; files can be taken in by "kaldav import".'
      throw new AccessDenied(`This version has no adapter for sources of type ${type} yet.`, { remedy })
    },
  }
}

export function configuredCalendars(config: Config, tenant: string): ConfiguredCalendar[] {
  return config.sources.flatMap(source => {
    if (source.type === 'google') return googleCalendars(source, tenant, config.timeZone)
    if (source.type === 'microsoft365') return microsoft365Calendars(source, tenant, config.timeZone)
    return [unsupportedCalendar(source)]
  })
}

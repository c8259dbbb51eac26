/** What `kaldav doctor` asks of the account: each part by itself, with what to do about it. */
import { KaldavError } from '../../src/errors.ts'
import { fromEpoch } from '../../src/schedule/caltime.ts'
import { isDate } from '../../src/schedule/event.ts'
import { ApiFailure, hasCode, meaningOf } from './errors.ts'
import { listEvents } from './read.ts'
import { number, text } from './rows.ts'
import { services } from './sdk.ts'
import type { Ask, KalturaSession } from './session.ts'

export interface AccountFinding {
  readonly level: 'ok' | 'warning' | 'error'
  /** What was looked at. */
  readonly part: string
  readonly message: string
  readonly remedy: string | null
}

/** Clocks further apart than this make sessions end early and devices refuse to record, seconds. */
const MAX_SKEW = 60

const ok = (part: string, message: string): AccountFinding => ({ level: 'ok', part, message, remedy: null })

const problem = (level: 'warning' | 'error', part: string, error: unknown): AccountFinding => ({
  level,
  part,
  message: error instanceof Error ? error.message : String(error),
  remedy: error instanceof KaldavError ? error.remedy : null,
})

/** An id no event has: asking to change it needs the permission, and changes nothing. */
const NOBODY = 2_147_483_647

/** Each permission the gateway needs, by a request that is refused for another reason where the permission is there. */
const needed: readonly (readonly [part: string, ask: Ask])[] = [
  ['read events', listEvents({ recurrenceTypeEqual: 0 }, 1, 1)],
  ['read an event', () => services.scheduleEvent.get(NOBODY)],
  ['write events', () => services.scheduleEvent.update(NOBODY, { objectType: 'KalturaRecordScheduleEvent' })],
  ['cancel events', () => services.scheduleEvent.cancel(NOBODY)],
  ['delete events', () => services.scheduleEvent.deleteAction(NOBODY)],
  [
    'read resources',
    () => services.scheduleResource.listAction(null, { objectType: 'KalturaFilterPager', pageSize: 1 }),
  ],
  ['read links', () => services.scheduleEventResource.listAction({ eventIdEqual: NOBODY }, null, false)],
  ['write links', () => services.scheduleEventResource.add({ eventId: NOBODY, resourceId: NOBODY })],
  ['delete links', () => services.scheduleEventResource.deleteAction(NOBODY, NOBODY)],
]

async function permission(session: KalturaSession, part: string, ask: Ask): Promise<AccountFinding> {
  try {
    await session.ask(ask)
  } catch (error) {
    const { service, action } = ask()
    if (!(error instanceof ApiFailure)) return problem('error', part, error)
    if (hasCode(error, 'SERVICE_FORBIDDEN')) return problem('error', part, meaningOf(error, `${service} ${action}`))
  }
  return ok(part, 'allowed')
}

function clock(session: KalturaSession): AccountFinding {
  const skew = session.skew()
  if (Math.abs(skew) <= MAX_SKEW) return ok('clock', `within ${Math.abs(skew)} s of Kaltura's`)
  return {
    ...{
      level: 'warning',
      part: 'clock',
      message: `${Math.abs(skew)} s ${skew > 0 ? 'behind' : 'ahead of'} Kaltura's`,
    },
    remedy: "set this machine's clock by NTP",
  }
}

/** The API does not tell the server's own zone, so nothing may hang on it: what it says of the time is shown. */
async function serverTime(session: KalturaSession, zone: string): Promise<AccountFinding> {
  const time = number(await session.ask(() => services.system.getTime()))
  const version = text(await session.ask(() => services.system.getVersion()).catch(() => ''))
  const shown = fromEpoch(time, zone)
  const told = isDate(shown) ? shown.date : `${shown.dateTime} in ${zone}`
  return ok('time zone', `Kaltura${version && ` ${version}`} says it is ${told}; every series names its own zone`)
}

export async function check(session: KalturaSession, zone: string): Promise<AccountFinding[]> {
  try {
    await session.open()
  } catch (error) {
    return [problem('error', 'session', error)]
  }
  const findings = [ok('session', 'the app token opens a session'), clock(session)]
  findings.push(await serverTime(session, zone).catch(error => problem('warning', 'time zone', error)))
  for (const [part, ask] of needed) findings.push(await permission(session, part, ask))
  return findings
}

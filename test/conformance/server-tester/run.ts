/**
 * `npm run caldav-server-tester [-- SEED]`: python-caldav/caldav-server-tester against a gateway of its own, with Radicale beside
 * it for the tasks and journals that the tester stores first. PYTHONPATH names what Debian does not have new enough.
 *
 * Then searches at random, compared with python-caldav's own filter among the same events. Exits 1 where the tester
 * says of a feature what is not listed here, and where a search differs.
 */
import { join } from 'node:path'
import { RESOURCES, startTestGateway } from '../../caldav/gateway.ts'
import { mustRun } from '../support/process.ts'
import { openRadicale } from '../support/radicale.ts'

/** Features that are not `full`: what the tester says, and why. */
const KNOWN: Readonly<Record<string, readonly [support: string, reason: string]>> = {
  'create-calendar': ['unsupported', 'calendars are resources of the account'],
  'create-calendar.auto': ['unsupported', 'likewise'],
  'delete-calendar': ['unknown', 'likewise'],
  'delete-calendar.free-namespace': ['unknown', 'likewise'],
  'save.duplicate-uid.cross-calendar': ['fragile', 'one UID in two rooms is one event in both, on purpose'],
  'search.comp-type.optional': [
    'ungraceful',
    'a time range of VCALENDAR itself is CALDAV:valid-filter (RFC 4791 §9.9)',
  ],
  'scheduling.mailbox.inbox-delivery': ['unsupported', 'nothing is sent from person to person'],
  'scheduling.schedule-tag.stable-partstat': ['unknown', 'both people see one event, not a copy each'],
}

/**
 * What it learns from tasks and journals, and thus not about the gateway: rooms hold events. Nor is an invitation
 * delivered because both people see it in the same room.
 */
const ELSEWHERE = /todo|journal|^search\.time-range\.open|auto-schedule/

const gateway = await startTestGateway({ scheduling: 'rooms' })
const peer = await openRadicale()
const [room, other, third] = RESOURCES
const access = { DAV_ROOT: `${gateway.url}/dav/`, DAV_USER: 'av-team', DAV_PASSWORD: 'secret' }

const python = async (script: string, parameters: readonly string[], env: Readonly<Record<string, string>>) =>
  (
    await mustRun('/usr/bin/python3', [join(import.meta.dirname, script), ...parameters], {
      env: { ...access, ...env },
      seconds: 600,
    })
  ).out

try {
  const checked = await python('check.py', [], {
    ...{ DAV_CALENDAR: room?.name ?? '', DAV_OTHER: other?.name ?? '', DAV_SECOND: 'booker' },
    ...{ PEER_ROOT: peer.root, PEER_USER: peer.user, PEER_PASSWORD: peer.password },
  })
  const found = Object.entries<string>(JSON.parse(checked)).filter(([name]) => !ELSEWHERE.test(name))
  const wrong = found.filter(([name, support]) => support !== (KNOWN[name]?.[0] ?? 'full'))
  for (const [name, support] of wrong) console.log(`${name}: ${support}, not ${KNOWN[name]?.[0] ?? 'full'}`)
  const full = found.filter(([, support]) => support === 'full').length
  console.log(`${full} of ${found.length} features are supported in full`)

  const [seed = String(Date.now() % 1_000_000)] = process.argv.slice(2)
  const differences = await python('searches.py', [seed], {
    DAV_CALENDAR: third?.name ?? '',
    TZ: third?.timeZone ?? 'UTC',
  })
  console.log(differences || 'no search differs', `(seed ${seed})`)
  process.exitCode = wrong.length > 0 || differences !== '' ? 1 : 0
} finally {
  await peer.close()
  await gateway.close()
}

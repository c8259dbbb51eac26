/**
 * `npm run caldav-server-tester`: python-caldav/caldav-server-tester against a gateway of its own, with Radicale beside
 * it for the tasks and journals that the tester stores first. PYTHONPATH names what Debian does not have new enough.
 *
 * Exits 1 where the tester says of a feature what is not listed here.
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
const [room, other] = RESOURCES
try {
  const { out } = await mustRun('/usr/bin/python3', [join(import.meta.dirname, 'check.py')], {
    env: {
      ...{ DAV_ROOT: `${gateway.url}/dav/`, DAV_CALENDAR: room?.name ?? '', DAV_OTHER: other?.name ?? '' },
      ...{ DAV_USER: 'av-team', DAV_SECOND: 'booker', DAV_PASSWORD: 'secret' },
      ...{ PEER_ROOT: peer.root, PEER_USER: peer.user, PEER_PASSWORD: peer.password },
    },
    seconds: 300,
  })
  const found = Object.entries<string>(JSON.parse(out)).filter(([name]) => !ELSEWHERE.test(name))
  const wrong = found.filter(([name, support]) => support !== (KNOWN[name]?.[0] ?? 'full'))
  for (const [name, support] of wrong) console.log(`${name}: ${support}, not ${KNOWN[name]?.[0] ?? 'full'}`)
  console.log(
    `${found.filter(([, support]) => support === 'full').length} of ${found.length} features are supported in full`,
  )
  process.exitCode = wrong.length > 0 ? 1 : 0
} finally {
  await peer.close()
  await gateway.close()
}

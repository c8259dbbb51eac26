/** The laws of every source, held by a Google room calendar. */
import { identity } from '../../adapters/google/identity.ts'
import { testSource } from '../contract/source.ts'
import { openOn } from '../fakes/google/open.ts'
import { FakeGoogle } from '../fakes/google/server.ts'

const room = 'c_room1@resource.calendar.google.com'

testSource('google', {
  async open() {
    const google = new FakeGoogle()
    await google.start()
    const calendar = google.calendar(room)
    const other = openOn(google, room)
    const ids = identity(`101/${room}`)
    return {
      source: openOn(google, room),
      remote: {
        // Somebody else's hand is another gateway of the same account: it writes onto what lies there.
        put: event => other.push?.(event, null),
        delete: uid => {
          for (const item of calendar.living()) if (ids.uid(item) === uid) calendar.remove(item.id)
        },
      },
      refuseOnce: seconds => {
        google.faults.push({ path: /calendars/, status: 429, headers: { 'Retry-After': String(seconds) }, times: 1 })
      },
      close: () => google.stop(),
    }
  },
})

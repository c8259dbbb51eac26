/** The stand-in of Google Calendar with a full room, for the bench: prints its URL. */
import { FakeGoogle } from '../test/fakes/google/server.ts'

const [room = '', events = '0'] = process.argv.slice(2)
const google = new FakeGoogle()
await google.start()
const begin = Temporal.Now.instant().add({ hours: 24 })
for (let n = 0; n < Number(events); n++) {
  const start = begin.add({ minutes: 60 * n })
  google.calendar(room).put({
    ...{
      kind: 'calendar#event',
      eventType: 'default',
      id: `ann${n.toString(32).padStart(5, '0')}`,
      status: 'confirmed',
    },
    ...{ iCalUID: `ann-${n}@example.com`, summary: `Meeting ${n}`, organizer: { email: room, self: true } },
    start: { dateTime: start.toString(), timeZone: 'Europe/Berlin' },
    end: { dateTime: start.add({ minutes: 50 }).toString(), timeZone: 'Europe/Berlin' },
  })
}
process.stdout.write(`${google.url}\n`)

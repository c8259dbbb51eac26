/** The stand-in of Microsoft Graph with many rooms, for the bench: prints its URL and where its authority's certificate is. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localhost } from '../test/fakes/microsoft365/certificate.ts'
import { FakeGraph } from '../test/fakes/microsoft365/server.ts'

const [rooms = '0', events = '0'] = process.argv.slice(2)
const graph = new FakeGraph()
await graph.start()
const today = Temporal.Now.plainDateISO()
for (let room = 0; room < Number(rooms); room++) {
  for (let n = 0; n < Number(events); n++) {
    const at = (hour: number) => ({ dateTime: `${today.add({ days: n + 1 })}T${hour}:00:00`, timeZone: 'UTC' })
    graph.mailbox(`room${room}@contoso.test`).put({ subject: `Meeting ${n}`, start: at(10), end: at(11) })
  }
}
const ca = join(mkdtempSync(join(tmpdir(), 'kaldav-bench-')), 'ca.pem')
writeFileSync(ca, localhost().ca)
process.stdout.write(`${graph.url} ${ca}\n`)
process.on('message', () => {
  const polls = graph.calls.length
  graph.calls.length = 0
  process.send?.(polls)
})

/** The laws of every source, held by a room mailbox. */
import { testSource } from '../contract/source.ts'
import { openOn } from '../fakes/microsoft365/open.ts'
import { FakeGraph } from '../fakes/microsoft365/server.ts'

const room = 'room1@contoso.test'

testSource('microsoft365', {
  async open() {
    const graph = new FakeGraph()
    await graph.start()
    const mailbox = graph.mailbox(room)
    const open = () => openOn(graph, room)
    const other = open()
    const markOf = (uid: string) => `101/${uid}`
    const at = (uid: string) =>
      mailbox.all().filter(item => item.singleValueExtendedProperties?.some(({ value }) => value === markOf(uid)))
    return {
      source: open(),
      remote: {
        // Somebody else's hand is another gateway of the same account: it writes onto what lies there.
        put: event => other.push?.(event, null),
        delete: uid => {
          for (const { id } of at(uid)) mailbox.remove(id)
        },
      },
      refuseOnce: seconds => {
        graph.faults.push({ path: /users/, status: 429, headers: { 'Retry-After': String(seconds) }, times: 1 })
      },
      close: () => graph.stop(),
    }
  },
})

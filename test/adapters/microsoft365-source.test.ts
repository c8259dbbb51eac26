/** The laws of every source, held by a room mailbox. */
import { openMicrosoft365 } from '../../adapters/microsoft365/index.ts'
import { testSource } from '../contract/source.ts'
import { FakeGraph } from '../fakes/microsoft365/server.ts'

const room = 'room1@contoso.test'

testSource('microsoft365', {
  async open() {
    const graph = new FakeGraph()
    await graph.start()
    const mailbox = graph.mailbox(room)
    const open = () =>
      openMicrosoft365({
        ...{ tenantId: '11111111-2222-3333-4444-555555555555', clientId: 'aaaaaaaa-2222-3333-4444-555555555555' },
        ...{ clientSecret: 'secret', organizer: null, tenant: '101', graphUrl: graph.url, authorityUrl: graph.url },
      })(room, 'Europe/Berlin')
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

/** Microsoft 365 as a source: one room mailbox in both directions. */
import type { Source } from '../../src/sync/source.ts'
import { Graph } from './graph.ts'
import type { Place } from './home.ts'
import { Mailbox } from './mailbox.ts'
import type { Microsoft365Options } from './options.ts'
import { confirm, pull } from './pull.ts'
import { push, remove } from './push.ts'
import { keptByMailbox } from './room-clock.ts'
import { Subscription } from './watch.ts'

export { loadModules } from './connect.ts'
export { examineMicrosoft365 } from './examine.ts'
export type { Microsoft365Options } from './options.ts'

/**
 * One client, and so one access token, for all mailboxes of a configured source.
 * @returns opens a mailbox by its address; `zone` is the room's own clock, IANA
 */
export function openMicrosoft365(options: Microsoft365Options): (mailbox: string, zone: string) => Source {
  const graph = new Graph(options)
  return (address, zone) => {
    const room = new Mailbox(graph, address, zone, options.tenant)
    // One event may book several rooms: each has a meeting of its own at the organizer's.
    const home = options.organizer && new Mailbox(graph, options.organizer, zone, `${options.tenant}/${address}`)
    const place: Place = { room, home: home || null, asked: new Set(), written: new Set(), titles: {} }
    const subscription = new Subscription(room)
    return {
      pull: (cursor, keep) => pull(place, cursor, keep),
      confirm: refs => confirm(place, refs),
      push: async (event, at) => {
        const ref = await push(place, event, at)
        place.written.add(ref.id)
        return ref
      },
      remove: at => remove(place, at),
      // What they ask before they write goes in groups; the mailbox's own limit holds for the writes.
      together: 20,
      normalize: event => keptByMailbox(event, zone),
      accepts: event => event.master?.status !== 'CANCELLED',
      watch: hook => subscription.watch(hook),
    }
  }
}

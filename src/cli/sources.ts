import { Command } from 'commander'
import type { SourceState } from '../sync/sync.ts'
import { localTime, note, print, printJson, table, utcTime } from './output.ts'
import { readConfig, withGateway } from './run.ts'

interface Options {
  readonly json?: boolean
  readonly discover?: boolean
  readonly freeze?: string
  readonly release?: string
}

function stateOf({ frozen, writesAfter, error, failures }: SourceState, zone: string): string {
  if (frozen) return 'frozen'
  if (writesAfter !== null) return `writes wait until ${localTime(writesAfter, zone)}`
  return error ? `failing (${failures})` : 'ok'
}

export const sources = new Command('sources')
  .description('show every calendar that is synchronised, and how it goes')
  .option('--json', 'print JSON')
  .option('--discover', "list the rooms of Google's Directory, whether they are configured or not")
  .option('--freeze <source>', 'stop it: neither read nor write it until it is released')
  .option('--release <source>', 'let a frozen source go on')
  .action(({ json, discover, freeze, release }: Options) => {
    if (discover) return discovered(json === true)
    return withGateway(async ({ sync, config }) => {
      if (freeze !== undefined) await sync.freeze(freeze, true)
      if (release !== undefined) await sync.freeze(release, false)
      const states = await sync.sources()
      if (json) {
        printJson(
          states.map(state => ({
            ...state,
            lastSuccess: utcTime(state.lastSuccess),
            nextDue: utcTime(state.nextDue || null),
            writesAfter: utcTime(state.writesAfter),
          })),
        )
        return
      }
      const rows = states.map(state => [
        state.source,
        state.calendar,
        state.resource,
        state.direction,
        localTime(state.lastSuccess, config.timeZone) ?? 'never',
        stateOf(state, config.timeZone),
      ])
      print(table(['SOURCE', 'CALENDAR', 'RESOURCE', 'DIRECTION', 'LAST SYNC', 'STATE'], rows))
      for (const { id, error, remedy } of states) {
        if (error) note(`${id}: ${error}${remedy ? `\n  ${remedy}` : ''}`)
      }
    })
  })

async function discovered(json: boolean): Promise<void> {
  const { discoverRooms } = await import('../main.ts')
  const rooms = await discoverRooms(readConfig())
  if (json) {
    printJson(rooms)
    return
  }
  const rows = rooms.map(({ source, calendar, name, capacity, place }) => [source, calendar, name, capacity, place])
  if (rows.length === 0) note('No rooms were found: only Google sources are asked, and only for conference rooms.')
  print(table(['SOURCE', 'CALENDAR', 'NAME', 'SEATS', 'PLACE'], rows))
}

/** The gateway that the suite meets: people and rooms of its own for every script, gone when it ends. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { openSqlite } from '../../../adapters/sqlite.ts'
import { Auth } from '../../../src/auth.ts'
import { caldavRouter } from '../../../src/caldav/router.ts'
import { createLog } from '../../../src/log.ts'
import { Secret } from '../../../src/secret.ts'
import type { AccessList } from '../../../src/store/access.ts'
import { type Resource, Store } from '../../../src/store/store.ts'
import type { Role } from '../../../src/store/users.ts'
import { temporaryFolder } from '../support/process.ts'
import { Administrator } from './administrator.ts'

export interface Campus {
  readonly port: number
  close(): Promise<void>
}

const two = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => String(index + 1).padStart(2, '0'))

const resource = (id: number, systemName: string, name: string, type: Resource['type']): Resource => ({
  ...{ id, systemName, name, type, description: null, tags: [], parentId: null, entryId: null },
  ...{ timeZone: 'UTC', status: 2 },
})

/** The room that the suite takes for the calendar of each of its first users. */
export const calendarOf = (user: number): string => `calendar${String(user).padStart(2, '0')}`

/** What stands in the home from the start, as user01 sees it. */
const NAMED: readonly (readonly [string, string, Resource['type']])[] = [
  // Without the numbers that principals are looked for by.
  ...['A', 'B', 'C', 'D'].map((letter, index) => [calendarOf(index + 1), `Calendar ${letter}`, 'location'] as const),
  ...two(5).map(number => [`location${number}`, `Location ${number}`, 'location'] as const),
  ...two(5).map(number => [`resource${number}`, `Resource ${number}`, 'camera'] as const),
]

/** user01 has no access to the calendar of user02, nor, therefore, to the schedule of everything. */
const EXCEPTIONS: Readonly<Record<string, AccessList>> = { user01: { [calendarOf(2)]: 'none' } }

export const homeOfUser01: readonly string[] = NAMED.map(([name]) => name).filter(name => name !== calendarOf(2))

const user = (name: string, role: Role = 'booker') => ({
  ...{ name, role, password: new Secret(name) },
  ...(EXCEPTIONS[name] ? { access: EXCEPTIONS[name] } : {}),
})

const USERS = [...two(40).map(number => user(`user${number}`)), user('admin', 'admin'), user('i18nuser')]

export const openCampus = async (): Promise<Campus> => {
  const folder = await temporaryFolder('caldavtester')
  const database = await openSqlite(join(folder.path, 'kaldav.db'))
  const store = await Store.open(database, { zone: 'UTC' })
  const rooms = NAMED.map(([systemName, name, type], index) => resource(index + 1, systemName, name, type))
  await store.write({ source: 'test', user: null, run: null }, async tx => {
    for (const room of rooms) await tx.putResource(room)
  })
  const log = createLog('silent')
  const auth = await Auth.open(database, { users: USERS }, log)
  const config = { baseUrl: null, trustProxy: false }
  const administrator = new Administrator(store, resource, rooms.length + 1)
  const caldav = caldavRouter({ store, auth, config, log, push: null, scheduling: 'rooms' })
  const server = createServer((request, response) => {
    administrator.handle(request, response, () => caldav(request, response, () => response.writeHead(404).end()))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await database.close()
      await folder.remove()
    },
  }
}

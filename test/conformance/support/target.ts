import { ask, hrefIn, propfind } from './dav.ts'
import { openGateway } from './gateway.ts'

/** The server a script talks to. */
export interface Target {
  /** Where discovery begins: the DAV root, with a slash at the end. */
  readonly root: string
  /** The calendar home and the calendars of two rooms, absolute, each with a slash at the end. */
  readonly home: string
  readonly room: string
  readonly other: string
  readonly user: string
  readonly password: string
  close(): Promise<void>
}

const rooms = ['lh101', 'lh102'] as const

async function discoverHome(root: string, access: { user: string; password: string }): Promise<string> {
  const principal = await propfind(access, root, 0, '<D:current-user-principal/>')
  const at = new URL(hrefIn(principal.text, 'current-user-principal') ?? '', root).href
  const home = await propfind(access, at, 0, '<C:calendar-home-set/>')
  const found = hrefIn(home.text, 'calendar-home-set')
  if (!found) throw new Error(`no calendar home at ${at}: ${home.status}\n${home.text}`)
  return new URL(found, root).href
}

/** Another server's calendars are made where it lets us; the gateway has its rooms from the account. */
async function makeCalendars(home: string, access: { user: string; password: string }): Promise<void> {
  for (const room of rooms) await ask(access, 'MKCALENDAR', `${home}${room}/`)
}

async function connect(url: string, access: { user: string; password: string }, close: () => Promise<void>) {
  const root = url.endsWith('/') ? url : `${url}/`
  const home = await discoverHome(root, access)
  return { root, home, room: `${home}${rooms[0]}/`, other: `${home}${rooms[1]}/`, ...access, close }
}

/**
 * A gateway of the script's own with two rooms, or the server at `KALDAV_URL` (its DAV root) with `KALDAV_USER` and
 * `KALDAV_PASSWORD`, which must have calendars `lh101` and `lh102` or let them be made.
 */
export async function openTarget(): Promise<Target> {
  const { KALDAV_URL: url, KALDAV_USER: user = 'admin', KALDAV_PASSWORD: password = '' } = process.env
  if (url) {
    const target = await connect(url, { user, password }, async () => {})
    await makeCalendars(target.home, target)
    return target
  }
  const gateway = await openGateway({ rooms })
  const access = { user: gateway.user, password: gateway.password }
  return connect(`${gateway.url}/dav/`, access, gateway.close)
}

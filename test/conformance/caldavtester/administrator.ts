/**
 * Most scripts make a calendar before they begin, and remove it at the end. Here that is an administrator's work: this
 * one adds a room where the suite sends MKCALENDAR, and takes away only rooms that came so. Tasks that a script stores
 * before its first test are swallowed, so that it begins. All else is the gateway's.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { decodePath, pathOf } from '../../../src/dav/href.ts'
import type { Resource, Store } from '../../../src/store/store.ts'

/** The segment of a calendar right below the home; `null` for any other path. */
const calendarIn = (path: string): string | null => {
  const [dav, home, name, ...rest] = decodePath(path).segments
  return dav === 'dav' && home === 'calendars' && name !== undefined && rest.length === 0 ? name : null
}

/** The properties of a MKCALENDAR as a PROPPATCH (RFC 4791 §5.3.1: both hold DAV:set); `null` where it has none. */
const propertyUpdate = (body: string): string | null => {
  const [, , attributes, sets] = /<((?:\w+:)?mkcalendar)\b([^>]*[^/>])?>([\s\S]*)<\/\1>/.exec(body) ?? []
  return sets === undefined ? null : `<k:propertyupdate xmlns:k="DAV:"${attributes ?? ''}>${sets}</k:propertyupdate>`
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** The suite says in User-Agent what a request is for. */
const isBeginning = ({ headers }: IncomingMessage): boolean => /START_REQUESTS/.test(headers['user-agent'] ?? '')

const isTask = ({ method, url = '' }: IncomingMessage): boolean =>
  method === 'PUT' && decodePath(pathOf(url)).segments[2] === 'tasks'

type MakeResource = (id: number, systemName: string, name: string, type: Resource['type']) => Resource

export class Administrator {
  readonly #store: Store
  readonly #make: MakeResource
  readonly #made = new Map<string, Resource>()
  #nextId: number

  constructor(store: Store, make: MakeResource, firstId: number) {
    this.#store = store
    this.#make = make
    this.#nextId = firstId
  }

  handle(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    const name = calendarIn(pathOf(request.url ?? '/'))
    const asked = `${request.method} ${name !== null && this.#made.has(name) ? 'made' : 'other'}`
    const done = (status: number): void => void response.writeHead(status).end()
    if (isTask(request) && isBeginning(request)) request.resume().once('end', () => done(201))
    else if (name === null) next()
    else if (asked === 'MKCALENDAR other') this.#add(name, request).then(done, () => done(500))
    else if (asked === 'DELETE made') this.#remove(name, request).then(done, () => done(500))
    else next()
  }

  async #put(room: Resource, events: readonly string[] = []): Promise<void> {
    await this.#store.write({ source: 'test', user: null, run: null }, async tx => {
      for (const uid of events) await tx.remove(uid)
      await tx.putResource(room)
    })
  }

  async #add(name: string, request: IncomingMessage): Promise<number> {
    if (await this.#store.resourceBySystemName(name)) return 403
    const update = propertyUpdate(await textOf(request))
    const room = this.#make(this.#nextId++, name, name, 'location')
    await this.#put(room)
    this.#made.set(name, room)
    if (update === null) return 201
    const { host = '', authorization = '' } = request.headers
    const headers = { authorization, 'content-type': 'application/xml; charset=utf-8' }
    const answer = await fetch(`http://${host}${request.url}`, { method: 'PROPPATCH', headers, body: update })
    await answer.body?.cancel()
    return answer.ok ? 201 : answer.status
  }

  /** A name is free again once its room is gone (status 3). */
  async #remove(name: string, request: IncomingMessage): Promise<number> {
    request.resume()
    const room = this.#made.get(name)
    if (!room) return 404
    const events = (await this.#store.members(room.id)).map(({ uid }) => uid)
    await this.#put({ ...room, systemName: `gone-${room.id}`, status: 3 }, events)
    this.#made.delete(name)
    return 204
  }
}

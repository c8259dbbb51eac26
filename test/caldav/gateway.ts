/** A real gateway on a real port over a real store in a temporary folder: two rooms and a camera. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { openSqlite } from '../../adapters/sqlite.ts'
import { Auth } from '../../src/auth.ts'
import { Notifier, type PushOptions } from '../../src/caldav/notifier.ts'
import { caldavRouter } from '../../src/caldav/router.ts'
import { parseXml, type XmlNode } from '../../src/dav/xml.ts'
import { createLog } from '../../src/log.ts'
import { Secret } from '../../src/secret.ts'
import { type Resource, Store } from '../../src/store/store.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Call {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** `null`: without credentials. */
  readonly as?: 'av-team' | 'booker' | 'viewer' | 'limited' | null
}

export interface TestGateway {
  readonly url: string
  readonly store: Store
  readonly server: Server
  call(method: string, path: string, call?: Call): Promise<Answer>
  close(): Promise<void>
}

const resource = (id: number, systemName: string, name: string, type: Resource['type']): Resource => ({
  id,
  systemName,
  name,
  type,
  description: null,
  tags: type === 'location' ? ['building:North', `capacity:${id}`] : [],
  parentId: null,
  entryId: null,
  timeZone: 'Europe/Berlin',
  status: 2,
})

export const RESOURCES: readonly Resource[] = [
  resource(101, 'lh101', 'Lecture Hall 101', 'location'),
  resource(102, 'lh102', 'Lecture Hall 102', 'location'),
  resource(201, 'cam1', 'Camera 1', 'camera'),
]

const USERS = [
  { name: 'av-team', password: new Secret('secret'), role: 'admin' as const },
  { name: 'booker', password: new Secret('secret'), role: 'booker' as const },
  { name: 'viewer', password: new Secret('secret'), role: 'viewer' as const },
  {
    ...{ name: 'limited', password: new Secret('secret'), role: 'booker' as const },
    access: { lh101: 'write', lh102: 'busy', '*': 'none' } as const,
  },
]

const send = (
  url: string,
  method: string,
  path: string,
  { headers = {}, body, as = 'av-team' }: Call,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const authorization = `Basic ${Buffer.from(`${as}:secret`).toString('base64')}`
    const { hostname, port } = new URL(url)
    // Not fetch: it would tidy up the odd paths that are sent here on purpose.
    const outgoing = httpRequest({
      ...{ hostname, port, method, path, agent: false },
      headers: { ...(as === null ? {} : { authorization }), ...headers },
    })
    outgoing.on('error', reject)
    outgoing.on('response', response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    outgoing.end(body)
  })

export const startTestGateway = async (
  options: {
    readonly resources?: readonly Resource[]
    readonly baseUrl?: string
    readonly scheduling?: 'rooms' | 'off'
    readonly push?: PushOptions
  } = {},
): Promise<TestGateway> => {
  const folder = await mkdtemp(join(tmpdir(), 'kaldav-caldav-'))
  const database = await openSqlite(join(folder, 'kaldav.db'))
  const store = await Store.open(database, { zone: 'Europe/Berlin' })
  await store.write({ source: 'test', user: null, run: null }, async tx => {
    for (const each of options.resources ?? RESOURCES) await tx.putResource(each)
  })
  const log = createLog('silent')
  const auth = await Auth.open(database, { users: USERS }, log)
  const app = express().disable('x-powered-by').set('etag', false)
  const config = { baseUrl: options.baseUrl ?? null, trustProxy: false }
  const notifier = options.push && new Notifier(store, options.push, log)
  await notifier?.start()
  const push = options.push && notifier ? { publicKey: options.push.publicKey, notifier } : null
  app.use(caldavRouter({ store, auth, config, log, push, scheduling: options.scheduling ?? 'off' }))
  app.get('/', (_, response) => void response.send('the page'))
  const server = createServer(app)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    store,
    server,
    call: (method, path, call = {}) => send(url, method, path, call),
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await database.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** The parts of a multistatus by href: the status of the whole, and each property with its own. */
export interface Response {
  readonly href: string
  readonly status: number | null
  readonly node: XmlNode
  readonly properties: ReadonlyMap<string, { readonly status: number; readonly node: XmlNode }>
}

const nodes = (node: XmlNode, name: string): readonly XmlNode[] =>
  node.content.filter((part): part is XmlNode => typeof part !== 'string' && part.name === name)
const first = (node: XmlNode, name: string): XmlNode | undefined => nodes(node, name)[0]
export const inner = (node: XmlNode | undefined): string =>
  node?.content.map(part => (typeof part === 'string' ? part : inner(part))).join('') ?? ''
const statusOf = (node: XmlNode | undefined): number | null => {
  const line = inner(node && first(node, '{DAV:}status'))
  return line === '' ? null : Number(line.split(' ')[1])
}

export const multistatus = (body: string): ReadonlyMap<string, Response> => {
  const root = parseXml(body)
  if (root.name !== '{DAV:}multistatus') throw new Error(`not a multistatus: ${body}`)
  return new Map(
    nodes(root, '{DAV:}response').map(response => {
      const href = inner(first(response, '{DAV:}href'))
      const properties = nodes(response, '{DAV:}propstat').flatMap(propstat =>
        (first(propstat, '{DAV:}prop')?.content ?? []).flatMap(part =>
          typeof part === 'string' ? [] : [[part.name, { status: statusOf(propstat) ?? 0, node: part }] as const],
        ),
      )
      return [href, { href, status: statusOf(response), node: response, properties: new Map(properties) }]
    }),
  )
}

/** The text of one property of one response; `null` where it is not there with 200. */
export const property = (body: string, href: string, name: string): string | null => {
  const found = multistatus(body).get(href)?.properties.get(name)
  return found?.status === 200 ? inner(found.node) : null
}

/** The precondition named by an error body. */
export const condition = (body: string): string | null => {
  const [part] = parseXml(body).content.filter((each): each is XmlNode => typeof each !== 'string')
  return part?.name ?? null
}

export const ics = (uid: string, lines: readonly string[] = [], start = '20270405T080000Z'): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Test//Test//EN',
    'BEGIN:VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20260101T000000Z',
    `DTSTART:${start}`,
    'DURATION:PT1H',
    ...(lines.some(line => line.startsWith('SUMMARY')) ? [] : ['SUMMARY:Lecture']),
    ...lines,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n')

export const propfindBody = (...names: readonly string[]): string =>
  `<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/" xmlns:K="urn:kaldav:"><D:prop>${names.map(name => `<${name}/>`).join('')}</D:prop></D:propfind>`

export const syncBody = (token: string, limit = ''): string =>
  `<D:sync-collection xmlns:D="DAV:"><D:sync-token>${token}</D:sync-token><D:sync-level>1</D:sync-level>${limit}<D:prop><D:getetag/></D:prop></D:sync-collection>`

import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'

/** The embedded account as `kaldav account --json` describes it. */
export interface AccountAccess {
  readonly serviceUrl: string
  readonly partnerId: number
  readonly appToken: { readonly id: string; readonly token: string }
}

/** A Kaltura object of an answer: what the scripts read of it. */
export interface KalturaObject {
  readonly [field: string]: unknown
  readonly id?: number
}

interface Request {
  execute(client: object): Promise<unknown>
}

type Service = Record<string, (...args: readonly unknown[]) => Request>

interface Library {
  readonly Configuration: new () => { serviceUrl: string; setLogger(logger: object): void }
  readonly Client: new (configuration: object) => { setKs(ks: string): void; setPartnerId(id: number): void }
  readonly services: Readonly<Record<string, Service>>
  readonly objects: Readonly<Record<string, new (fields?: object) => object>>
}

const library = createRequire(import.meta.url)('kaltura-client') as Library

export interface Account {
  /** One action by the real `kaltura-client`, for example `call('scheduleEvent', 'get', 12)`. */
  call(service: string, action: string, ...args: readonly unknown[]): Promise<KalturaObject>
  /** The objects that a list action finds. */
  list(service: string, filter: object): Promise<readonly KalturaObject[]>
  /** An object of the API, for example `make('RecordScheduleEvent', { … })`. */
  make(type: string, fields: object): object
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Opens a session with an app token: widget session, then the token hashed with its ks. */
export async function openAccount({ serviceUrl, partnerId, appToken }: AccountAccess): Promise<Account> {
  const configuration = new library.Configuration()
  configuration.serviceUrl = serviceUrl
  // Its own logger prints whole requests; any other object silences it.
  configuration.setLogger({})
  const client = new library.Client(configuration)
  client.setPartnerId(partnerId)
  const call = async (service: string, action: string, ...args: readonly unknown[]) => {
    const perform = library.services[service]?.[action]
    if (!perform) throw new TypeError(`kaltura-client has no ${service}.${action}`)
    return (await perform(...args).execute(client)) as KalturaObject
  }
  const make = (type: string, fields: object) => {
    const Type = library.objects[type]
    if (!Type) throw new TypeError(`kaltura-client has no ${type}`)
    return new Type(fields)
  }
  const widget = await call('session', 'startWidgetSession', `_${partnerId}`)
  client.setKs(String(widget.ks))
  const session = await call('appToken', 'startSession', appToken.id, sha256(`${widget.ks}${appToken.token}`))
  client.setKs(String(session.ks))
  return {
    call,
    make,
    async list(service, filter) {
      const answer = await call(service, 'listAction', filter)
      return Array.isArray(answer.objects) ? answer.objects : []
    },
  }
}

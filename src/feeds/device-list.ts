/**
 * Kaltura's API form for devices, where the account is a real one: they ask the gateway as they would ask Kaltura, and
 * get its schedule: `scheduleEvent.list` with `format/ical`, in the kaltura profile, read-only. Their sessions are the
 * account's own: the two actions that start one are passed on to it, and nothing else is.
 */
import { type Request, type RequestHandler, type Response, Router } from 'express'
import type { Logger } from 'pino'
import { Unavailable } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { pageOf, readQuery, windowFor } from './device-query.ts'
import { type FeedContent, type KalturaIdsOf, loadContent } from './feed.ts'
import { kalturaEvents, writeKaltura } from './kaltura.ts'
import { type Parameters, parametersOf, TooLong } from './kaltura-request.ts'
import { post, SessionCheck } from './kaltura-session.ts'

export interface DeviceListDependencies {
  readonly store: Store
  readonly log: Logger
  readonly account: { readonly serviceUrl: string; readonly partnerId: number }
  readonly kalturaIds?: KalturaIdsOf
  /** Whether the schedule has been read from the account; until then nothing is told of it. */
  readonly isRead?: () => Promise<boolean>
  /** Epoch seconds. */
  readonly now?: () => number
}

/** What goes to the account, and with what; by service and action in lower case. */
const proxied: ReadonlyMap<string, readonly string[]> = new Map([
  ['session.startwidgetsession', ['widgetId', 'expiry']],
  ['apptoken.startsession', ['ks', 'id', 'tokenHash', 'userId', 'type', 'expiry', 'sessionPrivileges']],
])
const common = ['format', 'clientTag', 'apiVersion', 'partnerId', 'ignoreNull']
const LIST = 'schedule_scheduleevent.list'
/** Longest answer that is passed on, characters. */
const MAX_ANSWER = 64 * 1024
const RETRY_AFTER = 60

const send = (response: Response, status: number, type: string, text: string): void => {
  const body = Buffer.from(text)
  response.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', 'X-Me': 'kaldav' })
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': String(body.length) }).end(body)
}

const sendError = (response: Response, format: string, code: string, message: string): void => {
  if (format === 'ical') {
    const lines = ['BEGIN:VCALENDAR', 'BEGIN:VERROR', `X-KALTURA-CODE:${code}`, `X-KALTURA-MESSAGE:${message}`]
    const text = [...lines, 'X-KALTURA-ARGUMENTS:', 'END:VERROR', 'END:VCALENDAR', ''].join('\r\n')
    send(response, 200, 'text/calendar; charset=UTF-8', text)
  } else if (format === '1') {
    const error = { code, message, objectType: 'KalturaAPIException', args: [] }
    send(response, 200, 'application/json', JSON.stringify(error))
  } else {
    const text = message.replaceAll('>', '&gt;')
    const error = `<code>${code}</code><message>${text}</message><objectType>KalturaAPIException</objectType><args/>`
    const answer = `<?xml version="1.0" encoding="utf-8"?><xml><result><error>${error}</error></result></xml>`
    send(response, 200, 'text/xml', answer)
  }
}

async function passOn(serviceUrl: string, name: string, parameters: Parameters, response: Response): Promise<void> {
  const names = [...common, ...(proxied.get(name) ?? [])]
  const sent = Object.fromEntries(names.flatMap(each => (parameters.has(each) ? [[each, parameters.get(each)]] : [])))
  const [service, action] = name.split('.')
  const url = `${serviceUrl.replace(/\/+$/, '')}/api_v3/service/${service}/action/${action}`
  const format = sent.format === '1' ? '1' : '2'
  const answer = await post(url, { ...sent, format })
  const text = await answer.text()
  if (!answer.ok || text.length > MAX_ANSWER) throw new Unavailable(`Kaltura answered HTTP ${answer.status}`)
  send(response, 200, format === '1' ? 'application/json' : 'text/xml', text)
}

export const deviceListRouter = (dependencies: DeviceListDependencies): Router => {
  const { store, log, account, kalturaIds, isRead, now = () => Math.floor(Date.now() / 1000) } = dependencies
  const sessions = new SessionCheck(account)

  /** Of several resources everything once; of none the whole schedule. */
  const contentOf = async (resourceIds: readonly number[] | null, window: NonNullable<FeedContent['window']>) => {
    const all = await store.resources()
    if (all.length === 0 || (isRead && !(await isRead())))
      throw new Unavailable('the schedule has not been read from the account yet')
    const named = resourceIds && all.filter(({ id, status }) => status !== 3 && resourceIds.includes(id))
    const contents: FeedContent[] = []
    for (const resource of named ?? [null]) contents.push(await loadContent(store, resource, window, kalturaIds))
    const [first] = contents
    if (!first) return null
    return {
      ...first,
      events: [...new Map(contents.flatMap(({ events }) => events).map(each => [each.uid, each])).values()],
      kalturaIds: new Map(contents.flatMap(each => [...each.kalturaIds])),
    }
  }

  const list = async (parameters: Parameters, response: Response): Promise<void> => {
    if (!(await sessions.allows(parameters.get('ks') ?? ''))) {
      sendError(response, 'ical', 'INVALID_KS', 'Invalid KS "", Error "-1,INVALID_STR"')
      return
    }
    const at = now()
    const query = readQuery(parameters, at)
    if (typeof query === 'string') {
      const name = query.replace(/[^\w:]/g, '').slice(0, 60)
      sendError(response, 'ical', 'INVALID_PARAMETER', `The gateway does not answer the filter ${name}`)
      return
    }
    const content = await contentOf(query.resourceIds, windowFor(query, at))
    if (!content) {
      const nothing = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//kaldav//kaldav//EN', 'X-KALTURA-TOTAL-COUNT:0']
      send(response, 200, 'text/calendar; charset=UTF-8', [...nothing, 'END:VCALENDAR', ''].join('\r\n'))
      return
    }
    const { events, total } = pageOf(kalturaEvents(content, 'device'), query, content.zone)
    send(response, 200, 'text/calendar; charset=UTF-8', writeKaltura(events, content, 'device', total))
  }

  const answer = async (request: Request, response: Response): Promise<void> => {
    const parameters = await parametersOf(request)
    const format = parameters.get('format')?.toLowerCase() ?? '2'
    const name = [parameters.get('service'), parameters.get('action')].map(part => part?.toLowerCase()).join('.')
    if (proxied.has(name)) return passOn(account.serviceUrl, name, parameters, response)
    if (name === LIST && format === 'ical') return list(parameters, response)
    const shown = /^\w+\.\w+$/.test(name) ? name.replace('.', '->') : ''
    sendError(response, format, 'SERVICE_FORBIDDEN', `The access to service [${shown}] is forbidden`)
  }

  const handler: RequestHandler = (request, response) => {
    if (!['GET', 'HEAD', 'POST'].includes(request.method)) {
      response.set('Allow', 'GET, HEAD, POST')
      return send(response, 405, 'text/plain', 'Ask with GET or POST.\n')
    }
    answer(request, response).catch((error: unknown) => {
      if (error instanceof TooLong) return send(response.set('Connection', 'close'), 413, 'text/plain', 'Too long.\n')
      log.error({ err: error }, 'a device could not be given its schedule')
      if (response.headersSent) return response.destroy()
      const after = error instanceof Unavailable ? (error.retryAfter ?? RETRY_AFTER) : RETRY_AFTER
      response.set('Retry-After', String(after))
      return send(response, 503, 'text/plain', 'Keep what you have and ask again.\n')
    })
  }
  return Router().use(handler)
}

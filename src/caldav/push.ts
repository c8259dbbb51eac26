/** WebDAV-Push (draft-bitfire-webdav-push): clients learn of changes from their push service instead of asking for them. */
import { hash } from 'node:crypto'
import { readXml } from '../dav/body.ts'
import { DavError, forbidden, notFound } from '../dav/errors.ts'
import { dav, push } from '../dav/names.ts'
import type { Property } from '../dav/propfind.ts'
import { send } from '../dav/respond.ts'
import { element, escapeXml, textElement } from '../dav/write.ts'
import { child, textOf, type XmlNode } from '../dav/xml.ts'
import { removeSubscription, saveSubscription } from '../store/push-subscriptions.ts'
import type { Exchange, Gateway, Method } from './gateway.ts'
import { calendarAt, originOf } from './locate.ts'
import { subscriptionHref } from './places.ts'
import type { CalendarTarget } from './targets.ts'
import { epochOf } from './tokens.ts'
import { isRecipient } from './web-push.ts'

/** Longest and usual life of a subscription, seconds; clients renew theirs. */
const MAX_AGE = 30 * 86_400
const USUAL_AGE = 7 * 86_400

/** Names a calendar to the push service without saying which it is. */
export const topicOf = (epoch: string, resourceId: number): string =>
  hash('sha256', `${epoch} ${resourceId}`, 'base64url').slice(0, 32)

const wherePush =
  (value: (target: CalendarTarget) => string) =>
  (target: CalendarTarget): string | null =>
    target.vapidKey === null || target.calendar.kind === 'conflicts' ? null : value(target)

const key = ({ vapidKey }: CalendarTarget): string =>
  `<P:vapid-public-key type="p256ecdsa">${escapeXml(vapidKey ?? '')}</P:vapid-public-key>`

export const PUSH_PROPERTIES: readonly Property<CalendarTarget>[] = [
  { name: push('transports'), value: wherePush(target => element(push('web-push'), key(target))) },
  { name: push('topic'), value: wherePush(({ token, calendar }) => topicOf(epochOf(token ?? ''), calendar.id)) },
  {
    name: push('supported-triggers'),
    value: wherePush(() => element(push('content-update'), textElement(dav('depth'), '1'))),
  },
]

const refuse = (condition: string, message: string): DavError => forbidden(push(condition), message)

interface Wanted {
  readonly endpoint: string
  readonly publicKey: string
  readonly authSecret: string
  readonly expiresAt: number
}

const inside = (node: XmlNode | null, name: string): XmlNode | null => node && child(node, push(name))
const text = (node: XmlNode | null, name: string): string => {
  const found = inside(node, name)
  return found ? textOf(found).trim() : ''
}

const isUrl = (value: string): boolean => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)

const parseRegistration = (body: XmlNode, now: number): Wanted => {
  const subscription = inside(inside(body, 'subscription'), 'web-push-subscription')
  const wanted = {
    endpoint: text(subscription, 'push-resource'),
    publicKey: text(subscription, 'subscription-public-key'),
    authSecret: text(subscription, 'auth-secret'),
  }
  if (!isUrl(wanted.endpoint) || text(subscription, 'content-encoding') !== 'aes128gcm' || !isRecipient(wanted)) {
    throw refuse('invalid-subscription', 'A subscription names its push resource, aes128gcm and its keys')
  }
  if (!inside(inside(body, 'trigger'), 'content-update')) {
    throw refuse('no-supported-trigger', 'Only changes of events are told (content-update)')
  }
  const asked = Date.parse(text(body, 'expires'))
  const age = Number.isNaN(asked) ? USUAL_AGE : Math.min(Math.floor(asked / 1000) - now, MAX_AGE)
  return { ...wanted, expiresAt: now + Math.max(age, 60) }
}

/** POST of P:push-register to a calendar: 204 with the address of the subscription. */
export const registerPush = async (exchange: Exchange, segment: string): Promise<void> => {
  const { gateway, person, request, response } = exchange
  const body = await readXml(request)
  const calendar = await calendarAt(exchange, segment)
  if (!gateway.push || calendar.kind === 'conflicts') throw refuse('push-not-available', 'Nothing is pushed from here')
  if (body?.name !== push('push-register')) throw new DavError(415, 'This POST is for P:push-register')
  const wanted = parseRegistration(body, Math.floor(Date.now() / 1000))
  const saved = await saveSubscription(gateway.store.database, {
    ...wanted,
    user: person.name,
    resourceId: calendar.id,
  })
  send(response, 204, {
    Location: originOf(exchange) + subscriptionHref(saved.id),
    Expires: new Date(saved.expiresAt * 1000).toUTCString(),
  })
}

/** DELETE of a subscription by the person who made it. */
export const removePush: Method = async ({ gateway, person, place, response }) => {
  const id = place.kind === 'subscription' ? place.name : ''
  if (!(await removeSubscription(gateway.store.database, id, person.name)))
    throw notFound('There is no such subscription')
  send(response, 204)
}

/** The ids of subscriptions whose owner does not want to hear of its own change. */
export const silenced = (gateway: Gateway, header: string | string[] | undefined): readonly string[] => {
  if (!gateway.push || header === undefined) return []
  return [...String(header).matchAll(/"[^"]*\/([0-9a-f-]{36})"/g)].map(([, id = '']) => id)
}

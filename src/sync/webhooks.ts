/**
 * Change notifications of remotes. A call only makes a binding due: what it says is never believed, only that somebody
 * who knows the binding's token has made it. Answered at once, worked on later.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { type Request, type Response, Router } from 'express'
import type { Logger } from 'pino'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import type { Binding } from './binding.ts'
import type { Hook } from './source.ts'

export interface WebhookOptions {
  /** Of the database: tokens are derived from it, so nothing about a hook has to be kept. */
  readonly secret: string
  /** What remotes see of us, without a slash at the end; `null`: no hooks are offered. */
  readonly baseUrl: string | null
  readonly bindings: () => Promise<readonly Binding[]>
  readonly wake: (binding: Binding) => Promise<void>
  /** The remote will not call any more as it promised: makes the promise due again. */
  readonly watchAgain?: (binding: Binding) => Promise<void>
  /** What the calls of a binding's watch carry beside the token (`Watch.mark`). */
  readonly markOf?: (binding: Binding) => Promise<string | null>
  readonly log: Logger
}

/** The public name of a binding in a hook's URL. */
const keyOf = ({ id }: Binding): string => hash('sha256', id, 'base64url').slice(0, 16)
const tokenOf = (secret: string, { id }: Binding): string => createHmac('sha256', secret).update(id).digest('base64url')

export const hookOf = (
  { secret, baseUrl }: Pick<WebhookOptions, 'secret' | 'baseUrl'>,
  binding: Binding,
): Hook | null =>
  // Remotes call https only; without an address of ours there is nothing to offer.
  baseUrl?.startsWith('https:')
    ? { url: `${baseUrl}/webhooks/${binding.type}?binding=${keyOf(binding)}`, token: tokenOf(secret, binding) }
    : null

const sameText = (a: string, b: string): boolean =>
  timingSafeEqual(Buffer.from(hash('sha256', a), 'hex'), Buffer.from(hash('sha256', b), 'hex'))

/** More than any call of a remote has, bytes. */
const longestCall = 1_000_000

/** @returns `null` for a body that is too long */
async function bodyOf(request: Request): Promise<string | null> {
  if (Number(request.get('Content-Length') ?? 0) > longestCall) {
    request.resume()
    return null
  }
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > longestCall) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** What a call says. */
interface Message {
  /** All of which have to be right. */
  readonly tokens: readonly string[]
  /** Its promise to call has ended. */
  readonly ended: boolean
  /** Which channel it comes over; `undefined`: the remote does not say. */
  readonly mark?: string
  /** It only tells that the channel is open, perhaps before the channel is known here. */
  readonly isGreeting?: boolean
}

interface Notification {
  readonly clientState?: unknown
  readonly lifecycleEvent?: unknown
}

/** Every item of a batch has to carry the token: one that is foreign makes the whole unbelievable. */
function notifications(body: string): Message {
  try {
    const { value } = JSON.parse(body) as { value?: readonly (Notification | null)[] }
    const items = Array.isArray(value) ? value : []
    const tokens = items.map(item => String(item?.clientState ?? ''))
    const ended = items.some(item =>
      /^(subscriptionRemoved|reauthorizationRequired)$/.test(String(item?.lifecycleEvent)),
    )
    return { tokens, ended }
  } catch {
    return { tokens: [], ended: false }
  }
}

/** The tokens a call carries, in the way of each remote. */
const tokensIn: Readonly<Record<string, (request: Request) => Promise<Message>>> = {
  // Google sends no body and says it is JSON; whatever comes is let go unread.
  google: async request => ({
    tokens: [request.resume().get('X-Goog-Channel-Token') ?? ''],
    ended: false,
    mark: `${request.get('X-Goog-Channel-ID') ?? ''} ${request.get('X-Goog-Resource-ID') ?? ''}`,
    isGreeting: request.get('X-Goog-Resource-State') === 'sync',
  }),
  microsoft365: async request => notifications((await bodyOf(request)) ?? ''),
}

/** Calls that nobody ordered are looked at this often a minute from one address; more are turned away without a word. */
const strangers = 30

/** Mounted at `/webhooks`. */
export function webhooksRouter(options: WebhookOptions): Router {
  const router = Router()
  const refusals = new RateLimiterMemory({ points: strangers, duration: 60 })
  const refuse = async (request: Request<{ type: string }>, response: Response): Promise<void> => {
    const isFirst = await refusals.consume(request.ip ?? '').then(
      () => true,
      () => false,
    )
    if (isFirst) {
      options.log.warn({ type: request.params.type }, 'a change notification that nobody ordered was left alone')
    }
    response.status(isFirst ? 404 : 429).end()
  }
  router.post('/:type', async (request: Request<{ type: string }>, response: Response) => {
    const read = tokensIn[request.params.type]
    const bindings = await options.bindings()
    const binding = bindings.find(each => keyOf(each) === request.query.binding)
    const { validationToken } = request.query
    const isAsked = bindings.some(({ type }) => type === 'microsoft365')
    if (request.params.type === 'microsoft365' && isAsked && typeof validationToken === 'string') {
      // Graph asks whether the address is ours before it promises to call it, and waits for its word as plain text.
      request.resume()
      response.type('text/plain').set('X-Content-Type-Options', 'nosniff').send(validationToken)
      return
    }
    const message: Message = (await read?.(request as Request)) ?? { tokens: [], ended: false }
    if (!read) request.resume()
    if (!binding || binding.type !== request.params.type || !(await isBelieved(options, binding, message))) {
      await refuse(request, response)
      return
    }
    response.status(message.isGreeting ? 200 : 202).end()
    if (message.ended) await options.watchAgain?.(binding)
    if (!message.isGreeting) await options.wake(binding)
  })
  return router
}

async function isBelieved({ secret, markOf }: WebhookOptions, binding: Binding, message: Message): Promise<boolean> {
  const { tokens, mark, isGreeting } = message
  const expected = tokenOf(secret, binding)
  if (tokens.length === 0 || !tokens.every(token => sameText(token, expected))) return false
  if (mark === undefined || isGreeting || !markOf) return true
  const known = await markOf(binding)
  return known !== null && sameText(mark, known)
}

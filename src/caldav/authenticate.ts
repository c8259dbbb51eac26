import type { IncomingMessage } from 'node:http'
import { DavError } from '../dav/errors.ts'
import { Unavailable } from '../errors.ts'
import type { Gateway } from './gateway.ts'
import type { Person } from './rights.ts'

/** RFC 7617. Clients send a password only after this very answer. */
const challenge = (message: string): DavError =>
  new DavError(401, message, {
    remedy: 'Log in with the name of a user and a password or app password',
    headers: { 'WWW-Authenticate': 'Basic realm="kaldav", charset="UTF-8"' },
  })

const credentials = (header: string): { name: string; password: string } | null => {
  const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header) ?? []
  if (encoded === undefined) return null
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? null : { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** The address a request comes from; behind a proxy of ours the last one it names, which nobody else can forge. */
const addressOf = (request: IncomingMessage, trustProxy: boolean): string => {
  const forwarded = trustProxy ? request.headers['x-forwarded-for'] : undefined
  const last = String(forwarded ?? '')
    .split(',')
    .at(-1)
    ?.trim()
  return last || (request.socket.remoteAddress ?? '')
}

/** @throws DavError 401, or 429 after too many wrong passwords */
export const authenticate = async ({ auth, config }: Gateway, request: IncomingMessage): Promise<Person> => {
  const header = request.headers.authorization
  if (header === undefined) throw challenge('This address needs a login')
  const given = credentials(header)
  if (!given) throw challenge('The Authorization header is not of the form "Basic …"')
  try {
    const person = await auth.verify(given.name, given.password, addressOf(request, config.trustProxy))
    if (person) return person
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    const headers = error.retryAfter === null ? {} : { 'Retry-After': String(Math.ceil(error.retryAfter)) }
    throw new DavError(429, error.message, { headers, ...(error.remedy === null ? {} : { remedy: error.remedy }) })
  }
  throw challenge('The name or the password is wrong')
}

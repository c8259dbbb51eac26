import type { RequestHandler } from 'express'
import type { Auth, User } from '../auth.ts'
import { Unavailable } from '../errors.ts'

/** Lets people in by Basic credentials (RFC 7617); `response.locals.user` is who it is. */
export const authenticate =
  (auth: Pick<Auth, 'verify'>): RequestHandler =>
  async (request, response, next) => {
    const credentials = readCredentials(request.headers.authorization)
    try {
      const user = credentials && (await auth.verify(...credentials, request.ip ?? ''))
      if (user) {
        response.locals.user = user satisfies User
        next()
        return
      }
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      response.set('Retry-After', String(error.retryAfter ?? 60))
      response.status(429).json({ error: error.message, remedy: error.remedy })
      return
    }
    response.set('WWW-Authenticate', 'Basic realm="kaldav", charset="UTF-8"')
    response.status(401).json({ error: 'Sign in with the name and password of a user.', remedy: null })
  }

function readCredentials(header: string | undefined): [name: string, password: string] | null {
  const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header ?? '') ?? []
  if (encoded === undefined) return null
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? null : [text.slice(0, colon), text.slice(colon + 1)]
}

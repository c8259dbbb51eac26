/**
 * Logs: JSON lines on stderr, or short readable ones on a terminal. Never a password, a feed token or a session; the
 * titles of events only at `debug`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import pino, { type DestinationStream, type LogFn, type Logger } from 'pino'
import { KaldavError } from './errors.ts'

/** Fields that hold a secret wherever they are logged. Numbers stay: a sync token is no secret. */
const secrets = ['password', 'token', 'authorization', 'ks', 'secret', 'clientSecret', 'refreshToken', 'privateKey']

export function createLog(level: string, output?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
    hooks: { logMethod: redactMessage },
    redact: {
      paths: secrets.flatMap(name => [name, `*.${name}`, `*.headers.${name}`]),
      censor: (value: unknown) => (typeof value === 'number' ? value : '[redacted]'),
    },
  }
  return pino(
    options,
    output ?? (process.stderr.isTTY ? { write: writeReadable } : pino.destination({ dest: 2, sync: true })),
  )
}

/** pino takes an error's own message where a line has none. */
function redactMessage(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  const [fields, message, ...rest] = args as [unknown, unknown, ...unknown[]]
  const error = typeof fields === 'object' && fields !== null && 'err' in fields ? fields.err : fields
  const said = typeof message === 'string' || !(error instanceof Error) ? message : error.message
  const redacted = [fields, said, ...rest].map(part => (typeof part === 'string' ? redact(part) : part))
  method.apply(this, redacted as Parameters<LogFn>)
}

/** Only what helps: the errors of vendors carry whole requests with their credentials. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return redact(String(error))
  const { name, message, stack, cause } = error
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : undefined
  return {
    type: name,
    message: redact(message),
    code,
    // What we foresaw needs no stack to be understood.
    stack: error instanceof KaldavError || !stack ? undefined : redact(stack),
    cause: cause instanceof Error ? redact(`${cause.name}: ${cause.message}`) : undefined,
  }
}

const hidden: readonly [RegExp, string][] = [
  [/\/feeds\/[^/?\s]+/g, '/feeds/[redacted]'],
  [/\/ks\/[^/?\s]+/g, '/ks/[redacted]'],
  [/([?&](?:ks|token|tokenHash|secret|password)=)[^&\s]*/gi, '$1[redacted]'],
  [/(:\/\/[^\s:/@]*:)[^\s@/]+@/g, '$1[redacted]@'],
  [/\b(Bearer|Basic) [\w+/=.~-]+/gi, '$1 [redacted]'],
]

/** A URL, or a text with URLs in it, without what gives access. */
export const redact = (text: string): string =>
  hidden.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text)

const classes = ['dav', 'feeds', 'api_v3', 'api', 'webhooks', '.well-known', 'healthz', 'readyz', 'metrics']

/** The kind of a request: few values, so that it can label a metric. */
export const routeClass = (url: string): string => {
  const first = url.split(/[/?]/, 2)[1] ?? ''
  return classes.includes(first) ? first : 'web'
}

/** What looks at every request on its way in; for a bare server as well as for express. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

/** A line for every request once it is answered, or given up by who asked. To be mounted at the root. */
export function accessLog(log: Logger): Middleware {
  return (request, response, next) => {
    const start = performance.now()
    const { method = '', url = '', socket } = request
    const written = socket.bytesWritten
    response.once('close', () => {
      const status = response.statusCode
      const ms = performance.now() - start
      const level = levelOf(request, url, status)
      if (!log.isLevelEnabled(level)) return
      const finished = response.writableFinished ? {} : { aborted: true }
      const bytes = socket.bytesWritten - written
      log[level](
        {
          method,
          path: redact(url),
          status,
          ms: Math.round(ms * 10) / 10,
          bytes,
          user: userOf(request, status),
          ...finished,
        },
        'request',
      )
    })
    next()
  }
}

const writing = new Set(['PUT', 'DELETE', 'POST', 'PATCH', 'MOVE'])

/** What devices and clients ask every minute is only of interest to who looks for it. */
function levelOf({ method = '', headers }: IncomingMessage, url: string, status: number): 'debug' | 'info' | 'warn' {
  const route = routeClass(url)
  if (status >= 500) return route === 'readyz' ? 'info' : 'warn'
  // Every client asks once without credentials.
  if (status >= 400) return status === 401 && !headers.authorization ? 'debug' : 'info'
  return writing.has(method) && route !== 'api_v3' ? 'info' : 'debug'
}

/** The name a request was answered under; a refused one proves no name. */
function userOf(request: IncomingMessage, status: number): string | undefined {
  const credentials = /^Basic ([\w+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (!credentials || status === 401) return undefined
  return Buffer.from(credentials, 'base64').toString('utf8').split(':', 1)[0]
}

/** `12:03:04 warn  what happened  key=value …` */
function writeReadable(line: string): void {
  const { time, level, msg, err, ...fields } = JSON.parse(line)
  const shown = Object.entries(fields).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const reason = err ? `\n  ${err.stack ?? err.message ?? err}` : ''
  process.stderr.write(
    `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${msg ?? ''}${shown.join('')}${reason}\n`,
  )
}

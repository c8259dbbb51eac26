import { fork } from 'node:child_process'
import { type Access, basic } from '../test/conformance/support/dav.ts'
import type { Measured, Plan } from './load.ts'

/** Runs a plan in a process of its own, so that the generator never waits for the harness. */
export function load(plan: Plan): Promise<Measured> {
  const child = fork(new URL('load.ts', import.meta.url))
  return new Promise((resolve, reject) => {
    child.once('message', (message: { measured?: Measured; error?: string }) =>
      message.measured ? resolve(message.measured) : reject(new Error(message.error)),
    )
    child.once('error', reject)
    child.once('exit', code => code && reject(new Error(`the load generator ended with ${code}`)))
    child.send(plan)
  })
}

/** A whole HTTP/1.1 request as it goes over the wire. */
export function request(
  access: Access | null,
  method: string,
  url: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const { pathname, search, host } = new URL(url)
  const lines = Object.entries({
    host,
    ...(access ? { authorization: basic(access) } : {}),
    ...headers,
    ...(body ? { 'content-length': String(Buffer.byteLength(body)) } : {}),
  }).map(([name, value]) => `${name}: ${value}`)
  return `${method} ${pathname}${search} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`
}

/** `load` on the server of a URL; answers per second. Throws on any error, so that no rate counts failures. */
export async function rate(url: string, plan: Omit<Plan, 'host' | 'port'>): Promise<Measured & { perSecond: number }> {
  const { hostname, port } = new URL(url)
  const measured = await load({ host: hostname, port: Number(port), ...plan })
  if (measured.errors > 0) throw new Error(`${measured.errors} errors, the first:\n${measured.firstError}`)
  return { ...measured, perSecond: measured.answers / measured.seconds }
}

import type { Config } from '../config.ts'

/** Where clients reach the gateway, without a slash at the end. A server on every address is reached as localhost. */
export function publicUrl({ server }: Pick<Config, 'server'>, port: number = server.port): string {
  if (server.baseUrl) return server.baseUrl
  const anywhere = ['0.0.0.0', '::', '127.0.0.1', '::1'].includes(server.host)
  const host = anywhere ? 'localhost' : server.host.includes(':') ? `[${server.host}]` : server.host
  return `${server.tls ? 'https' : 'http'}://${host}:${port}`
}

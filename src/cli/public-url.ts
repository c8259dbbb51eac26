import type { Config } from '../config.ts'

/** Where clients reach the gateway, without a slash at the end. */
export const publicUrl = ({ server }: Pick<Config, 'server'>, port: number = server.port): string =>
  server.baseUrl ?? `${server.tls ? 'https' : 'http'}://${server.hostName}:${port}`

/** The configuration as a whole: file, environment and defaults, checked together. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type FileConfig, fileSchema } from './config-file.ts'
import { type Path, parseYaml, problemsOf } from './config-problems.ts'
import { ConfigError } from './errors.ts'
import { Secret } from './secret.ts'

export type { AccountConfig, SourceConfig } from './config-file.ts'

export type LogLevel = (typeof levels)[number]
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export interface Config {
  /** The file it was read from; `null`: no configuration. */
  readonly file: string | null
  readonly server: {
    readonly host: string
    /** `host` as people write it in a URL: localhost where none was chosen, or all addresses were. */
    readonly hostName: string
    /** 0: any free port. */
    readonly port: number
    /** What clients see, without a slash at the end; `null`: what the server listens on. */
    readonly baseUrl: string | null
    readonly tls: { readonly cert: string; readonly key: string } | null
    readonly trustProxy: boolean
  }
  /** `sqlite:<absolute path>` or a PostgreSQL URL. */
  readonly store: { readonly url: string }
  readonly dataDir: string
  /** The clock of resources that set none of their own (IANA). */
  readonly timeZone: string
  /** `null`: the embedded account. */
  readonly account: FileConfig['account'] | null
  readonly users: FileConfig['users']
  readonly resources: FileConfig['resources']
  readonly sources: FileConfig['sources']
  /** Whether rooms answer invitations (RFC 6638). */
  readonly scheduling: 'rooms' | 'off'
  /** Keys of WebDAV-Push; `null`: off. */
  readonly push: NonNullable<FileConfig['push']> | null
  readonly adminPassword: Secret | null
  /** Whether an empty store is filled with the example campus; never in a real account. */
  readonly example: boolean
  readonly logLevel: LogLevel
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads `KALDAV_CONFIG`, or `kaldav.yaml` in `cwd` where there is one. Pure apart from reading that file.
 * @throws ConfigError with every problem there is
 */
export function loadConfig(env: Environment, cwd: string): Config {
  const problems: string[] = []
  const file = configFile(env, cwd)
  const read = file === null ? {} : readConfigFile(file, env, problems)
  const directory = file === null ? cwd : dirname(file)
  const result = fileSchema(directory).safeParse(read.value ?? {})
  const where = (path: Path) => [file, read.lineOf?.(path)].filter(part => part).join(':')
  problems.push(...problemsOf(result.error?.issues ?? [], read.value ?? {}, where))
  const fromEnvironment = environment(env, problems)
  if (problems.length > 0 || !result.success) throw new ConfigError(problems)

  const { server, store, timeZone, account, push, ...rest } = result.data
  const dataDir = resolve(cwd, env.KALDAV_DATA_DIR || 'data')
  const host = env.HOST || server.host
  const example = env.KALDAV_EXAMPLE ? env.KALDAV_EXAMPLE !== '0' : file === null
  return {
    ...rest,
    file,
    server: {
      host: host ?? '127.0.0.1',
      hostName: !host || host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host,
      port: fromEnvironment.port ?? server.port ?? 8080,
      baseUrl: server.baseUrl ?? null,
      tls: server.tls ?? null,
      trustProxy: server.trustProxy,
    },
    store: { url: store ? storeUrl(store.url, directory) : `sqlite:${resolve(dataDir, 'kaldav.db')}` },
    dataDir,
    // The example campus lies in Berlin.
    timeZone: timeZone ?? (example && file === null ? 'Europe/Berlin' : Temporal.Now.timeZoneId()),
    account: account ?? null,
    push: push ?? null,
    adminPassword: env.KALDAV_ADMIN_PASSWORD ? new Secret(env.KALDAV_ADMIN_PASSWORD) : null,
    example: example && !account,
    logLevel: fromEnvironment.logLevel,
  }
}

function configFile(env: Environment, cwd: string): string | null {
  if (env.KALDAV_CONFIG) return resolve(cwd, env.KALDAV_CONFIG)
  const usual = resolve(cwd, 'kaldav.yaml')
  return existsSync(usual) ? usual : null
}

interface FileRead {
  readonly value?: unknown
  readonly lineOf?: (path: Path) => number | null
}

function readConfigFile(file: string, env: Environment, problems: string[]): FileRead {
  try {
    return parseYaml(readFileSync(file, 'utf8'), env, (line, problem) => problems.push(`${file}:${line} ${problem}`))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    problems.push(`${file}: cannot be read (${reason}): check KALDAV_CONFIG and the rights on the file`)
    return {}
  }
}

function environment(env: Environment, problems: string[]): { port: number | null; logLevel: LogLevel } {
  const port = env.PORT ? Number(env.PORT) : null
  if (port !== null && !(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    problems.push(`PORT: "${env.PORT}" is no port: set it to a number from 0 to 65535`)
  }
  const wished = env.LOG_LEVEL || 'info'
  const logLevel = levels.find(level => level === wished)
  if (!logLevel) problems.push(`LOG_LEVEL: "${wished}" is no level: set it to one of ${levels.join(', ')}`)
  return { port, logLevel: logLevel ?? 'info' }
}

/** A relative SQLite file starts, like every path of the file, where the file lies. */
const storeUrl = (url: string, directory: string): string =>
  url.startsWith('sqlite:') ? `sqlite:${resolve(directory, url.slice('sqlite:'.length))}` : url

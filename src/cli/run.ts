/** What every command shares: configuration, the opened gateway, and the exit status. */
import { type Config, loadConfig } from '../config.ts'
import { ConfigError, KaldavError, NotFound } from '../errors.ts'
import { createLog } from '../log.ts'
import type { Gateway } from '../main.ts'
import { note } from './output.ts'

/** Done · done with findings or rejected items, each of them named · wrong use or configuration. */
export const exit = { done: 0, findings: 1, wrongUse: 2 } as const
export type ExitStatus = (typeof exit)[keyof typeof exit]

/** What was asked for cannot be: wrong use of a command. */
export class WrongUse extends KaldavError {}

export const readConfig = (): Config => loadConfig(process.env, process.cwd())

/**
 * Runs a command on the opened store and account, without serving, beside a running gateway or without one.
 * Logs only warnings unless LOG_LEVEL says more: stdout is the command's result.
 */
export async function withGateway(work: (gateway: Gateway) => Promise<ExitStatus | undefined>): Promise<void> {
  const config = readConfig()
  const { openGateway } = await import('../main.ts')
  const gateway = await openGateway(config, createLog(process.env.LOG_LEVEL || 'warn'))
  try {
    process.exitCode = (await work(gateway)) ?? exit.done
  } finally {
    await gateway.close()
  }
}

/** Says what went wrong and what to do about it. */
export function report(error: unknown): ExitStatus {
  if (error instanceof ConfigError) {
    note(`The configuration has ${error.problems.length === 1 ? 'a problem' : `${error.problems.length} problems`}:`)
    for (const problem of error.problems) note(`  ${problem}`)
    return exit.wrongUse
  }
  if (error instanceof KaldavError) {
    note(`${error.message}${error.remedy ? `\n${error.remedy}` : ''}`)
    return error instanceof WrongUse || error instanceof NotFound ? exit.wrongUse : exit.findings
  }
  const remedy = systemRemedy(error)
  if (remedy !== null && error instanceof Error) {
    note(`${error.message}\n${remedy}`)
    return exit.wrongUse
  }
  note(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return exit.findings
}

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program listens there: stop it, or choose another PORT.',
  EADDRNOTAVAIL: 'This machine has no such address: correct HOST.',
  EACCES: 'Check the rights.',
  ENOENT: 'Check the name.',
}

/** What to do about what the operating system refuses; `null` for any other error. */
export const systemRemedy = (error: unknown): string | null =>
  error instanceof Error && 'code' in error ? (remedies[String(error.code)] ?? null) : null

import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { randomWord } from '../password.ts'
import { note } from './output.ts'
import { WrongUse } from './run.ts'

export interface PasswordOptions {
  readonly password?: string
  readonly passwordStdin?: boolean
}

/** @returns the password, and whether it was made up here and has to be shown */
export async function readPassword(options: PasswordOptions): Promise<{ password: string; made: boolean }> {
  const given = options.password ?? (await typed(options))
  if (given === null) return { password: randomWord(20), made: true }
  if (given === '') throw new WrongUse('The password is empty.')
  return { password: given, made: false }
}

async function typed({ passwordStdin }: PasswordOptions): Promise<string | null> {
  if (passwordStdin) return (await text(process.stdin)).replace(/\r?\n$/, '')
  if (!process.stdin.isTTY) return null
  const first = await askHidden('Password (empty: make one up): ')
  if (first === '') return null
  if ((await askHidden('Once more: ')) !== first) throw new WrongUse('The two passwords are not the same.')
  return first
}

/** Asks on the terminal without showing what is typed. */
function askHidden(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  process.stderr.write(question)
  return new Promise((resolve, reject) => {
    lines.once('SIGINT', () => {
      lines.close()
      reject(new WrongUse('Given up.'))
    })
    lines.question('', answer => {
      lines.close()
      note('')
      resolve(answer)
    })
  })
}

import type { Ran } from './process.ts'

/** What a script says of one of its steps: it prints `ok STEP`, or `not ok STEP: why` in one line. Throws unless ok. */
export function expectStep(ran: Ran, name: string): void {
  const line = ran.out.split('\n').find(said => said === `ok ${name}` || said.startsWith(`not ok ${name}: `))
  if (line === `ok ${name}`) return
  const why = line === undefined ? `the script ended before "${name}"\n${ran.out}` : line.replaceAll('\\n', '\n')
  const heard = ran.err.split('\n').filter(said => !said.startsWith('dbus-daemon['))
  throw new Error(`${why}\n${heard.join('\n').slice(-2000)}`)
}

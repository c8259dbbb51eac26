import { once } from 'node:events'

/** How often is looked whether who started us is still there, ms. */
const lookEvery = 500

/** npm starts us in a shell, which ends by the signal that npm passes on to it, and does not tell us. */
const orphaned = (): Promise<string> => {
  const parent = process.ppid
  return new Promise(resolve => {
    setInterval(() => process.ppid !== parent && resolve('the end of npm'), lookEvery).unref()
  })
}

/** A signal, or the end of the process that started us on its behalf (bin/kaldav.js). */
export async function askedToStop(): Promise<string> {
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
  const reasons = signals.map(signal => once(process, signal).then(() => signal as string))
  if (process.channel) {
    reasons.push(once(process, 'disconnect').then(() => 'disconnect'))
    process.channel.unref()
  }
  if (process.env.npm_lifecycle_event) reasons.push(orphaned())
  const reason = await Promise.race(reasons)
  // Who asks twice does not want to wait.
  for (const signal of signals) process.on(signal, () => process.exit(1))
  return reason
}

import { once } from 'node:events'

/** A signal, or the end of the process that started us on its behalf (bin/kaldav.js). */
export async function askedToStop(): Promise<string> {
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
  const reasons = signals.map(signal => once(process, signal).then(() => signal as string))
  if (process.channel) {
    reasons.push(once(process, 'disconnect').then(() => 'disconnect'))
    process.channel.unref()
  }
  const reason = await Promise.race(reasons)
  // Who asks twice does not want to wait.
  for (const signal of signals) process.on(signal, () => process.exit(1))
  return reason
}

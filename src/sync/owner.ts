/** Who holds a lease: a name that tells others on the same machine whether its process still lives. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'

const self = { host: hostname(), pid: process.pid, start: randomUUID() }

/** `host pid start id`: `start` tells this process from an earlier one with its number. */
export const newOwner = (): string => [encodeURIComponent(self.host), self.pid, self.start, randomUUID()].join(' ')

/** Only said of processes of this machine: of others nothing is known. */
export function isGone(owner: string): boolean {
  const [host, pid, start] = owner.split(' ')
  if (host !== encodeURIComponent(self.host) || !/^[1-9]\d*$/.test(pid ?? '')) return false
  return Number(pid) === self.pid ? start !== self.start : !isAlive(Number(pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // One that belongs to somebody else may not be asked, but lives.
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH'
  }
}

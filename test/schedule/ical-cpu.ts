/** Milliseconds of processor time that this thread spends: unlike a clock, it does not run while others have the machine. */
export const cpuTime = (work: () => void): number => {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}

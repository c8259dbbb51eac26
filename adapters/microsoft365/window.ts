/** The stretch of a room's calendar that is watched. Epoch seconds, half-open. */
export interface Window {
  readonly from: number
  readonly to: number
}

export const day = 86_400
/** Around today, days; Exchange's limit for both together is 1825. */
const pastDays = 366
const futureDays = 1096

export const epochNow = (): number => Math.floor(Date.now() / 1000)

export const windowAt = (now: number): Window => {
  const today = Math.floor(now / day) * day
  return { from: today - pastDays * day, to: today + futureDays * day }
}

/** An instant as Graph's parameters take it. */
export const instant = (epoch: number): string => new Date(epoch * 1000).toISOString().replace('.000', '')

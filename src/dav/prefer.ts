import type { IncomingHttpHeaders } from 'node:http'

/** What the client would rather have (RFC 7240, RFC 8144). */
export interface Preferences {
  readonly minimal: boolean
  readonly representation: boolean
  readonly noRoot: boolean
}

const NONE: Preferences = { minimal: false, representation: false, noRoot: false }

/** `Prefer`, and `Brief: t`, its older form that Apple's clients still send. */
export const preferences = (headers: IncomingHttpHeaders): Preferences => {
  const brief = headers.brief
  if (headers.prefer === undefined && brief === undefined) return NONE
  const wanted = new Set(
    String(headers.prefer ?? '')
      .toLowerCase()
      .split(',')
      .map(token => token.split(';')[0]?.replace(/[\s"]/g, '') ?? ''),
  )
  return {
    minimal: wanted.has('return=minimal') || wanted.has('return-minimal') || brief === 't',
    representation: wanted.has('return=representation') || wanted.has('return-representation'),
    noRoot: wanted.has('depth-noroot'),
  }
}

/** `Preference-Applied` (RFC 7240 §3) and `Vary` for what was taken into account. */
export const applied = (preference: string): Readonly<Record<string, string>> => ({
  'Preference-Applied': preference,
  Vary: 'Prefer',
})

/** The headers of a multistatus that leaves out what is missing, where that was asked for (RFC 8144 §2.1). */
export const whenMinimal = ({ minimal }: Preferences): Readonly<Record<string, string>> =>
  minimal ? applied('return=minimal') : {}

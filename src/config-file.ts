/** The shape of `kaldav.yaml`. Keys and defaults are public: README, section "Configuration". */
import { createECDH } from 'node:crypto'
import { resolve } from 'node:path'
import { z } from 'zod'
import { Secret } from './secret.ts'
import { LEVELS } from './store/access.ts'

/** Source ids that the journal already uses for something else. */
const reserved = ['caldav', 'doctor', 'import', 'kaltura', 'undo', 'upkeep']

const text = z.string().min(1)
/** A number, or its digits where it came from an environment variable. */
const whole = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  z.preprocess(
    value => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
    z.int().min(least).max(most),
  )
const flag = z.preprocess(value => (value === 'true' ? true : value === 'false' ? false : value), z.boolean())
const secret = text.transform(value => new Secret(value))
/** An origin with an optional path, without the slash at its end: paths are appended to it. */
const origin = z.url({ protocol: /^https?$/ }).transform(value => value.replace(/\/+$/, ''))
const zone = text.refine(isZone, { error: 'zone' })
const pollSeconds = (seconds: number) => whole(1).default(seconds)
const direction = z.enum(['both', 'in', 'out']).default('both')
const sourceId = text
  .regex(/^[a-z0-9][a-z0-9._-]*$/i, { error: 'id' })
  .refine(id => !reserved.includes(id), { error: 'reserved' })

/** How the events of a source that is not bound to one room find their resource. */
const resourceFrom = z.union([text, z.record(text, text)]).default('location')

/** `path` makes a file name of the configuration absolute: it is relative to the file that names it. */
const sources = (path: z.ZodType<string, string>) =>
  z.discriminatedUnion('type', [
    z.strictObject({
      id: sourceId,
      type: z.literal('google'),
      keyFile: path.optional(),
      oauth: z.strictObject({ clientId: text, clientSecret: secret, refreshToken: secret }).optional(),
      subject: text.optional(),
      organizer: text.optional(),
      apiUrl: origin.default('https://www.googleapis.com'),
      tokenUrl: origin.default('https://oauth2.googleapis.com/token'),
      pollSeconds: pollSeconds(300),
      calendars: z.array(z.strictObject({ calendarId: text, resource: text, direction })).min(1),
    }),
    z.strictObject({
      id: sourceId,
      type: z.literal('microsoft365'),
      tenantId: text,
      clientId: text.optional(),
      clientSecret: secret.optional(),
      certificate: path.optional(),
      managedIdentity: flag.optional(),
      organizer: text.optional(),
      outOfReach: text.optional(),
      graphUrl: origin.default('https://graph.microsoft.com'),
      authorityUrl: origin.default('https://login.microsoftonline.com'),
      pollSeconds: pollSeconds(300),
      calendars: z.array(z.strictObject({ mailbox: text, resource: text, direction })).min(1),
    }),
    z.strictObject({
      id: sourceId,
      type: z.literal('ical'),
      url: z.url({ protocol: /^(https?|webcals?)$/ }).transform(value => value.replace(/^webcal/, 'http')),
      user: text.optional(),
      password: secret.optional(),
      pollSeconds: pollSeconds(900),
      resourceFrom,
    }),
    z.strictObject({
      id: sourceId,
      type: z.literal('dropfolder'),
      url: z.url({ protocol: /^(file|sftp|ftps?|s3)$/ }),
      password: secret.optional(),
      keyFile: path.optional(),
      pollSeconds: pollSeconds(60),
      resourceFrom,
    }),
  ])

/** Keys of Web Push (RFC 8292), as every tool that makes them writes them. */
const push = z
  .strictObject({
    subject: text.regex(/^(mailto:.+@|https:\/\/.)/, { error: 'subject' }),
    publicKey: text.regex(/^[\w-]{87}$/, { error: 'vapid' }),
    privateKey: text.regex(/^[\w-]{43}$/, { error: 'vapid' }).transform(value => new Secret(value)),
  })
  .refine(isPair, { error: 'pair' })

/** @param directory of the configuration file; relative paths in it start there. */
export const fileSchema = (directory: string) => {
  const path = text.transform(value => resolve(directory, value))
  return z.strictObject({
    server: z
      .strictObject({
        baseUrl: origin.optional(),
        host: text.optional(),
        port: whole(0, 65535).optional(),
        tls: z.strictObject({ cert: path, key: path }).optional(),
        trustProxy: flag.default(false),
      })
      .prefault({}),
    store: z.strictObject({ url: text.regex(/^(sqlite:.|postgres(ql)?:\/\/.)/, { error: 'store' }) }).optional(),
    timeZone: zone.optional(),
    account: z
      .strictObject({
        serviceUrl: origin.default('https://www.kaltura.com'),
        partnerId: whole(1),
        appToken: z.strictObject({
          id: text,
          token: secret,
          hashType: z.enum(['SHA1', 'SHA256', 'SHA512', 'MD5']).default('SHA256'),
        }),
        pollSeconds: pollSeconds(60),
      })
      .optional(),
    users: z
      .array(
        z.strictObject({
          name: text.regex(/^[^:/\s]+$/, { error: 'user' }),
          password: secret,
          role: z.enum(['admin', 'booker', 'viewer']),
          access: z.record(text, z.enum(LEVELS)).optional(),
        }),
      )
      .default([]),
    resources: z
      .record(
        text,
        z.strictObject({
          timeZone: zone.optional(),
          onConflict: z.enum(['flag']).default('flag'),
          sourcePriority: z.array(text).default([]),
          templateEntryId: text.optional(),
        }),
      )
      .default({}),
    sources: z.array(sources(path)).default([]),
    scheduling: z.enum(['rooms', 'off']).default('off'),
    push: push.optional(),
  })
}

export type FileConfig = z.output<ReturnType<typeof fileSchema>>
export type SourceConfig = FileConfig['sources'][number]
export type AccountConfig = NonNullable<FileConfig['account']>

function isPair({ publicKey, privateKey }: { readonly publicKey: string; readonly privateKey: Secret }): boolean {
  // A key of no form has been told already.
  if (publicKey.length !== 87 || privateKey.reveal().length !== 43) return true
  const pair = createECDH('prime256v1')
  try {
    pair.setPrivateKey(privateKey.reveal(), 'base64url')
    return pair.getPublicKey('base64url') === publicKey
  } catch {
    return false
  }
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return !/^[+-]/.test(name)
  } catch {
    return false
  }
}

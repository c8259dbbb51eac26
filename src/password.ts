/** Passwords and tokens: how they are made, hashed and compared. */
import { argon2, createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * argon2id with 7 MiB and five passes, which OWASP's Password Storage Cheat Sheet counts as strong as 19 MiB and two:
 * what a hash needs, each thread that ever made one keeps.
 */
const cost = { memory: 7168, passes: 5, parallelism: 1 }

/** A PHC string: `$argon2id$v=19$m=7168,t=5,p=1$<salt>$<hash>`. Takes some 40 ms off the event loop. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const { memory, passes, parallelism } = cost
  const hash = await derive(password, salt, cost, 32)
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(hash)}`
}

/** Whether `password` made the PHC string; also with other costs than today's. */
export async function verifyPassword(phc: string, password: string): Promise<boolean> {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(phc)
  if (!parts) return false
  const [memory = 0, passes = 0, parallelism = 0] = parts.slice(1, 4).map(Number)
  const [salt = '', expected = ''] = parts.slice(4)
  const wanted = Buffer.from(expected, 'base64')
  const found = await derive(password, Buffer.from(salt, 'base64'), { memory, passes, parallelism }, wanted.length)
  return timingSafeEqual(found, wanted)
}

const derive = (message: string, nonce: Buffer, parameters: typeof cost, tagLength: number): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    argon2('argon2id', { ...parameters, message, nonce, tagLength }, (error, hash) =>
      error ? reject(error) : resolve(hash),
    ),
  )

const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Whether two texts are equal, in a time that does not depend on where they differ. */
export const sameText = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())

/** Without the letters that are taken for digits; 5 bits each. */
const letters = 'abcdefghjkmnpqrstvwxyz0123456789'

/** A random word of `5 × length` bits that people can type. */
export const randomWord = (length: number): string =>
  Array.from(randomBytes(length), byte => letters[byte & 31]).join('')

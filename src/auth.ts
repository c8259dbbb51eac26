/** Who asks: people by password or app password, feeds by token. */
import { hash, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Config } from './config.ts'
import { KaldavError, NotFound, Unavailable } from './errors.ts'
import { hashPassword, randomWord, sameText, sha256, verifyPassword } from './password.ts'
import type { Secret } from './secret.ts'
import type { AccessList } from './store/access.ts'
import type { Database } from './store/database.ts'
import * as table from './store/users.ts'

export type { AppPassword, Role, StoredFeedToken } from './store/users.ts'

/** viewer reads; booker reads and writes events; admin everything. */
export interface User {
  readonly name: string
  readonly role: table.Role
  /** Where the role alone does not say what they may do with a resource. */
  readonly access?: AccessList
}

export interface FeedToken {
  readonly id: string
  /** systemName; `null`: every resource. */
  readonly resource: string | null
  /** A capture device: may see stream passwords. */
  readonly device: boolean
}

/** How long correct credentials are believed without hashing again, ms. */
const believedFor = 60_000
/** How long it takes at most until a change made by another process is seen, ms. */
const recheckEvery = 100
/** Failed attempts in a minute, after which no more are looked at. */
const attempts = { user: 10, ip: 50 }
/** Uses are noted this often, seconds: enough to see what is still in use. */
const noteEvery = 60
/** Basic credentials end a name at the first colon (RFC 7617 §2); a principal's URL, at a slash. */
const userName = /^[^:/\s\0]{1,200}$/
/** 160 bits: a feed URL is its own password. */
const tokenLength = 32

/** All that decides about a person's credentials; any change of it makes `version` another. */
interface Account {
  readonly user: User | null
  readonly password: string | null
  readonly version: string
}

export class Auth {
  readonly #database: Database
  readonly #configured: ReadonlyMap<string, User & { readonly password: Secret }>
  readonly #log: Logger
  readonly #salt = randomBytes(32).toString('base64')
  readonly #accounts = new LRUCache<string, Account>({ max: 1000, ttl: recheckEvery })
  readonly #verified = new LRUCache<string, Account>({ max: 10_000, ttl: believedFor })
  readonly #pending = new Map<string, Promise<User | null>>()
  readonly #tokens = new LRUCache<string, FeedToken>({ max: 10_000, ttl: recheckEvery })
  readonly #byUser = new RateLimiterMemory({ points: attempts.user, duration: 60, keyPrefix: 'user' })
  readonly #byIp = new RateLimiterMemory({ points: attempts.ip, duration: 60, keyPrefix: 'ip' })
  readonly #nobody = hashPassword(randomWord(tokenLength))

  private constructor(database: Database, users: Config['users'], log: Logger) {
    this.#database = database
    // They come before those of the table.
    this.#configured = new Map(users.map(({ access = {}, ...user }) => [user.name, { ...user, access }]))
    this.#log = log
  }

  static async open(database: Database, { users }: Pick<Config, 'users'>, log: Logger): Promise<Auth> {
    return new Auth(database, users, log)
  }

  /**
   * The person these credentials belong to, or `null`. Takes equally long for names that exist and for others.
   * @throws Unavailable after too many failed attempts; `retryAfter` says when the next one is looked at
   */
  async verify(name: string, password: string, ip: string): Promise<User | null> {
    const key = hash('sha256', this.#salt + JSON.stringify([name, password]), 'base64')
    const account = await this.#account(name)
    if (this.#verified.get(key)?.version === account.version) return account.user
    // Many connections of one client that start together are one attempt.
    const pending = this.#pending.get(key) ?? this.#attempt(key, account, name, password, ip)
    this.#pending.set(key, pending)
    return pending.finally(() => this.#pending.delete(key))
  }

  /** @returns the token's scope, or `null` for one that was never given or is revoked */
  async feedToken(token: string): Promise<FeedToken | null> {
    if (token.length !== tokenLength) return null
    const hash = sha256(token)
    const cached = this.#tokens.get(hash)
    if (cached) return cached
    const stored = await table.feedTokenByHash(this.#database, hash)
    if (!stored) return null
    const { id, resource, device, lastUsed } = stored
    const at = now()
    if (lastUsed === null || at - lastUsed >= noteEvery) {
      // A feed is answered whether or not its use can be written down.
      table
        .noteFeedTokenUse(this.#database, id, at)
        .catch(error => this.#log.debug({ err: error, feedToken: id }, 'the use of a feed token was not noted'))
    }
    const found = { id, resource, device }
    this.#tokens.set(hash, found)
    return found
  }

  /**
   * Sees to it that there is a user `admin`.
   * @returns the password that was just made up, to be shown once; `null` where none was
   */
  async ensureAdmin(password: Secret | null): Promise<string | null> {
    if (this.#configured.has('admin')) return null
    const existing = await table.personByName(this.#database, 'admin')
    if (existing && (!password || (await verifyPassword(existing.password, password.reveal())))) return null
    if (existing && password) {
      await this.setPassword('admin', password.reveal())
      return null
    }
    const chosen = password?.reveal() ?? randomWord(20)
    const added = await this.#add({ name: 'admin', role: 'admin' }, chosen)
    return added && !password ? chosen : null
  }

  /** Everybody, with where they are kept. */
  async users(): Promise<(User & { readonly origin: 'configuration' | 'store' })[]> {
    const configured = [...this.#configured.values()].map(user => ({
      ...userOf(user),
      origin: 'configuration' as const,
    }))
    const stored = (await table.persons(this.#database)).filter(({ name }) => !this.#configured.has(name))
    return [...configured, ...stored.map(person => ({ ...userOf(person), origin: 'store' as const }))]
  }

  async addUser(user: User, password: string): Promise<void> {
    const { name } = user
    if (!userName.test(name)) {
      throw new KaldavError(`"${name}" is no user name.`, { remedy: 'Leave out spaces, colons and slashes.' })
    }
    if (this.#configured.has(name) || !(await this.#add(user, password))) {
      throw new KaldavError(`There is a user ${name} already.`, {
        remedy: 'Choose another name, or use "user passwd".',
      })
    }
  }

  async setPassword(name: string, password: string): Promise<void> {
    this.#refuseConfigured(name)
    if (!(await table.setPassword(this.#database, name, await hashPassword(password)))) throw noUser(name)
    this.#accounts.delete(name)
  }

  /** What they may do with which resource from now on, as a whole. */
  async setAccess(name: string, access: AccessList): Promise<void> {
    this.#refuseConfigured(name)
    if (!(await table.setAccess(this.#database, name, access))) throw noUser(name)
    this.#accounts.delete(name)
  }

  async removeUser(name: string): Promise<void> {
    this.#refuseConfigured(name)
    if (!(await table.removePerson(this.#database, name))) throw noUser(name)
    this.#accounts.delete(name)
  }

  /** @returns the password, which is told only here */
  async createAppPassword(user: string, label: string): Promise<{ id: string; password: string }> {
    if (!(await this.#account(user)).user) throw noUser(user)
    const [id, password] = [randomWord(8), randomWord(26)]
    const entry = { id, user, label, createdAt: now(), lastUsed: null }
    await table.addAppPassword(this.#database, entry, sha256(password))
    this.#accounts.delete(user)
    return { id, password }
  }

  appPasswords(user: string | null = null): Promise<table.AppPassword[]> {
    return table.appPasswords(this.#database, user)
  }

  async revokeAppPassword(id: string): Promise<void> {
    if (!(await table.removeAppPassword(this.#database, id))) throw new NotFound(`There is no app password ${id}.`)
    this.#accounts.clear()
  }

  /** @returns the token, which is told only here */
  async createFeedToken(scope: Omit<FeedToken, 'id'> & { label: string }): Promise<{ id: string; token: string }> {
    const [id, token] = [randomWord(8), randomWord(tokenLength)]
    const entry = { ...scope, id, prefix: token.slice(0, 6), createdAt: now(), lastUsed: null }
    await table.addFeedToken(this.#database, entry, sha256(token))
    return { id, token }
  }

  feedTokens(): Promise<table.StoredFeedToken[]> {
    return table.feedTokens(this.#database)
  }

  async revokeFeedToken(id: string): Promise<void> {
    if (!(await table.removeFeedToken(this.#database, id))) throw new NotFound(`There is no feed token ${id}.`)
    this.#tokens.clear()
  }

  /**
   * The device token that the start banner shows. The store holds only its hash, so it is kept in a file that only
   * its owner reads; made anew where the file is gone, the token was revoked or it is another resource's.
   */
  async bannerToken(file: string, resource: string): Promise<string> {
    const kept = await readFile(file, 'utf8').then(
      text => text.trim(),
      () => '',
    )
    if ((await this.feedToken(kept))?.resource === resource) return kept
    const { token } = await this.createFeedToken({ resource, device: true, label: 'start banner' })
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, `${token}\n`, { mode: 0o600 })
    return token
  }

  async #account(name: string): Promise<Account> {
    const cached = this.#accounts.get(name)
    if (cached) return cached
    if (!userName.test(name)) return { user: null, password: null, version: 'nobody' }
    const configured = this.#configured.get(name)
    const stored = configured ? null : await table.personByName(this.#database, name)
    const apps = await table.appPasswords(this.#database, name)
    const found = configured ?? stored
    const account: Account = {
      user: found ? userOf(found) : null,
      password: stored?.password ?? null,
      version: JSON.stringify([found && userOf(found), stored?.password, apps.map(({ id }) => id)]),
    }
    this.#accounts.set(name, account)
    return account
  }

  async #attempt(key: string, account: Account, name: string, password: string, ip: string): Promise<User | null> {
    // Counted before hashing, so that a burst is stopped too; a success is given back.
    await this.#count(name, ip)
    if (!(await this.#matches(account, name, password))) return null
    await Promise.all([this.#byUser.reward(name), this.#byIp.reward(ip)])
    this.#verified.set(key, account)
    return account.user
  }

  async #matches(account: Account, name: string, password: string): Promise<boolean> {
    const configured = this.#configured.get(name)?.password.reveal()
    const hashed = await verifyPassword(account.password ?? (await this.#nobody), password)
    if (!account.user) return false
    if (configured !== undefined ? sameText(configured, password) : account.password !== null && hashed) return true
    return table.useAppPassword(this.#database, name, sha256(password), now())
  }

  async #count(name: string, ip: string): Promise<void> {
    try {
      await Promise.all([this.#byUser.consume(name), this.#byIp.consume(ip)])
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error
      const retryAfter = Math.ceil(error.msBeforeNext / 1000)
      throw new Unavailable('Too many failed attempts to sign in.', { retryAfter, remedy: `Wait ${retryAfter} s.` })
    }
  }

  async #add({ name, role, access = {} }: User, password: string): Promise<boolean> {
    const entry = { name, role, access, password: await hashPassword(password), createdAt: now() }
    const added = await table.addPerson(this.#database, entry)
    this.#accounts.delete(name)
    return added
  }

  #refuseConfigured(name: string): void {
    if (!this.#configured.has(name)) return
    throw new KaldavError(`The user ${name} is kept in the configuration.`, {
      remedy: 'Change it under "users" there.',
    })
  }
}

/** Only what is to be known of somebody once they are let in. */
const userOf = ({ name, role, access = {} }: User): User =>
  Object.keys(access).length > 0 ? { name, role, access } : { name, role }

const now = (): number => Math.floor(Date.now() / 1000)

const noUser = (name: string): NotFound =>
  new NotFound(`There is no user ${name}.`, { remedy: 'See "kaldav user list".' })

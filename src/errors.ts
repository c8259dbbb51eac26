/**
 * Everything that can go wrong in a way somebody can act on. A message says what happened and to which part;
 * `remedy` says what to do about it. Anything else that is thrown is a defect of ours.
 */
export class KaldavError extends Error {
  readonly remedy: string | null
  constructor(message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.remedy = options.remedy ?? null
  }
}

/** The thing asked for does not exist, or may not be seen by who asks. */
export class NotFound extends KaldavError {}

/** Somebody else changed it first: the version we held is no longer the stored one. Nothing was written. */
export class VersionMismatch extends KaldavError {}

/** The remote no longer knows our cursor: pull again from `null` and reconcile by id. */
export class CursorExpired extends KaldavError {}

/** This side can only be read. */
export class ReadOnly extends KaldavError {}

/**
 * The remote understood and refused, for good: do not retry until the event changes. `code` is the remote's own, but for
 * `room-taken`, which is tried again whenever something else changes there.
 */
export class Rejected extends KaldavError {
  readonly code: string
  constructor(code: string, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }
}

/**
 * The remote could not be reached or asked us to wait; retry later. `retryAfter` in seconds where the remote said so.
 * `scope` 'writes' means that reads still work (Google quotaExceeded).
 */
export class Unavailable extends KaldavError {
  readonly retryAfter: number | null
  readonly scope: 'all' | 'writes'
  constructor(
    message: string,
    options: { retryAfter?: number; scope?: 'all' | 'writes'; remedy?: string; cause?: unknown } = {},
  ) {
    super(message, options)
    this.retryAfter = options.retryAfter ?? null
    this.scope = options.scope ?? 'all'
  }
}

/** The remote refuses our credentials or our rights: a person has to act; retrying alone cannot help. */
export class AccessDenied extends KaldavError {}

/** A rule that would take more than its budget of occurrences or steps (RFC 4791 §5.2.8 max-instances). */
export class TooManyOccurrences extends KaldavError {}

/** The configuration is wrong: every problem at once, each with its path and remedy. */
export class ConfigError extends KaldavError {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

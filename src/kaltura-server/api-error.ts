import { ERROR_TEXTS, type ErrorCode } from './error-texts.ts'

/** An answer that says no, in Kaltura's form: HTTP 200 with `code`, `message`, `args`, objectType KalturaAPIException. */
export class ApiError extends Error {
  readonly code: string
  /** The named arguments of the message: strings without markup. */
  readonly args: Readonly<Record<string, string>>
  /** False where Kaltura throws a bare sentence: that sentence is then the code, and there is no message. */
  readonly wellFormed: boolean

  constructor(code: string, message: string, args: Readonly<Record<string, string>>, wellFormed = true) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.args = args
    this.wellFormed = wellFormed
  }
}

/** The error `code` with its arguments in the order of {@link ERROR_TEXTS}; a missing one reads N/A. */
export function apiError(code: ErrorCode, ...values: readonly (string | number | null | undefined)[]): ApiError {
  const [names, template] = ERROR_TEXTS[code]
  const args: Record<string, string> = {}
  names.forEach((name, index) => {
    args[name] = String(values[index] ?? 'N/A').replace(/<[^>]*>/g, '')
  })
  return new ApiError(
    code,
    template.replace(/@(\w+)@/g, (whole, name: string) => args[name] ?? whole),
    args,
  )
}

/** Kaltura throws a sentence where a code is expected (update of a single event with `recurrence`). */
export function malformedError(sentence: string): ApiError {
  return new ApiError(sentence, '', {}, false)
}

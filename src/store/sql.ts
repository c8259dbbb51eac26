import type { SqlValue } from './database.ts'

/** Few lengths of lists mean few different statements, each prepared once. */
const lengths = [1, 8, 50, 400]

/** By count and first number; lists come in a few lengths. */
const made = new Map<string, string>()

/** `$from, $from+1 …`, `count` of them. */
export function placeholders(count: number, from = 1): string {
  const key = `${count} ${from}`
  const known = made.get(key)
  if (known !== undefined) return known
  const text = Array.from({ length: count }, (_, index) => `$${from + index}`).join(', ')
  made.set(key, text)
  return text
}

/** Splits a list for `IN (…)`: each part is filled up to one of a few lengths by repeating its last value. */
export function* inLists<T extends SqlValue>(values: readonly T[]): Generator<T[]> {
  const longest = lengths.at(-1) ?? 1
  for (let at = 0; at < values.length; at += longest) {
    const part = values.slice(at, at + longest)
    const length = lengths.find(candidate => candidate >= part.length) ?? longest
    const last = part.at(-1)
    if (last !== undefined) yield [...part, ...Array.from({ length: length - part.length }, () => last)]
  }
}

/** Rows of one INSERT: powers of two, so that there are few different statements here too. */
const mostRows = 64

/** `($1, $2), ($3, $4) …` by size and width. */
const tuples = new Map<string, string>()

const tuplesOf = (size: number, width: number): string => {
  const key = `${size} ${width}`
  const known = tuples.get(key)
  if (known !== undefined) return known
  const text = Array.from({ length: size }, (_, index) => `(${placeholders(width, index * width + 1)})`).join(', ')
  tuples.set(key, text)
  return text
}

/** The parts of an INSERT of many rows: the text after VALUES, and the values. */
export function* valueLists(rows: readonly (readonly SqlValue[])[]): Generator<{ text: string; values: SqlValue[] }> {
  for (let at = 0; at < rows.length; ) {
    const size = Math.min(mostRows, 2 ** Math.floor(Math.log2(rows.length - at)))
    const part = rows.slice(at, at + size)
    yield { text: tuplesOf(size, part[0]?.length ?? 0), values: part.flat() }
    at += size
  }
}

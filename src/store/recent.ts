/** So many at most: a transaction that reads a whole calendar keeps none of it. */
const most = 8

/** What a transaction has read since it last wrote: those who decide and those who write ask for the same. */
export class Recent {
  readonly #known = new Map<string, unknown>()
  #writes = 0

  /** What `read` gave for that key since the last write. */
  async read<T>(key: string, read: () => Promise<T>): Promise<T> {
    if (this.#known.has(key)) return this.#known.get(key) as T
    const writes = this.#writes
    const value = await read()
    // What was asked before a write ended may be of the time before it.
    if (writes !== this.#writes) return value
    if (this.#known.size >= most) this.#known.clear()
    this.#known.set(key, value)
    return value
  }

  /** To be called after each write. */
  forget(): void {
    this.#writes += 1
    this.#known.clear()
  }
}

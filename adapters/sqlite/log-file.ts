/**
 * The write-ahead log of a database as a file. Transactions are committed with synchronous=NORMAL: SQLite writes them
 * into the log and leaves it to us to bring the log to the disk. That is the one slow part of a write, and here it does
 * not hold the event loop.
 *
 * The file stays the same as long as a connection to the database is open (sqlite.org/walformat.html), and what counts
 * of it are whole transactions from the beginning on: after a sync all that was committed before is durable. SQLite
 * itself brings to the disk the folder's entry of a new log, the header of one that begins anew, and both files around a
 * checkpoint; that is the same under NORMAL and FULL (sqlite.org/pragma.html#pragma_synchronous).
 */
import { closeSync, fdatasync, openSync } from 'node:fs'

export class LogFile {
  readonly #path: string
  #file: number | null = null

  /** @param database its path */
  constructor(database: string) {
    this.#path = `${database}-wal`
  }

  /** All that has been committed until now is durable when this resolves. @throws where the disk fails */
  async sync(): Promise<void> {
    this.#file ??= openSync(this.#path, 'r+')
    const file = this.#file
    await new Promise<void>((resolve, reject) => fdatasync(file, error => (error ? reject(error) : resolve())))
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }
}

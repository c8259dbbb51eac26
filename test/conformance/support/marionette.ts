import { connect, type Socket } from 'node:net'

/** One session with a Mozilla program started with `-marionette`, its scripts in the program's own (chrome) context. */
export interface Marionette {
  /** Runs the body of an async function in the program; `args` are its arguments; answers what it returns, as JSON. */
  run<T>(body: string, ...args: readonly unknown[]): Promise<T>
  close(): void
}

/** The wire: each message is `<length>:<JSON>`, a command `[0, id, name, params]`, an answer `[1, id, error, result]`. */
class Wire {
  readonly #socket: Socket
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #buffer = Buffer.alloc(0)
  #id = 0

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the program closed the connection'))
    })
  }

  #take(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    for (;;) {
      const colon = this.#buffer.indexOf(0x3a)
      if (colon < 0) return
      const length = Number(this.#buffer.subarray(0, colon).toString())
      if (this.#buffer.length < colon + 1 + length) return
      const message: unknown = JSON.parse(this.#buffer.subarray(colon + 1, colon + 1 + length).toString())
      this.#buffer = this.#buffer.subarray(colon + 1 + length)
      if (Array.isArray(message)) this.#answer(message)
    }
  }

  #answer([, id, error, result]: unknown[]): void {
    const waiting = this.#waiting.get(Number(id))
    this.#waiting.delete(Number(id))
    if (error) waiting?.reject(new Error(JSON.stringify(error)))
    else waiting?.resolve(result)
  }

  send(name: string, parameters: unknown): Promise<unknown> {
    this.#id += 1
    const text = Buffer.from(JSON.stringify([0, this.#id, name, parameters]))
    return new Promise((resolve, reject) => {
      this.#waiting.set(this.#id, { resolve, reject })
      this.#socket.write(`${text.length}:`)
      this.#socket.write(text)
    })
  }
}

export async function openMarionette(port: number): Promise<Marionette> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening = connect(port, '127.0.0.1', () => resolve(opening)).once('error', reject)
  })
  socket.on('error', () => {})
  const wire = new Wire(socket)
  await wire.send('WebDriver:NewSession', {})
  await wire.send('Marionette:SetContext', { value: 'chrome' })
  await wire.send('WebDriver:SetTimeouts', { script: 45_000 })
  return {
    async run<T>(body: string, ...args: readonly unknown[]): Promise<T> {
      const script = `const done = arguments[arguments.length - 1], args = [...arguments].slice(0, -1);
        (async (...args) => {${body}})(...args).then(value => done({ value }), error => done({ error: String(error) + (error?.stack ?? '') }))`
      const answer = (await wire.send('WebDriver:ExecuteAsyncScript', { script, args })) as {
        value: { value: T; error?: string }
      }
      if (answer.value.error) throw new Error(answer.value.error)
      return answer.value.value
    },
    close: () => socket.destroy(),
  }
}

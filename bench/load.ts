/**
 * The load: a process of its own that speaks HTTP/1.1 over keep-alive sockets and counts. Started by `load-client.ts`,
 * which sends one `Plan` and gets one `Measured` back.
 */
import { connect, type Socket } from 'node:net'

export interface Plan {
  readonly host: string
  readonly port: number
  readonly connections: number
  /**
   * Whole requests, taken in turn. `@@@@@@@@` in one becomes an eight-digit number that counts up; `@START@@START@@S`
   * and `@END@@END@@END@@` become times of its own, ten minutes after those of the number before.
   */
  readonly requests: readonly string[]
  /** Statuses that count as an answer; another one is an error. */
  readonly statuses: readonly number[]
  /** Either for so long, after a time that is not counted, in seconds … */
  readonly seconds?: number
  readonly warmUp?: number
  /** … or each request once. */
  readonly once?: boolean
  /** The first of those times, in epoch seconds. */
  readonly from?: number
}

export interface Measured {
  readonly answers: number
  /** Also those of the time that is not counted. */
  readonly total: number
  readonly errors: number
  /** The first answer that was an error, shortened. */
  readonly firstError: string | null
  readonly seconds: number
  readonly bytes: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly max: number
}

const marker = '@@@@@@@@'
const [startMarker, endMarker] = ['@START@@START@@S', '@END@@END@@END@@']

/** RFC 5545 §3.3.5, form 2: `20261105T090000Z`. */
const utc = (epoch: number) => new Date(epoch * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, '')
const headEnd = Buffer.from('\r\n\r\n')
const lastChunk = Buffer.from('0\r\n\r\n')

/** Reads one answer from the pieces that arrive. Nothing is pipelined, so an answer ends where the bytes end. */
class Answer {
  status = 0
  #head: Buffer = Buffer.alloc(0)
  /** Bytes of the body still to come; null: the head is not complete. */
  #left: number | 'chunked' | 'until close' | null = null
  #tail: Buffer = Buffer.alloc(0)
  text = ''
  /** The server ends the connection after this answer. */
  closes = false

  /** True where the connection may end here: the answer is what came until then. */
  get endsWithConnection(): boolean {
    return this.#left === 'until close'
  }

  /** True when the answer is complete. */
  take(piece: Buffer): boolean {
    if (this.#left === null) {
      this.#head = this.#head.length === 0 ? piece : Buffer.concat([this.#head, piece])
      const end = this.#head.indexOf(headEnd)
      if (end < 0) return false
      const head = this.#head.toString('latin1', 0, end)
      this.status = Number(head.slice(9, 12))
      const body = this.#head.subarray(end + 4)
      const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
      const chunked = /\r\ntransfer-encoding: *chunked/i.test(head) ? 'chunked' : 'until close'
      const bodiless = this.status === 304 || this.status === 204
      this.#left = bodiless ? 0 : length === undefined ? chunked : Number(length)
      this.closes = /^HTTP\/1\.0/.test(head) || /\r\nconnection: *close/i.test(head)
      this.text = `${head}\n${body.toString('utf8', 0, 300)}`
      return this.#count(body)
    }
    return this.#count(piece)
  }

  #count(piece: Buffer): boolean {
    if (this.#left === 'until close') return false
    if (this.#left === 'chunked') {
      this.#tail = Buffer.concat([this.#tail, piece]).subarray(-lastChunk.length)
      return this.#tail.equals(lastChunk)
    }
    this.#left = (this.#left ?? 0) - piece.length
    return this.#left <= 0
  }
}

const open = ({ host, port }: Plan): Socket => connect(port, host).setNoDelay(true)

/** One request, one answer. */
function exchange(socket: Socket, text: string, counted: { bytes: number }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const answer = new Answer()
    const settle = () => {
      socket.removeAllListeners()
      resolve(answer)
    }
    socket.on('data', (piece: Buffer) => {
      counted.bytes += piece.length
      if (answer.take(piece)) settle()
    })
    socket.on('error', reject)
    socket.on('end', () => {
      if (!answer.endsWithConnection) return reject(new Error('the server closed a connection before it answered'))
      answer.closes = true
      settle()
    })
    socket.write(text)
  })
}

function run(plan: Plan): Promise<Measured> {
  const latencies: number[] = []
  const counted = { total: 0, errors: 0, firstError: null as string | null, bytes: 0 }
  let next = 0
  let serial = 0
  const begun = performance.now()
  const countFrom = begun + (plan.warmUp ?? 0) * 1000
  const end = plan.once ? Number.POSITIVE_INFINITY : countFrom + (plan.seconds ?? 5) * 1000

  const take = (): string | undefined => {
    if (plan.once && next >= plan.requests.length) return undefined
    const request = plan.requests[next % plan.requests.length] ?? ''
    next += 1
    if (!request.includes(marker)) return request
    serial += 1
    const start = (plan.from ?? 0) + serial * 600
    return request
      .replaceAll(marker, String(serial).padStart(marker.length, '0'))
      .replace(startMarker, utc(start))
      .replace(endMarker, utc(start + 540))
  }

  const done = (answer: Answer, sentAt: number) => {
    const now = performance.now()
    counted.total += 1
    if (!plan.statuses.includes(answer.status)) {
      counted.errors += 1
      counted.firstError ??= answer.text.slice(0, 600)
    } else if (now >= countFrom && now <= end) latencies.push(now - sentAt)
  }

  /** Sends one request after the other; a server that does not keep connections gets a new one for each. */
  const drive = async () => {
    let socket = open(plan)
    try {
      for (let now = performance.now(); now < end; now = performance.now()) {
        const text = take()
        if (text === undefined) return
        const answer = await exchange(socket, text, counted)
        done(answer, now)
        if (!answer.closes) continue
        socket.destroy()
        socket = open(plan)
      }
    } finally {
      socket.destroy()
    }
  }

  return Promise.all(Array.from({ length: plan.connections }, drive)).then(() => {
    const sorted = Float64Array.from(latencies).sort()
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
    const until = Math.min(performance.now(), end)
    return {
      answers: sorted.length,
      ...counted,
      seconds: (until - countFrom) / 1000,
      ...{ p50: at(0.5), p99: at(0.99), max: at(1) },
    }
  })
}

process.once('message', (plan: Plan) => {
  run(plan).then(
    measured => process.send?.({ measured }, () => process.exit(0)),
    error => process.send?.({ error: String(error) }, () => process.exit(1)),
  )
})

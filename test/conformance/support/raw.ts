import { connect } from 'node:net'

export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

const headEnd = Buffer.from('\r\n\r\n')

function unchunk(body: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; ) {
    const line = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.toString('latin1', at, line), 16)
    if (!size) break
    parts.push(body.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
  return Buffer.concat(parts)
}

function parse(all: Buffer): RawAnswer {
  const end = all.indexOf(headEnd)
  if (end < 0) throw new Error(`no HTTP answer: ${all.toString('latin1', 0, 200)}`)
  const [first = '', ...lines] = all.toString('latin1', 0, end).split('\r\n')
  const headers = new Map(
    lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = all.subarray(end + 4)
  const chunked = headers.get('transfer-encoding') === 'chunked'
  return { status: Number(first.slice(9, 12)), headers, body: chunked ? unchunk(body) : body }
}

/** Sends bytes as they are and reads until the server closes: what HTTP libraries refuse to send can be sent too. */
export function exchange(port: number, bytes: Buffer, seconds: number): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    const late = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no answer within ${seconds} s`))
    }, seconds * 1000)
    const finish = () => {
      clearTimeout(late)
      try {
        resolve(parse(Buffer.concat(pieces)))
      } catch (error) {
        reject(error)
      }
    }
    socket.on('data', piece => pieces.push(Buffer.from(piece)))
    socket.on('close', finish)
    // A server that refuses early may reset the connection while we still send; what it said before counts.
    socket.on('error', () => socket.destroy())
  })
}

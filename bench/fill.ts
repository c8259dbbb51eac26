import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Access, ask } from '../test/conformance/support/dav.ts'
import { type GatewayProcess, openGateway } from '../test/conformance/support/gateway.ts'
import { temporaryFolder } from '../test/conformance/support/process.ts'
import { openRadicale } from '../test/conformance/support/radicale.ts'
import { calendarOf, lectures } from './data.ts'
import { cpuMs } from './harness.ts'

/** A server with calendars in it. */
export interface Filled extends Access {
  readonly name: 'kaldav' | 'Radicale'
  /** The calendar home, with a slash at the end; a calendar is `<home><name>/`. */
  readonly home: string
  /** The gateway itself, where this is one. */
  readonly gateway?: GatewayProcess
  close(): Promise<void>
}

/** One calendar to be: its name, how many events, how many of them series. */
export interface Shape {
  readonly name: string
  readonly events: number
  readonly series: number
}

export const many = (count: number, events: number, series: number): Shape[] =>
  Array.from({ length: count }, (_, index) => ({ name: `room${index}`, events, series }))

/** A gateway whose rooms were filled by `kaldav import`; `importMs` is the longest import. */
export async function filledGateway(
  shapes: readonly Shape[],
): Promise<Filled & { gateway: GatewayProcess; importMs: number }> {
  const gateway = await openGateway({ rooms: shapes.map(shape => shape.name), env: { LOG_LEVEL: 'warn' } })
  const folder = await temporaryFolder('bench')
  let importMs = 0
  for (const { name, events, series } of shapes) {
    if (events === 0) continue
    const file = join(folder.path, `${name}.ics`)
    await writeFile(file, calendarOf(lectures(name, events, series)))
    const begun = performance.now()
    await gateway.cli('import', file, '--resource', name)
    importMs = Math.max(importMs, performance.now() - begun)
  }
  await folder.remove()
  // The import wrote beside the running gateway: begin with a fresh one, as after a night.
  await gateway.stop()
  await gateway.start()
  const { user, password, url } = gateway
  await settled(gateway)
  return { name: 'kaldav', home: `${url}/dav/calendars/`, user, password, gateway, importMs, close: gateway.close }
}

/** Ends when the process has used less than a twentieth of a core for two seconds: its synchronisation is done. */
async function settled({ pid, output }: GatewayProcess): Promise<void> {
  const used = () =>
    cpuMs(pid()).catch(() => {
      throw new Error(`the gateway has ended by itself:\n${output().slice(-4000)}`)
    })
  for (let before = await used(); ; ) {
    await new Promise(resolve => setTimeout(resolve, 2000))
    const now = await used()
    if (now - before < 100) return
    before = now
  }
}

/** Radicale with the same, each calendar by one PUT of the whole collection. */
export async function filledRadicale(shapes: readonly Shape[]): Promise<Filled> {
  const peer = await openRadicale()
  for (const { name, events, series } of shapes) {
    const url = `${peer.home}${name}/`
    const made = await ask(peer, 'MKCALENDAR', url)
    if (made.status !== 201) throw new Error(`MKCALENDAR: ${made.status}`)
    if (events === 0) continue
    const body = calendarOf(lectures(name, events, series))
    const put = await ask(peer, 'PUT', url, { 'content-type': 'text/calendar' }, body)
    if (put.status >= 300) throw new Error(`PUT of a collection: ${put.status} ${put.text}`)
  }
  const { home, user, password, close } = peer
  return { name: 'Radicale', home, user, password, close }
}

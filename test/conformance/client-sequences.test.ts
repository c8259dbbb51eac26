/** Recorded request sequences of clients that cannot run here: every `must` and every `should` holds. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseXml, type XmlNode } from '../../src/dav/xml.ts'
import { type Answer, inner, multistatus, property, startTestGateway, type TestGateway } from '../caldav/gateway.ts'

interface Expectation {
  readonly status: readonly string[]
  readonly href?: Readonly<Record<string, string>>
  readonly text?: Readonly<Record<string, string>>
  readonly text_root?: Readonly<Record<string, string>>
  readonly changed?: Readonly<Record<string, string>>
  readonly has?: readonly string[]
  readonly calendar_listed?: boolean
  readonly calendar_has?: readonly string[]
  readonly listed?: string
  readonly only_listed?: boolean
  readonly removed?: string
  readonly save_etag?: boolean
  readonly save_etag_header?: boolean
  readonly data_contains?: string
  readonly body_contains?: string
  readonly body_contains_any?: readonly string[]
  readonly header_contains?: Readonly<Record<string, string>>
}

interface Step {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly auth?: boolean
  readonly severity: 'must' | 'should'
  readonly expect: Expectation
}

interface Sequence {
  readonly client: string
  readonly user_agent: string
  readonly headers: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

const folder = join(import.meta.dirname, '../../../shared/data/client-sequences')

const NAMESPACES: Readonly<Record<string, string>> = {
  D: 'DAV:',
  C: 'urn:ietf:params:xml:ns:caldav',
  CS: 'http://calendarserver.org/ns/',
}

const clark = (name: string): string => {
  const [prefix = '', local = ''] = name.split(':')
  return `{${NAMESPACES[prefix]}}${local}`
}

const childNodes = (node: XmlNode): readonly XmlNode[] =>
  node.content.filter((part): part is XmlNode => typeof part !== 'string')

const find = (node: XmlNode, name: string): XmlNode | null => {
  for (const part of childNodes(node)) {
    const found = part.name === name ? part : find(part, name)
    if (found) return found
  }
  return null
}

/** What the steps of one sequence hand on to each other. */
class Player {
  readonly variables = new Map<string, string>()

  constructor(client: string) {
    const uid = `sequence-${client}`
    const calendar = '/dav/calendars/lh101/'
    for (const [name, value] of Object.entries({
      base_path: '/dav/',
      principal_parent: '/dav/principals/users/',
      uid,
      uuid: '5D4B1F2C-9C0B-4B6E-8C43-8A7C50E4B2A1',
      calendar,
      event: `${calendar}${uid}.ics`,
    })) {
      this.variables.set(name, value)
    }
  }

  fill(text: string): string {
    return text.replace(/\{([a-z_]+)\}/g, (whole, name: string) => this.variables.get(name) ?? whole)
  }

  save(names: Readonly<Record<string, string>> = {}, read: (name: string) => string | null): void {
    for (const [variable, name] of Object.entries(names)) {
      const value = read(clark(name))
      expect(value, `${name} is there`).toBeTruthy()
      this.variables.set(variable, value ?? '')
    }
  }

  check(answer: Answer, wanted: Expectation): void {
    const { status, headers, body } = answer
    expect(
      wanted.status.some(each => new RegExp(`^${each.replaceAll('x', '\\d')}$`).test(String(status))),
      `${status}`,
    ).toBe(true)
    for (const [name, value] of Object.entries(wanted.header_contains ?? {})) {
      expect(headers[name.toLowerCase()]).toContain(value)
    }
    if (wanted.body_contains) expect(body).toContain(this.fill(wanted.body_contains))
    if (wanted.body_contains_any) expect(wanted.body_contains_any.some(text => body.includes(text))).toBe(true)
    if (wanted.save_etag_header) this.variables.set('etag', String(headers.etag))
    if (status === 207) this.checkMultistatus(body, wanted)
  }

  checkMultistatus(body: string, wanted: Expectation): void {
    const root = parseXml(body)
    const event = this.variables.get('event') ?? ''
    const calendar = this.variables.get('calendar') ?? ''
    this.save(wanted.href, name => {
      const holder = find(root, name)
      const href = holder && find(holder, '{DAV:}href')
      return href && inner(href)
    })
    this.save(wanted.text, name => {
      const found = find(root, name)
      return found && inner(found)
    })
    this.save(wanted.text_root, name => {
      const found = childNodes(root).find(node => node.name === name)
      return found ? inner(found) : null
    })
    for (const [variable, name] of Object.entries(wanted.changed ?? {})) {
      const now = find(root, clark(name))
      expect(now && inner(now)).not.toBe(this.variables.get(variable))
    }
    const responses = multistatus(body)
    const hasAll = (href: string, names: readonly string[]): void => {
      for (const name of names) expect(responses.get(href)?.properties.get(clark(name))?.status, name).toBe(200)
    }
    const [firstHref = ''] = responses.keys()
    hasAll(firstHref, wanted.has ?? [])
    if (wanted.calendar_listed) {
      const type = responses.get(calendar)?.properties.get('{DAV:}resourcetype')
      expect(type && find(type.node, clark('C:calendar'))).toBeTruthy()
    }
    hasAll(calendar, wanted.calendar_has ?? [])
    if (wanted.listed)
      expect(responses.get(this.fill(wanted.listed))?.properties.get('{DAV:}getetag')?.status).toBe(200)
    if (wanted.only_listed) expect([...responses.keys()]).toEqual([event])
    if (wanted.removed) expect(responses.get(this.fill(wanted.removed))?.status).toBe(404)
    if (wanted.save_etag) this.variables.set('etag', property(body, event, '{DAV:}getetag') ?? '')
    if (wanted.data_contains) {
      expect(property(body, event, clark('C:calendar-data'))).toContain(this.fill(wanted.data_contains))
    }
  }
}

const available = existsSync(folder)
if (!available) console.warn(`SKIPPED: no recorded client sequences at ${folder}`)

for (const file of available ? readdirSync(folder).filter(name => name.endsWith('.json')) : []) {
  const sequence: Sequence = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  describe(sequence.client, () => {
    let gateway: TestGateway
    const player = new Player(sequence.client)
    beforeAll(async () => {
      gateway = await startTestGateway()
    })
    afterAll(() => gateway.close())

    it.each(sequence.steps)('$severity: $name', async step => {
      const headers = { 'user-agent': sequence.user_agent, ...sequence.headers, ...step.headers }
      const filled = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, player.fill(value)]))
      const answer = await gateway.call(step.method, player.fill(step.path), {
        headers: filled,
        ...(step.body === undefined ? {} : { body: player.fill(step.body) }),
        ...(step.auth === false ? { as: null } : {}),
      })
      player.check(answer, step.expect)
    })
  })
}

it.skipIf(!available)('all clients were played', () => {
  expect(readdirSync(folder).filter(name => name.endsWith('.json')).length).toBeGreaterThan(4)
})

/** Microsoft's own metadata as the judge of what our adapter sends and our stand-in answers. */
import { readFileSync } from 'node:fs'

interface Property {
  readonly t: string
  readonly coll: boolean
}

interface Type {
  readonly k: 'enum' | 'complex' | 'entity'
  readonly base?: string
  readonly m?: readonly string[]
  readonly p?: Readonly<Record<string, Property>>
  readonly nav?: Readonly<Record<string, Property>>
}

const options = ['$select', '$expand', '$filter', '$orderby', '$top', '$skip', '$count', '$search']

/** Of each kind of address: the query options it takes, and those it must have. */
const queries: Readonly<Record<string, { readonly may: readonly string[]; readonly must: readonly string[] }>> = {
  delta: { may: ['startDateTime', 'endDateTime', '$deltatoken', '$skiptoken'], must: [] },
  calendarView: {
    may: ['startDateTime', 'endDateTime', ...options.filter(name => name !== '$expand')],
    must: ['startDateTime', 'endDateTime'],
  },
  instances: {
    may: ['startDateTime', 'endDateTime', ...options.filter(name => name !== '$expand')],
    must: ['startDateTime', 'endDateTime'],
  },
  events: { may: options.filter(name => name !== '$search'), must: [] },
  event: { may: ['$select', '$expand'], must: [] },
  subscription: { may: [], must: [] },
}

export class Contract {
  readonly violations: string[] = []
  readonly #types: Readonly<Record<string, Type>>

  constructor(file: string) {
    this.#types = JSON.parse(readFileSync(file, 'utf8')).types
  }

  checkQuery(kind: string, query: URLSearchParams): void {
    const known = queries[kind]
    if (!known) return
    const names = [...query.keys()].filter(name => name !== '$skip' || known.may.includes('$skip'))
    for (const name of names) if (!known.may.includes(name)) this.violations.push(`${kind}: no query option ${name}`)
    for (const name of known.must) if (!query.has(name)) this.violations.push(`${kind}: ${name} is missing`)
    for (const name of (query.get('$select') ?? '').split(',').filter(Boolean)) {
      if (!this.#property('event', name)) this.violations.push(`${kind}: $select of the unknown ${name}`)
    }
  }

  check(type: string, value: unknown, where: string): void {
    if (value === null || value === undefined) return
    const known = this.#types[type]
    if (!known) this.#checkScalar(type, value, where)
    else if (known.k === 'enum') {
      if (!known.m?.includes(String(value))) this.violations.push(`${where}: ${String(value)} is no ${type}`)
    } else if (typeof value !== 'object' || Array.isArray(value)) this.violations.push(`${where}: no ${type}`)
    else for (const [name, part] of Object.entries(value)) this.#checkProperty(type, name, part, `${where}.${name}`)
  }

  #checkProperty(type: string, name: string, value: unknown, where: string): void {
    if (name.startsWith('@')) return
    const property = this.#property(type, name)
    if (!property) this.violations.push(`${where}: ${type} has no such property`)
    else if (!property.coll) this.check(property.t, value, where)
    else if (!Array.isArray(value)) this.violations.push(`${where}: no list`)
    else for (const item of value) this.check(property.t, item, where)
  }

  #property(type: string, name: string): Property | null {
    const known = this.#types[type]
    if (!known) return null
    return known.p?.[name] ?? known.nav?.[name] ?? (known.base ? this.#property(known.base, name) : null)
  }

  #checkScalar(type: string, value: unknown, where: string): void {
    const fits: Readonly<Record<string, boolean>> = {
      'Edm.String': typeof value === 'string',
      'Edm.Boolean': typeof value === 'boolean',
      'Edm.Int32': Number.isInteger(value),
      'Edm.DateTimeOffset': /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(String(value)),
      'Edm.Date': /^\d{4}-\d\d-\d\d$/.test(String(value)),
    }
    if (fits[type] === false) this.violations.push(`${where}: ${JSON.stringify(value)} is no ${type}`)
  }
}

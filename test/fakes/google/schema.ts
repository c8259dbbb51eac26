/**
 * Google's own discovery document as the judge of what our adapter sends and our stand-in answers: an unknown
 * parameter, an unknown field or a value of the wrong type is a violation, collected for the test to read.
 */
import { readFileSync } from 'node:fs'

interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema
  readonly items?: Schema
}

interface Parameter {
  readonly type: string
  readonly location: 'query' | 'path'
  readonly repeated?: boolean
  readonly required?: boolean
  readonly enum?: readonly string[]
  readonly minimum?: string
  readonly maximum?: string
}

export interface Method {
  readonly id: string
  readonly httpMethod: string
  readonly path: string
  readonly parameters?: Readonly<Record<string, Parameter>>
  readonly request?: { readonly $ref: string }
  readonly response?: { readonly $ref: string }
}

interface Resource {
  readonly methods?: Readonly<Record<string, Method>>
  readonly resources?: Readonly<Record<string, Resource>>
}

interface Discovery extends Resource {
  readonly servicePath: string
  readonly parameters: Readonly<Record<string, Parameter>>
  readonly schemas: Readonly<Record<string, Schema>>
}

export class Contract {
  readonly violations: string[] = []
  readonly #document: Discovery
  readonly #methods: readonly { readonly method: Method; readonly pattern: RegExp; readonly names: readonly string[] }[]

  constructor(file: string) {
    this.#document = JSON.parse(readFileSync(file, 'utf8'))
    const methods: Method[] = []
    const collect = (resource: Resource) => {
      methods.push(...Object.values(resource.methods ?? {}))
      for (const inner of Object.values(resource.resources ?? {})) collect(inner)
    }
    collect(this.#document)
    this.#methods = methods.map(method => {
      const names = [...method.path.matchAll(/\{\+?([^}]+)\}/g)].map(([, name]) => name ?? '')
      const escaped = method.path.replace(/\{\+?[^}]+\}/g, '([^/]+)')
      return { method, names, pattern: new RegExp(`^/${this.#document.servicePath}${escaped}$`) }
    })
  }

  /** The method a request is for, with its path parameters; `null`: Google has no such address. */
  match(httpMethod: string, path: string): { method: Method; params: Record<string, string> } | null {
    for (const { method, names, pattern } of this.#methods) {
      const found = method.httpMethod === httpMethod ? pattern.exec(path) : null
      if (!found) continue
      const params = Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')]))
      return { method, params }
    }
    return null
  }

  checkQuery({ id, parameters = {} }: Method, query: URLSearchParams): void {
    for (const name of new Set(query.keys())) {
      const known = parameters[name] ?? this.#document.parameters[name]
      if (!known) this.violations.push(`${id}: unknown query parameter ${name}`)
      else for (const value of query.getAll(name)) this.#checkParameter(id, name, value, known)
      if (known && !known.repeated && query.getAll(name).length > 1) this.violations.push(`${id}: ${name} is repeated`)
    }
  }

  #checkParameter(id: string, name: string, value: string, { type, enum: words, maximum }: Parameter): void {
    const fits = type === 'boolean' ? /^(true|false)$/.test(value) : type === 'integer' ? /^-?\d+$/.test(value) : true
    if (!fits) this.violations.push(`${id}: ${name}=${value} is no ${type}`)
    if (words && !words.includes(value)) this.violations.push(`${id}: ${name}=${value} is none of ${words.join(', ')}`)
    if (maximum !== undefined && Number(value) > Number(maximum))
      this.violations.push(`${id}: ${name}=${value} is too large`)
  }

  check(reference: string | undefined, value: unknown, where: string): void {
    if (reference) this.#checkValue({ $ref: reference }, value, where)
  }

  #checkValue(schema: Schema, value: unknown, where: string): void {
    const target = schema.$ref ? this.#document.schemas[schema.$ref] : schema
    // Null deletes a field in a PATCH.
    if (!target || value === null || value === undefined) return
    if (target.type === 'object') this.#checkObject(target, value, where)
    else if (target.type === 'array') {
      if (!Array.isArray(value)) this.violations.push(`${where}: not a list`)
      else for (const item of value) this.#checkValue(target.items ?? {}, item, `${where}[]`)
    } else this.#checkScalar(target, value, where)
  }

  #checkObject(schema: Schema, value: unknown, where: string): void {
    if (typeof value !== 'object' || Array.isArray(value)) {
      this.violations.push(`${where}: not an object`)
      return
    }
    for (const [name, part] of Object.entries(value ?? {})) {
      const known = schema.properties?.[name] ?? schema.additionalProperties
      if (known) this.#checkValue(known, part, `${where}.${name}`)
      else this.violations.push(`${where}: unknown field ${name}`)
    }
  }

  #checkScalar({ type, enum: words }: Schema, value: unknown, where: string): void {
    const fits =
      type === 'string'
        ? typeof value === 'string'
        : type === 'boolean'
          ? typeof value === 'boolean'
          : typeof value === 'number'
    if (type && type !== 'any' && !fits) this.violations.push(`${where}: ${JSON.stringify(value)} is no ${type}`)
    if (words && !words.includes(String(value))) this.violations.push(`${where}: ${String(value)} is not in its list`)
  }
}

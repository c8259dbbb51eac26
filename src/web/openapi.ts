/** What `/api/` answers, for programs that generate their client. OpenAPI 3.1. */

const text = { type: 'string' }
const nullable = (schema: { readonly type: string }) => ({ ...schema, type: [schema.type, 'null'] })
const time = { type: 'string', format: 'date-time' }
const whole = { type: 'integer' }
const flag = { type: 'boolean' }

const object = (properties: Readonly<Record<string, unknown>>) => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
})

const listOf = (name: string, summary: string, parameters: readonly unknown[] = []) => ({
  get: {
    summary,
    operationId: name.toLowerCase(),
    parameters,
    responses: {
      200: {
        description: summary,
        content: { 'application/json': { schema: { type: 'array', items: { $ref: `#/components/schemas/${name}` } } } },
      },
      400: { $ref: '#/components/responses/Problem' },
      401: { $ref: '#/components/responses/Problem' },
      404: { $ref: '#/components/responses/Problem' },
      429: { $ref: '#/components/responses/Problem' },
    },
  },
})

const query = (name: string, description: string) => ({ name, in: 'query', required: false, description, schema: text })
const resource = query('resource', 'systemName of the only resource to look at')

export const openApi = {
  openapi: '3.1.0',
  info: {
    title: 'kaldav',
    version: '1',
    description: 'What the account schedule holds. Reading only: events are written by CalDAV.',
    license: { name: 'AGPL-3.0-or-later', identifier: 'AGPL-3.0-or-later' },
  },
  servers: [{ url: '/api' }],
  security: [{ basic: [] }],
  paths: {
    '/resources': listOf('Resource', 'Rooms, cameras and live entries'),
    '/conflicts': listOf('Conflict', 'Open conflicts, by first overlap', [resource]),
    '/sources': listOf('Source', 'Synchronised calendars, and how it goes'),
    '/events': listOf('Event', 'Occurrences in a range, by start', [
      resource,
      query('from', 'A date or an instant; now unless told'),
      query('to', 'A date or an instant, at most a year later; a week later unless told'),
    ]),
  },
  components: {
    securitySchemes: { basic: { type: 'http', scheme: 'basic' } },
    responses: {
      Problem: {
        description: 'What happened, and what to do about it',
        content: { 'application/json': { schema: object({ error: text, remedy: nullable(text) }) } },
      },
    },
    schemas: {
      Resource: object({
        id: whole,
        systemName: text,
        name: text,
        type: { enum: ['location', 'camera', 'live_entry'] },
        description: nullable(text),
        tags: { type: 'array', items: text },
        parent: nullable(text),
        entryId: nullable(text),
        timeZone: text,
        active: flag,
        calendar: { ...text, description: 'Path of its CalDAV calendar' },
      }),
      Conflict: object({
        id: text,
        kind: {
          enum: [
            ...['overlap', 'blackout', 'edit', 'delete-edit', 'rejected', 'duplicate'],
            ...['foreign-organizer', 'mass-deletion'],
          ],
        },
        resource: nullable(text),
        uids: { type: 'array', items: text },
        title: { ...text, description: 'What happened' },
        events: {
          type: 'array',
          items: object({ uid: text, summary: nullable(text), source: nullable(text) }),
          description: 'What is in conflict, and the source each came from',
        },
        remedy: { ...text, description: 'A way out' },
        start: nullable(time),
        end: nullable(time),
        source: nullable(text),
        detail: { type: 'object' },
        since: time,
      }),
      Source: object({
        id: text,
        source: text,
        type: text,
        calendar: text,
        resource: nullable(text),
        direction: { enum: ['both', 'in', 'out'] },
        lastSuccess: nullable(time),
        nextDue: nullable(time),
        failures: whole,
        error: nullable(text),
        remedy: nullable(text),
        frozen: { ...flag, description: 'Stopped by somebody' },
        writesAfter: { ...nullable(time), description: 'Writes wait until then; reads go on' },
      }),
      Event: object({
        uid: text,
        recurrenceId: nullable(text),
        start: time,
        end: time,
        summary: nullable(text),
        location: nullable(text),
        source: text,
        busy: flag,
        blackout: flag,
      }),
    },
  },
} as const

import { csv } from '../wire/values.ts'

/** `+startDate,-updatedAt` as ORDER BY; what `columns` does not name is passed over. `last` settles ties. */
export function orderBy(asked: string | null, columns: ReadonlyMap<string, string>, last: string): string {
  const parts = csv(asked ?? '').flatMap(part => {
    const column = columns.get(part.replace(/^[+-]/, ''))
    return column ? [`${column} ${part.startsWith('-') ? 'DESC' : 'ASC'}`] : []
  })
  return [...parts, last].join(', ')
}

/** What resources, links and entries can be sorted by. */
export const TIMES: ReadonlyMap<string, string> = new Map([
  ['createdAt', 'created_at'],
  ['updatedAt', 'updated_at'],
])

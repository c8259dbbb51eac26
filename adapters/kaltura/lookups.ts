/** What pushes look up before and after they write, as a `Reader` answers it; asked at the same stage, it is one request. */
import type { Links } from './item.ts'
import type { Reader } from './read.ts'
import type { EventRow } from './rows.ts'
import { type Round, Together } from './together.ts'

interface RowsWithLinks {
  readonly rows: readonly EventRow[]
  readonly links: Links
}

export class Lookups {
  readonly #references: Together<readonly string[], EventRow[]>
  readonly #rows: Together<readonly number[], RowsWithLinks>
  readonly #children: Together<readonly number[], EventRow[]>
  readonly #links: Together<readonly number[], Links>

  constructor(reader: Reader, round: Round) {
    this.#references = new Together(round, async questions => {
      const found = Map.groupBy(await reader.byReference(questions.flat()), ({ referenceId }) => referenceId)
      return index => (questions[index] ?? []).flatMap(reference => found.get(reference) ?? [])
    })
    this.#rows = new Together<readonly number[], RowsWithLinks>(round, async questions => {
      const { rows, links } = await reader.rowsWithLinks(questions.flat())
      const byId = new Map(rows.map(row => [row.id, row]))
      return index => {
        const ids = [...new Set(questions[index])]
        return { rows: ids.flatMap(id => byId.get(id) ?? []), links: only(links, ids) }
      }
    })
    this.#children = new Together(round, async questions => {
      const found = Map.groupBy(await reader.children(questions.flat()), ({ parentId }) => parentId)
      return index => (questions[index] ?? []).flatMap(id => found.get(id) ?? [])
    })
    this.#links = new Together(round, async questions => {
      const links = await reader.links(questions.flat())
      return index => only(links, questions[index] ?? [])
    })
  }

  /** Series and single events with this reference id, by the index. */
  byReference(reference: string): Promise<EventRow[]> {
    return this.#references.ask([reference])
  }

  /** Rows by id and their links, from the database. */
  rowsWithLinks(ids: readonly number[]): Promise<RowsWithLinks> {
    return this.#rows.ask(ids)
  }

  /** The occurrences of these series, by the index. */
  children(parents: readonly number[]): Promise<EventRow[]> {
    return this.#children.ask(parents)
  }

  /** The links of these events, from the database. */
  links(eventIds: readonly number[]): Promise<Links> {
    return this.#links.ask(eventIds)
  }
}

const only = (links: Links, ids: readonly number[]): Links =>
  new Map(
    ids.flatMap(id => {
      const found = links.get(id)
      return found ? [[id, found]] : []
    }),
  )

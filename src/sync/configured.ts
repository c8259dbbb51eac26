/** From the configuration's sources to bindings. A calendar whose resource does not exist is named, not dropped. */
import type { Prefer } from '../schedule/merge.ts'
import type { Resource } from '../store/store.ts'
import type { Binding } from './binding.ts'
import type { Source } from './source.ts'
import type { Configured } from './sync.ts'

/** One calendar of one configured source, opened when it first runs. */
export interface ConfiguredCalendar {
  readonly source: string
  readonly type: string
  readonly calendar: string
  /** systemName; `null`: the calendar's events name their own resources. */
  readonly resource: string | null
  readonly direction: Binding['direction']
  readonly pollSeconds: number
  open(resource: Resource | null): Promise<Source>
}

/** The order in which a resource believes its sources, highest first; sources not named come last, people before them. */
export type PriorityOf = (resource: Resource | null) => readonly string[]

/**
 * Who wins a clash: the source named earlier in the resource's priority. Where the list does not tell, what we hold
 * stays: it was accepted from somebody, and they were told so.
 */
export function preference(priority: readonly string[], source: string, origin: string): Prefer {
  const [theirs, ours] = [priority.indexOf(source), priority.indexOf(origin)]
  if (theirs === -1) return 'ours'
  return ours === -1 || theirs < ours ? 'theirs' : 'ours'
}

export function bind(
  calendars: readonly ConfiguredCalendar[],
  resources: readonly Resource[],
  priorityOf: PriorityOf,
): Configured {
  const byName = new Map(
    resources.filter(({ status }) => status !== 3).map(resource => [resource.systemName, resource]),
  )
  const bindings: Binding[] = []
  const broken: Configured['broken'][number][] = []
  for (const { source, type, calendar, resource: name, direction, pollSeconds, open } of calendars) {
    const resource = name === null ? null : byName.get(name)
    if (resource === undefined) {
      const remedy = `Create it in Kaltura, or correct "resource" of the calendar ${calendar} of the source ${source}.`
      const error = `There is no resource with the systemName ${name} in the account.`
      broken.push({ source, type, calendar, resource: name ?? '', error, remedy })
      continue
    }
    bindings.push({
      id: `${source}/${calendar}`,
      source,
      type,
      calendar,
      resourceId: resource?.id ?? null,
      direction,
      pollSeconds,
      open: () => open(resource),
      prefer: origin => preference(priorityOf(resource), source, origin),
    })
  }
  return { bindings, broken }
}

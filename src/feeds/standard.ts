/** The profile for people's calendars: whole series with their overrides, as they are stored. */
import type { JCalProperty, ScheduleEvent } from '../schedule/event.ts'
import { mainComponent } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import { flagsOf } from '../store/flags.ts'
import type { FeedContent } from './content.ts'
import { type Reader, stampedAt, visibleTo, withCalendarLines } from './writing.ts'

/** How often readers should look again (RFC 7986 §5.7); those that know only the older name take that. */
const refresh = ['REFRESH-INTERVAL;VALUE=DURATION:PT15M', 'X-PUBLISHED-TTL:PT15M']

export const renderStandard = (content: FeedContent, reader: Reader): string => {
  const stored = new Map(content.events.map(each => [each.uid, each]))
  const events = content.events.map(({ event }) => visibleTo(reader, event))
  const decorate = (event: ScheduleEvent, component: object): readonly JCalProperty[] => {
    const of = stored.get(event.uid)
    if (!of) return []
    const main = component === mainComponent(event)
    return main ? flagsOf(event.uid, of.source, content.conflicts.get(event.uid) ?? []) : []
  }
  // Readers that see no LAST-MODIFIED may take no notice of an edit.
  const dated = events.map(event => withLastModified(event, stored.get(event.uid)?.updatedAt ?? 0))
  const name = content.resource?.name ?? 'Schedule'
  const text = writeCalendar(dated, { method: 'PUBLISH', name, password: reader === 'device', decorate })
  return withCalendarLines(text, refresh)
}

const withLastModified = (event: ScheduleEvent, updatedAt: number): ScheduleEvent => {
  const dated = <C extends { readonly extra: readonly JCalProperty[] }>(component: C): C => {
    const { extra } = component
    if (extra.some(([name]) => name === 'last-modified')) return component
    const added = stampedAt([], updatedAt).filter(([name]) => name !== 'dtstamp' || !extra.some(([is]) => is === name))
    return { ...component, extra: [...added, ...extra] }
  }
  return { ...event, master: event.master && dated(event.master), overrides: event.overrides.map(dated) }
}

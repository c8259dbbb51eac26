import { type DavError, forbidden } from '../dav/errors.ts'
import { caldav } from '../dav/names.ts'
import { parseBlocks } from './content.ts'

/** What Apple's clients add to events without an alarm: kept for them, per person, and put into no event. */
export const DEFAULT_ALARMS: readonly string[] = ['vevent-datetime', 'vevent-date', 'vtodo-datetime', 'vtodo-date'].map(
  kind => caldav(`default-alarm-${kind}`),
)

/** VALARMs and nothing else; an empty text means no alarm. */
export const checkDefaultAlarm = (text: string): DavError | null => {
  const { lines, blocks } = parseBlocks(`BEGIN:ALARMS\r\n${text}\r\nEND:ALARMS`)
  const sound = lines.length === 0 && blocks.every(({ name }) => name === 'VALARM')
  return sound ? null : forbidden(caldav('valid-calendar-data'), 'A default alarm is a VALARM, or empty')
}

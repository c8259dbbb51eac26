import { scan } from '../schedule/ical-scan.ts'
import { readComponent } from '../schedule/jcal.ts'

/** iCalendar text as jCal (RFC 7265); a property whose value is not of its type is left out. */
export const jcalText = (text: string): string => {
  const [calendar] = scan(text).components
  return calendar ? JSON.stringify(readComponent(calendar, () => {})) : '[]'
}

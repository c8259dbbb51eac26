/** Events in and out as iCalendar text (RFC 5545), with Kaltura's X-KALTURA-* properties. */
export { componentCount, type Finding, type ParsedCalendar, parseCalendar } from './ical-read.ts'
export { type WriteOptions, writeCalendar } from './ical-write.ts'

/** What the suite is told about the gateway: its own example of a server, with our addresses and features in it. */
import { calendarOf, homeOfUser01 } from './campus.ts'

/** Those of the suite's features that are ours; what is not named here it leaves out. */
const FEATURES: readonly string[] = [
  ...['caldav', 'COPY Method', 'MOVE Method', 'add-member', 'brief', 'ctag', 'current-user-principal', 'json-data'],
  ...['acl-principal-prop-set REPORT', 'principal-match REPORT', 'principal-property-search REPORT'],
  ...['principal-search-property-set REPORT', 'calendarserver-principal-search REPORT', 'extended-principal-search'],
  ...['expand-property', 'resource-id', 'well-known', 'supported-component-sets', 'split-calendars'],
  ...['prefer', 'prefer-minimal', 'prefer-representation', 'prefer-noroot'],
  ...['sync-report', 'sync-report-limit', 'sync-report-home', 'timezones-by-reference', 'default-alarms'],
]

const VALUES: Readonly<Record<string, string>> = {
  $root: '/dav/',
  $calendars: '/dav/',
  $calendars_uids: '/dav/calendars/',
  $calendars_users: '/dav/calendars/',
  $uidstype: 'users',
  $inbox: '_inbox',
  $outbox: '_outbox',
  $calendar: calendarOf(1),
  '$userguid%d': 'user%02d',
  '$calendarhome%d': '/dav/calendars',
  '$calendarhomealt%d': '/dav/calendars',
  '$calendarpath%d': '/dav/calendars/calendar%02d',
  '$calendarpathalt%d': '/dav/calendars/calendar%02d',
  '$rprincipaluri%d': '/dav/principals/resources/resource%02d/',
  '$lprincipaluri%d': '/dav/principals/resources/location%02d/',
  // RFC 6578 §3.5: a collection is no member of itself.
  $calendar_home_items_initial_sync: `[${homeOfUser01.map(name => `${name}/`).join(',')}]`,
  $i18ncalendarpath: `/dav/calendars/${calendarOf(4)}`,
  $calendar_sync_extra_items: '[]',
  $calendar_sync_extra_count: '0',
}

const replaced = (text: string, part: RegExp, value: string): string => {
  if (!part.test(text)) throw new Error(`The suite's example of a server has nothing like ${part}`)
  return text.replace(part, (_, before: string, after: string) => before + value + after)
}

/** `example`: the text of the suite's scripts/server/serverinfo.xml. */
export const serverInfo = (example: string, port: number): string => {
  const features = FEATURES.map(name => `<feature>${name}</feature>`).join('')
  const general: readonly (readonly [string, string])[] = [
    ['host', '127.0.0.1'],
    ['nonsslport', String(port)],
    // Nothing here happens later than in the request itself.
    ['waitcount', '2'],
    ['waitdelay', '0.05'],
    ['waitsuccess', '1'],
  ]
  let text = replaced(example, /(<features>)[\s\S]*?(<\/features>)/, features)
  for (const [name, value] of general) text = replaced(text, new RegExp(`(<${name}>)[^<]*(</${name}>)`), value)
  for (const [key, value] of Object.entries(VALUES)) {
    const literal = key.replace('$', '\\$')
    text = replaced(text, new RegExp(`(<key>${literal}:</key>\\s*<value>)[^<]*(</value>)`), value)
  }
  return text
}

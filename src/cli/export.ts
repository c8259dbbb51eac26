import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import {
  type FeedContent,
  loadContent,
  needsWindow,
  type Profile,
  profiles,
  renderFeed,
  windowAt,
} from '../feeds/feed.ts'
import { type BulkType, bulkTypes, writeKalturaBulk } from '../feeds/kaltura-bulk.ts'
import type { Window } from '../schedule/recurrence.ts'
import { count, note, print } from './output.ts'
import { resourceNamed } from './resource-named.ts'
import { WrongUse, withGateway } from './run.ts'

interface Options {
  readonly resource?: string
  readonly from?: string
  readonly to?: string
  readonly profile: Profile | typeof bulk
  readonly type: BulkType
  readonly output?: string
}

/** Written for Kaltura's own reader, and so no feed. */
const bulk = 'kaltura-bulk'

export const exportCommand = new Command('export')
  .description('write the schedule, or the calendar of one resource, as iCalendar')
  .option('--resource <name>', 'only this resource (systemName or name)')
  .option('--from <time>', 'only events from then on: 2026-10-12, or 2026-10-12T08:00Z')
  .option('--to <time>', 'only events until then; a date is meant as a whole')
  .addOption(
    new Option(
      '--profile <profile>',
      'standard: series as they are; device: single UTC events; kaltura: X-KALTURA form; kaltura-bulk: for bulk-upload',
    )
      .choices([...profiles, bulk])
      .default('standard'),
  )
  .addOption(
    new Option('--type <type>', 'events of this type, with kaltura-bulk: a file has those of one')
      .choices(Object.keys(bulkTypes))
      .default('record'),
  )
  .option('-o, --output <file>', 'where to; standard output otherwise')
  .addHelpText(
    'after',
    '\nThe profiles device, kaltura and kaltura-bulk span from a day ago to 30 days ahead where --from and --to do not say else.',
  )
  .action((options: Options) =>
    withGateway(async ({ store, kalturaIds }) => {
      const resource = options.resource === undefined ? null : await resourceNamed(store, options.resource)
      const window = windowOf(options, resource?.timeZone ?? store.zone)
      const content = await loadContent(store, resource, window, kalturaIds)
      const { text, events } = write(content, options)
      if (options.output === undefined) {
        print(text)
        return
      }
      await writeFile(options.output, text)
      note(`${count(events, 'event')} in ${options.output}`)
    }),
  )

function write(content: FeedContent, { profile, type }: Options): { text: string; events: number } {
  if (profile !== bulk) return { text: renderFeed(profile, content, 'owner'), events: content.events.length }
  const file = writeKalturaBulk(content, type)
  if (file.others > 0) note(`${count(file.others, 'event')} of another type left out: see --type.`)
  return file
}

const spans = (profile: Options['profile']): boolean => profile === bulk || needsWindow(profile)

/** Far enough for every date there is: 0001 and 9999. */
const always = { from: -62_135_596_800, to: 253_370_764_800 }

function windowOf({ from, to, profile }: Options, zone: string): Window | null {
  if (from === undefined && to === undefined && !spans(profile)) return null
  const usual = spans(profile) ? windowAt(Math.floor(Date.now() / 1000)) : always
  const window = {
    from: from === undefined ? usual.from : instant(from, zone, 0),
    to: to === undefined ? usual.to : instant(to, zone, 1),
  }
  if (window.from >= window.to) throw new WrongUse('--to is not after --from.')
  return window
}

/** @param days added to what is written as a date */
function instant(text: string, zone: string, days: number): number {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
      return Math.floor(Temporal.PlainDate.from(text).add({ days }).toZonedDateTime(zone).epochMilliseconds / 1000)
    }
    return Math.floor(Temporal.Instant.from(text).epochMilliseconds / 1000)
  } catch {
    throw new WrongUse(`"${text}" is no time.`, { remedy: 'Write 2026-10-12, or 2026-10-12T08:00Z.' })
  }
}

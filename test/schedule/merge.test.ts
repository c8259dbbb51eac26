import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyMaster, type ScheduleEvent } from '../../src/schedule/event.ts'
import { differences, merge, sameContent } from '../../src/schedule/merge.ts'
import { lossy, scheduleEvent } from '../sync/arbitrary.ts'

const prefer = fc.constantFrom('ours' as const, 'theirs' as const)
const same = (a: ScheduleEvent, b: ScheduleEvent) => expect(differences(a, b)).toEqual([])

describe('the laws of merge', () => {
  it('takes what only they changed, and nothing clashes', () => {
    fc.assert(
      fc.property(scheduleEvent, scheduleEvent, prefer, (base, theirs, p) => {
        const merged = merge(base, base, theirs, p)
        same(merged.event, theirs)
        expect(merged.clashes).toEqual([])
      }),
    )
  })

  it('keeps what only we changed', () => {
    fc.assert(
      fc.property(scheduleEvent, scheduleEvent, prefer, (base, ours, p) => {
        const merged = merge(base, ours, base, p)
        expect(merged.event).toBe(ours)
        expect(merged.clashes).toEqual([])
      }),
    )
  })

  it('is quiet when both made the same change', () => {
    fc.assert(
      fc.property(scheduleEvent, scheduleEvent, prefer, (base, both, p) => {
        expect(merge(base, both, both, p)).toEqual({ event: both, clashes: [], taken: [] })
      }),
    )
  })

  it('agrees from both sides, the preference mirrored', () => {
    fc.assert(
      fc.property(scheduleEvent, scheduleEvent, scheduleEvent, (base, a, b) => {
        same(merge(base, a, b, 'ours').event, merge(base, b, a, 'theirs').event)
      }),
    )
  })

  it('ends after one exchange: the result merged again changes nothing', () => {
    fc.assert(
      fc.property(scheduleEvent, scheduleEvent, scheduleEvent, prefer, (base, ours, theirs, p) => {
        const { event } = merge(base, ours, theirs, p)
        expect(merge(theirs, event, event, p).taken).toEqual([])
      }),
    )
  })

  it('never erases what a lossy remote cannot hold', () => {
    fc.assert(
      fc.property(scheduleEvent, scheduleEvent, prefer, (ours, edited, p) => {
        const base = lossy(ours)
        const { event } = merge(base, ours, lossy({ ...edited, overrides: ours.overrides }), p, lossy)
        expect(event.master?.description).toBe(ours.master?.description)
        expect(event.master?.extra).toEqual(ours.master?.extra)
        expect(event.master?.kaltura).toEqual(ours.master?.kaltura)
        same(lossy(event), lossy({ ...edited, overrides: event.overrides }))
      }),
    )
  })
})

describe('merge', () => {
  const nine = { dateTime: '2026-11-02T09:00:00', tzid: 'Europe/Berlin' }
  const ten = { dateTime: '2026-11-02T10:00:00', tzid: 'Europe/Berlin' }
  const base: ScheduleEvent = {
    uid: 'u',
    master: { ...emptyMaster(nine, ten), summary: 'Physics', description: 'Mechanics' },
    overrides: [],
    resourceIds: [1],
  }
  const withMaster = (change: Partial<NonNullable<ScheduleEvent['master']>>): ScheduleEvent => ({
    ...base,
    master: { ...emptyMaster(nine, ten), ...base.master, ...change },
  })

  it('keeps a title edited here and a time moved there', () => {
    const { event, clashes } = merge(
      base,
      withMaster({ summary: 'Physics I' }),
      withMaster({ start: ten, end: null }),
      'ours',
    )
    expect(event.master).toMatchObject({ summary: 'Physics I', start: ten })
    expect(clashes).toEqual([])
  })

  it('keeps the loser of a clash on file', () => {
    const { event, clashes } = merge(base, withMaster({ summary: 'A' }), withMaster({ summary: 'B' }), 'theirs')
    expect(event.master?.summary).toBe('B')
    expect(clashes).toEqual([{ group: 'text', slot: 'text:summary', kept: 'B', discarded: 'A' }])
  })

  it('takes the same instant in another zone for no change', () => {
    const utc = withMaster({ start: { dateTime: '2026-11-02T08:00:00', tzid: 'UTC' }, end: { duration: 'PT1H' } })
    expect(sameContent(base, utc)).toBe(true)
    expect(merge(base, base, utc, 'theirs').event).toBe(base)
  })

  it('puts an occurrence moved there onto what the remote cannot hold', () => {
    const ours = withMaster({ rrules: ['FREQ=WEEKLY;COUNT=3'], components: [['valarm', [], []]] })
    const moved = { ...emptyMaster(ten, null), summary: 'Physics', description: null, thisAndFuture: false }
    const recurrenceId = { dateTime: '2026-11-09T09:00:00', tzid: 'Europe/Berlin' }
    const view = (event: ScheduleEvent): ScheduleEvent => ({
      ...lossy(event),
      master: event.master && { ...event.master, description: null, components: [] },
    })
    const theirs = { ...view(ours), overrides: [{ ...moved, recurrenceId }] }
    const { event } = merge(view(ours), ours, theirs, 'ours', view)
    expect(event.overrides[0]).toMatchObject({ description: 'Mechanics', components: [['valarm', [], []]], start: ten })
  })
})

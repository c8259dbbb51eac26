/**
 * The laws of a source, the same for every adapter. An adapter's test is `testSource(name, { open, gaps })`; a law it
 * cannot keep is named in `gaps` with the reason, and the run fails when such a law turns out to hold.
 */
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { CursorExpired, Unavailable, VersionMismatch } from '../../src/errors.ts'
import type { CalTime, Component, Master, Override, ScheduleEvent } from '../../src/schedule/event.ts'
import { emptyMaster } from '../../src/schedule/event.ts'
import { differences } from '../../src/schedule/merge.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'
import type { Changes, RemoteRef, Source } from '../../src/sync/source.ts'

/** A source on a remote of its own, with nothing in it. */
export interface OpenedSource {
  readonly source: Source
  /** Resources that events may name; none where the source is itself one calendar. */
  readonly resourceIds?: readonly number[]
  /** The hand of somebody else at the remote; the only way in where the source cannot write. */
  readonly remote?: {
    put(event: ScheduleEvent): unknown
    delete(uid: string): unknown
  }
  /** Makes the remote answer its next request with "too many requests, again in `seconds`". */
  refuseOnce?(seconds: number): void
  close?(): Promise<void>
}

export interface Gap {
  readonly law: string
  readonly reason: string
}

export interface SourceLaws {
  readonly open: () => Promise<OpenedSource> | OpenedSource
  readonly gaps?: readonly Gap[]
  /** A source that cannot be written keeps the laws of reading only. */
  readonly readOnly?: boolean
  /** Milliseconds each law may take; 20,000 unless told. */
  readonly timeout?: number
}

const year = Temporal.Now.plainDateISO('UTC').year + 1
const berlin = (monthDayTime: string): CalTime => ({ dateTime: `${year}-${monthDayTime}:00`, tzid: 'Europe/Berlin' })

type Change = Partial<Master>

/** The samples of one law: events on the resources the source offers. */
class Samples {
  readonly #resourceIds: readonly number[]

  constructor(resourceIds: readonly number[]) {
    this.#resourceIds = resourceIds
  }

  event(uid: string, master: Master, overrides: readonly Override[] = []): ScheduleEvent {
    return { uid, master, overrides, resourceIds: this.#resourceIds.slice(0, 1) }
  }

  single(uid = 'single@example.edu', change: Change = {}): ScheduleEvent {
    const text = { summary: 'Physics', description: 'Bring a calculator', location: 'LH 101' }
    return this.event(uid, { ...emptyMaster(berlin('03-03T09:00'), berlin('03-03T10:30')), ...text, ...change })
  }

  weekly(uid = 'weekly@example.edu', change: Change = {}, overrides: readonly Override[] = []): ScheduleEvent {
    const { master } = this.single()
    const rule = { rrules: ['FREQ=WEEKLY;COUNT=8'] }
    return this.event(uid, { ...(master as Master), ...rule, ...change }, overrides)
  }

  /** Weekly from 3 March, 09:00 to 10:30: the second is excluded, the third moved to the afternoon of the next day. */
  excepted(): ScheduleEvent {
    const moved: Override = {
      ...component(this.single()),
      ...{ start: berlin('03-18T14:00'), end: berlin('03-18T15:30'), summary: 'Physics, moved' },
      ...{ recurrenceId: berlin('03-17T09:00'), thisAndFuture: false },
    }
    return this.weekly('excepted@example.edu', { exdates: [berlin('03-10T09:00')] }, [moved])
  }
}

const component = ({ master }: ScheduleEvent): Component => {
  const { rrules: _, exrules: __, rdates: ___, exdates: ____, ...rest } = master as Master
  return rest
}

interface Law extends OpenedSource {
  readonly samples: Samples
  readonly push: (event: ScheduleEvent, at?: RemoteRef | null) => Promise<RemoteRef>
  readonly remove: (at: RemoteRef) => Promise<void>
  /** Puts an event there in whatever way the source allows. */
  readonly seed: (event: ScheduleEvent) => Promise<void>
  readonly drop: (uid: string) => Promise<void>
  /** What a full read says of one UID; fails where it says it twice. */
  readonly find: (uid: string) => Promise<Changes['changed'][number] | null>
  readonly view: (event: ScheduleEvent) => ScheduleEvent
}

const whole = (seconds: number) => ({ from: 0, to: seconds })
/** When an event takes place, as instants; cancelled occurrences do not. */
const instants = (event: ScheduleEvent | undefined): [number, number][] =>
  event === undefined
    ? []
    : occurrences(event, whole(2 ** 33), { zone: 'Europe/Berlin' })
        .filter(({ component: { status } }) => status !== 'CANCELLED')
        .map(({ start, end }) => [start, end])

const expectSame = (actual: ScheduleEvent | undefined, expected: ScheduleEvent): void => {
  expect(actual?.uid).toBe(expected.uid)
  if (!actual) return
  const slots = differences(actual, expected)
  expect(slots, `differs in ${slots.join(', ')}`).toEqual([])
}

/** Reads increments until one is empty: what an echo or a slow index still has to say is then said. */
async function drain(source: Source, cursor: string): Promise<string> {
  let at = cursor
  for (let round = 0; round < 5; round++) {
    const changes = await source.pull(at)
    at = changes.cursor
    if (changes.changed.length === 0 && changes.removed.length === 0) return at
  }
  return at
}

const reading: { readonly [law: string]: (law: Law) => Promise<void> } = {
  'a pull with nothing new is empty': async ({ source, samples, seed }) => {
    await seed(samples.single())
    await seed(samples.excepted())
    const cursor = await drain(source, (await source.pull(null)).cursor)
    for (let round = 0; round < 3; round++) {
      const { changed, removed } = await source.pull(cursor)
      expect(changed.map(({ event }) => event.uid)).toEqual([])
      expect(removed).toEqual([])
    }
  },

  'pull(null) equals the sum of increments': async ({ source, samples, seed, drop }) => {
    const known = new Map<string, ScheduleEvent>()
    const refs = new Map<string, string>()
    const take = ({ changed, removed, cursor }: Changes) => {
      for (const { ref, event } of changed) known.set(ref.id, event)
      for (const id of removed) known.delete(id)
      for (const { ref } of changed) refs.set(ref.id, ref.version)
      return cursor
    }
    let cursor = take(await source.pull(null))
    for (const step of [
      () => seed(samples.single('a')),
      () => seed(samples.single('b')),
      () => seed(samples.single('a', { summary: 'Changed' })),
      () => seed(samples.excepted()),
      () => drop('b'),
      () => seed(samples.single('c')),
    ]) {
      await step()
      cursor = take(await source.pull(cursor))
    }
    take(await source.pull(cursor))
    const all = await source.pull(null)
    const uids = all.changed.map(({ event }) => event.uid).sort()
    expect(uids).toEqual(['a', 'c', 'excepted@example.edu'])
    expect([...known.values()].map(({ uid }) => uid).sort()).toEqual(uids)
    for (const { ref, event } of all.changed) {
      expectSame(known.get(ref.id), event)
      expect(refs.get(ref.id)).toBe(ref.version)
    }
  },

  'an unknown cursor throws CursorExpired': async ({ source }) => {
    await source.pull(null)
    for (const cursor of ['', 'nonsense', '{"v":0}', '[]']) {
      await expect(source.pull(cursor), `cursor ${cursor}`).rejects.toBeInstanceOf(CursorExpired)
    }
  },

  'a deletion is reported, and only that': async ({ source, samples, seed, drop, find }) => {
    await seed(samples.single('a'))
    await seed(samples.single('b'))
    const gone = await find('a')
    const { cursor } = await source.pull(null)
    await drop('a')
    const { changed, removed, completeWithin } = await source.pull(cursor)
    if (completeWithin) expect(changed.map(({ event }) => event.uid)).toEqual(['b'])
    else expect(removed).toEqual([gone?.ref.id])
  },

  '09:00 in Berlin stays 09:00 when the clocks change': async ({ samples, seed, find }) => {
    const event = samples.weekly()
    await seed(event)
    const pulled = await find(event.uid)
    expect(instants(pulled?.event)).toEqual(instants(event))
  },

  'all-day stays a date': async ({ samples, seed, find }) => {
    const day = { start: { date: `${year}-05-01` }, end: { date: `${year}-05-02` } }
    await seed(samples.single('day', day))
    expect((await find('day'))?.event.master?.start).toEqual(day.start)
  },

  '"too many requests" becomes Unavailable with its delay': async ({ source, refuseOnce }) => {
    expect(refuseOnce, 'the test gives no way to refuse a request').toBeDefined()
    refuseOnce?.(7)
    const error = await source.pull(null).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Unavailable)
    expect((error as Unavailable).retryAfter).toBe(7)
    await source.pull(null)
  },
}

const content = fc.record({
  summary: fc.constantFrom('Physics', 'Ψ and φ', 'a, b; c\\d', 'ü'.repeat(20)),
  description: fc.constantFrom(null, 'two\nlines', 'long '.repeat(200).trim()),
  location: fc.constantFrom(null, 'LH 101'),
  classification: fc.constantFrom<Component['classification'][]>(null, 'PRIVATE', 'CONFIDENTIAL'),
})
const pattern = fc.record({
  hour: fc.integer({ min: 8, max: 20 }),
  minutes: fc.integer({ min: 15, max: 180 }),
  rule: fc.constantFrom(
    'FREQ=WEEKLY;COUNT=6',
    'FREQ=WEEKLY;BYDAY=WE,FR;COUNT=9',
    'FREQ=DAILY;INTERVAL=2;COUNT=5',
    `FREQ=MONTHLY;BYMONTHDAY=3;UNTIL=${year}0901T000000Z`,
    'FREQ=MONTHLY;BYDAY=1WE;COUNT=4',
  ),
  excluded: fc.boolean(),
})

const writing: { readonly [law: string]: (law: Law) => Promise<void> } = {
  'what is pushed is pulled back as normalize(event), under the same UID': async ({ samples, push, find, view }) => {
    const events = [
      samples.single(),
      samples.single('plain', { description: null, location: null }),
      samples.single('utc', {
        start: { dateTime: `${year}-03-03T09:00:00`, tzid: 'UTC' },
        end: { duration: 'PT45M' },
      }),
      samples.single('private', { classification: 'PRIVATE', description: 'two\nlines; and, more' }),
      samples.weekly(),
      samples.weekly('until', { rrules: [`FREQ=WEEKLY;BYDAY=WE,FR;UNTIL=${year}0430T235959Z`] }),
    ]
    for (const event of events) {
      const ref = await push(event)
      const pulled = await find(event.uid)
      expectSame(pulled?.event, view(event))
      expect(pulled?.ref.id).toBe(ref.id)
    }
  },

  'any event that is pushed is pulled back as normalize(event)': async ({ samples, push, find, view }) => {
    let count = 0
    const property = fc.asyncProperty(content, pattern, async (text, { hour, minutes, rule, excluded }) => {
      const at = (day: string, hours: number) => berlin(`${day}T${String(hours).padStart(2, '0')}:00`)
      const time = { start: at('03-03', hour), end: { duration: `PT${minutes}M` }, rrules: [rule] }
      const first = excluded ? { exdates: [at('03-03', hour)] } : {}
      const event = samples.weekly(`any-${count++}`, { ...text, ...time, ...first })
      await push(event)
      expectSame((await find(event.uid))?.event, view(event))
    })
    await fc.assert(property, { numRuns: 12 })
  },

  'normalize twice is once, and changes neither UID nor times': async ({ samples, view }) => {
    for (const event of [samples.single(), samples.weekly(), samples.excepted()]) {
      const once = view(event)
      expectSame(view(once), once)
      expect(once.uid).toBe(event.uid)
      expect(instants(once)).toEqual(instants(event))
    }
  },

  'a change is pulled as a change of the same copy': async ({ source, samples, push, view }) => {
    const first = await push(samples.single())
    const cursor = await drain(source, (await source.pull(null)).cursor)
    const changed = samples.single(undefined, {
      ...{ summary: 'Chemistry', description: null },
      ...{ start: berlin('03-04T11:00'), end: berlin('03-04T12:00') },
    })
    const second = await push(changed, first)
    const news = await source.pull(cursor)
    expect(news.changed.map(({ ref }) => ref.id)).toEqual([second.id])
    expectSame(news.changed[0]?.event, view(changed))
  },

  'a stale version writes nothing': async ({ samples, push, remove, find, view }) => {
    const first = await push(samples.single())
    const newer = samples.single(undefined, { summary: 'Newer' })
    const second = await push(newer, first)
    expect(second.version).not.toBe(first.version)
    const stale = { ...second, version: first.version }
    const late = samples.single(undefined, { summary: 'Too late' })
    await expect(push(late, stale)).rejects.toBeInstanceOf(VersionMismatch)
    await expect(remove(stale)).rejects.toBeInstanceOf(VersionMismatch)
    expectSame((await find(newer.uid))?.event, view(newer))
  },

  'a create that is repeated finds its first result': async ({ samples, push, source }) => {
    for (const event of [samples.single(), samples.excepted()]) {
      const first = await push(event)
      const second = await push(event)
      expect(second.id).toBe(first.id)
    }
    const { changed } = await source.pull(null)
    expect(changed.map(({ event }) => event.uid).sort()).toEqual(['excepted@example.edu', 'single@example.edu'])
  },

  'removing twice is quiet': async ({ samples, push, remove, find }) => {
    for (const event of [samples.single(), samples.weekly(), samples.excepted()]) {
      const ref = await push(event)
      await remove(ref)
      await remove(ref)
      expect(await find(event.uid)).toBeNull()
    }
  },

  'RRULE, EXDATE and a moved occurrence survive': async ({ samples, push, find, view }) => {
    const event = samples.excepted()
    await push(event)
    const pulled = await find(event.uid)
    expectSame(pulled?.event, view(event))
    expect(instants(pulled?.event)).toEqual(instants(event))
    expect(pulled?.event.master?.rrules).toHaveLength(1)
  },

  'exceptions can be added to a series and its text be changed around them': async ({ samples, push, find, view }) => {
    const event = samples.excepted()
    const plain = await push({ ...event, master: { ...(event.master as Master), exdates: [] }, overrides: [] })
    const excepted = await push(event, plain)
    expectSame((await find(event.uid))?.event, view(event))
    const renamed = { ...event, master: { ...(event.master as Master), summary: 'Renamed' } }
    await push(renamed, excepted)
    const pulled = await find(event.uid)
    expectSame(pulled?.event, view(renamed))
    expect(instants(pulled?.event)).toEqual(instants(event))
  },

  'what is pulled has the ref that push answered, also when nothing had changed': async ({ samples, push, find }) => {
    for (const event of [samples.single(), samples.excepted()]) {
      const ref = await push(event)
      expect(await push(event, ref)).toEqual(ref)
      expect((await find(event.uid))?.ref).toEqual(ref)
    }
  },
}

/** Registers every law for one source. */
export function testSource(name: string, options: SourceLaws): void {
  const laws = { ...reading, ...(options.readOnly ? {} : writing) }
  const gaps = new Map((options.gaps ?? []).map(({ law, reason }) => [law, reason]))

  describe(`${name} keeps the laws of a source`, () => {
    let close: (() => Promise<void>) | undefined
    afterEach(async () => close?.())

    it('names only laws that exist as gaps', () => {
      expect([...gaps.keys()].filter(law => !(law in laws))).toEqual([])
    })

    for (const [law, hold] of Object.entries(laws)) {
      const run = async () => {
        const opened = await options.open()
        close = opened.close
        await hold(lawOf(opened))
      }
      const reason = gaps.get(law)
      // A gap that has closed is a wrong statement about the adapter, so it fails too.
      if (reason === undefined) it(law, { timeout: options.timeout ?? 20_000 }, run)
      else it.fails(`${law} (gap: ${reason})`, { timeout: options.timeout ?? 20_000 }, run)
    }
  })
}

function lawOf(opened: OpenedSource): Law {
  const { source, remote } = opened
  const writable = () => {
    if (!source.push || !source.remove) throw new TypeError('this law needs a source that can be written')
    return { push: source.push.bind(source), remove: source.remove.bind(source) }
  }
  const find = async (uid: string) => {
    const found = (await source.pull(null)).changed.filter(({ event }) => event.uid === uid)
    expect(found.length, `copies of ${uid}`).toBeLessThanOrEqual(1)
    return found[0] ?? null
  }
  return {
    ...opened,
    samples: new Samples(opened.resourceIds ?? []),
    find,
    push: (event, at = null) => writable().push(event, at),
    remove: at => writable().remove(at),
    seed: async event => {
      if (remote) await remote.put(event)
      else await writable().push(event, (await find(event.uid))?.ref ?? null)
    },
    drop: async uid => {
      const at = await find(uid)
      if (remote) await remote.delete(uid)
      else if (at) await writable().remove(at.ref)
    },
    view: event => source.normalize?.(event) ?? event,
  }
}

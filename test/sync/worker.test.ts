/** Who runs a binding, how many at once, and what a person can say to it. */
import { execFileSync } from 'node:child_process'
import { hostname } from 'node:os'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MemorySource } from '../../adapters/memory.ts'
import { emptyMaster, type ScheduleEvent } from '../../src/schedule/event.ts'
import { bindingState, ensureBinding, lease, saveBinding } from '../../src/store/bindings.ts'
import type { Binding } from '../../src/sync/binding.ts'
import { isGone, newOwner } from '../../src/sync/owner.ts'
import type { Source } from '../../src/sync/source.ts'
import { Sync } from '../../src/sync/sync.ts'
import { Worker } from '../../src/sync/worker.ts'
import { type Harness, openHarness } from './harness.ts'

const lecture = (uid: string): ScheduleEvent => ({
  uid,
  master: {
    ...emptyMaster({ dateTime: '2027-03-02T09:00:00', tzid: 'Europe/Berlin' }, { duration: 'PT1H' }),
    summary: uid,
  },
  overrides: [],
  resourceIds: [1],
})

const now = () => 1_790_000_000
let harness: Harness
let worker: Worker
let sync: Sync
let bindings: Binding[]
beforeEach(async () => {
  harness = await openHarness({ now: now() })
  bindings = []
  const configured = async () => ({ bindings, broken: [] })
  worker = new Worker({ store: harness.store, engine: harness.engine, configured, log: pino({ level: 'silent' }), now })
  sync = new Sync({ store: harness.store, engine: harness.engine, worker, configured, now })
})
afterEach(async () => {
  await worker.stop()
  await harness.close()
})

const until = async (done: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await done())) await new Promise(resolve => setTimeout(resolve, 10))
}

describe('a lease', () => {
  /** A process that has ended. */
  const gone = () => {
    const pid = execFileSync(process.execPath, ['-p', 'process.pid']).toString().trim()
    return `${encodeURIComponent(hostname())} ${pid} earlier id`
  }
  const hold = async (owner: string) => {
    await ensureBinding(harness.store.database, 'test/room')
    expect(await lease(harness.store.database, 'test/room', owner, now(), now() + 60)).toBe(true)
  }

  it('of a process that was killed is taken over at once', async () => {
    await hold(gone())
    const source = new MemorySource()
    source.put(lecture('a'))
    expect(await worker.runNow(harness.binding(source))).toMatchObject({ created: 1, error: null })
  })

  it('says whether its process is gone: of this machine, of an earlier one with the same number, of elsewhere', () => {
    const here = newOwner()
    const [host, , , id] = here.split(' ')
    expect([
      isGone(here),
      isGone(gone()),
      isGone(`${host} ${process.pid} earlier ${id}`),
      isGone('elsewhere 1 x y'),
      isGone('3f0c-an-older-form'),
    ]).toEqual([false, true, true, false, false])
  })

  it('of another one that lives is respected: the binding is not run', async () => {
    await hold('elsewhere 1 x y')
    let pulled = 0
    const source: Source = {
      async pull() {
        pulled++
        return { changed: [], removed: [], cursor: '1' }
      },
    }
    bindings = [harness.binding(source), harness.binding(source, { id: 'test/other' })]
    worker.start()
    await until(async () => (await bindingState(harness.store.database, 'test/other')).lastSuccess !== null)
    expect(pulled).toBe(1)
    expect((await bindingState(harness.store.database, 'test/room')).lastSuccess).toBeNull()
  })
})

it('changes that follow one another are looked at together, five seconds after the first at the latest', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  let looks = 0
  const configured = async () => {
    looks++
    return { bindings: [], broken: [] }
  }
  const { store, engine } = harness
  const counting = new Worker({ store, engine, configured, log: pino({ level: 'silent' }), now })
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
  const changing = async (ms: number) => {
    for (let at = 0; at < ms; at += 40) {
      counting.changed()
      await pass(40)
    }
  }
  try {
    counting.start()
    await pass(1)
    expect(looks).toBe(1)
    await changing(4800)
    expect(looks).toBe(1)
    await changing(400)
    expect(looks).toBe(2)
    await pass(50)
    expect(looks).toBe(3)
    counting.changed()
    await pass(50)
    expect(looks).toBe(4)
  } finally {
    vi.useRealTimers()
    await counting.stop()
  }
})

it('no more than four calendars of one source are run at a time, and others do not wait for them', async () => {
  const [asked, most] = [new Set<string>(), { busy: 0, now: 0 }]
  const released = Promise.withResolvers<void>()
  const slow = (id: string): Source => ({
    async pull() {
      asked.add(id)
      most.now++
      most.busy = Math.max(most.busy, most.now)
      await released.promise
      most.now--
      return { changed: [], removed: [], cursor: '1' }
    },
  })
  bindings = Array.from({ length: 9 }, (_, n) => harness.binding(slow(`b${n}`), { id: `b${n}`, source: 'busy' }))
  const quick = new MemorySource()
  quick.put(lecture('a'))
  bindings.push(harness.binding(quick, { id: 'quick', source: 'quick' }))
  worker.start()
  await until(async () => (await harness.store.uids()).includes('a') && asked.size === 4)
  released.resolve()
  await until(() => asked.size === 9)
  expect(most.busy).toBe(4)
})

it('a source that cannot be written is not asked again because something has changed here', async () => {
  let pulled = 0
  const source: Source = {
    async pull() {
      pulled++
      return { changed: [], removed: [], cursor: '1' }
    },
  }
  const other = new MemorySource()
  bindings = [harness.binding(source), harness.binding(other, { id: 'other/room', source: 'other' })]
  worker.start()
  for (const uid of ['a', 'b', 'c']) {
    await harness.put(lecture(uid))
    worker.changed()
    await until(() => other.find(uid) !== null)
  }
  expect(pulled).toBe(1)
})

describe('a frozen source', () => {
  it('is neither read nor written, says so, and makes up for it when it is released', async () => {
    const source = new MemorySource()
    bindings = [harness.binding(source), harness.binding(new MemorySource(), { id: 'other/room', source: 'other' })]
    await sync.freeze('test', true)
    source.put(lecture('theirs'))
    await harness.put(lecture('ours'))
    expect(await sync.sources()).toMatchObject([{ frozen: true }, { frozen: false }])
    expect(await sync.run('test')).toMatchObject([{ created: 0, pushed: 0, error: expect.stringContaining('frozen') }])
    expect(await sync.run('test', { dryRun: true })).toMatchObject([{ created: 1, pushed: 1, error: null }])
    worker.start()
    await worker.wake()
    await until(async () => (await bindingState(harness.store.database, 'other/room')).lastSuccess !== null)
    expect(source.events.map(({ uid }) => uid)).toEqual(['theirs'])
    await sync.freeze('test', false)
    expect(await sync.run('test')).toMatchObject([{ created: 1, pushed: 1, error: null }])
  })

  it('has to exist', async () => {
    bindings = [harness.binding(new MemorySource())]
    await expect(sync.freeze('nowhere', true)).rejects.toThrow('There is no source nowhere.')
  })
})

describe('deletions that wait', () => {
  const many = Array.from({ length: 20 }, (_, n) => `e${n}`)
  const emptied = async () => {
    const source = new MemorySource()
    for (const uid of many) source.put(lecture(uid))
    bindings = [harness.binding(source), harness.binding(new MemorySource(), { id: 'other/x', source: 'other' })]
    await sync.run('test')
    for (const uid of many.slice(3)) source.delete(uid)
    expect(await sync.run('test')).toMatchObject([{ held: 17, removed: 0 }])
    expect(await harness.store.uids()).toHaveLength(20)
    const open = (await harness.store.conflicts()).filter(({ kind }) => kind === 'mass-deletion')
    expect(open).toMatchObject([{ detail: { count: 17, of: 20 } }])
    return source
  }
  const waiting = async () => (await harness.store.conflicts()).filter(({ kind }) => kind === 'mass-deletion')

  it('happen when they are approved, in one report for each calendar where some wait', async () => {
    await emptied()
    expect(await sync.answer(null, 'approve')).toMatchObject([{ source: 'test', removed: 17, held: 0, error: null }])
    expect(await harness.store.uids()).toHaveLength(3)
    expect(await waiting()).toEqual([])
  })

  it('are undone at the source when they are not', async () => {
    const source = await emptied()
    expect(await sync.answer('test', 'restore')).toMatchObject([{ pushed: 17, removed: 0, held: 0 }])
    expect(source.events).toHaveLength(20)
    expect(await waiting()).toEqual([])
    expect(await sync.run('test')).toMatchObject([{ pushed: 0, removed: 0, created: 0 }])
  })

  it('are over when the source shows the events again', async () => {
    const source = await emptied()
    for (const uid of many.slice(3)) source.put(lecture(uid))
    expect(await sync.run('test')).toMatchObject([{ held: 0, removed: 0 }])
    expect(await waiting()).toEqual([])
    expect(await harness.store.uids()).toHaveLength(20)
  })

  it('stay waiting while others come, and are not forgotten by a new start', async () => {
    const source = await emptied()
    source.delete('e0')
    expect(await sync.run('test')).toMatchObject([{ held: 18, removed: 0 }])
    await saveBinding(harness.store.database, 'test/room', { failures: 0 })
    expect(await sync.run('test')).toMatchObject([{ held: 18 }])
    expect(await harness.store.uids()).toHaveLength(20)
  })
})

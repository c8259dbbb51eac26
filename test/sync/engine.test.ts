/** One run of a binding: what it plans, what it shows, and how soon the next one comes. */
import { createHook } from 'node:async_hooks'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemorySource } from '../../adapters/memory.ts'
import { noteAnswer } from '../../src/breath.ts'
import { AccessDenied, Rejected, Unavailable } from '../../src/errors.ts'
import { emptyMaster, type ScheduleEvent } from '../../src/schedule/event.ts'
import { bindingState, saveBinding, saveCursor } from '../../src/store/bindings.ts'
import { nextPace, quickPace } from '../../src/sync/pace.ts'
import { withResources } from '../../src/sync/resources.ts'
import type { Source } from '../../src/sync/source.ts'
import { type Harness, openHarness } from './harness.ts'

const lecture = (uid: string, summary = uid, rrules: readonly string[] = []): ScheduleEvent => ({
  uid,
  master: {
    ...emptyMaster({ dateTime: '2027-03-02T09:00:00', tzid: 'Europe/Berlin' }, { duration: 'PT1H' }),
    ...{ summary, rrules },
  },
  overrides: [],
  resourceIds: [1],
})

const clock = { now: 1_790_000_000 }
let harness: Harness
let source: MemorySource
beforeEach(async () => {
  clock.now = 1_790_000_000
  harness = await openHarness(clock)
  source = new MemorySource()
})
afterEach(() => harness.close())

const state = () => bindingState(harness.store.database, 'test/room')
const dry = (from: Source = source) => harness.engine.run(harness.binding(from), { dryRun: true })
/** Everything in the database but the bookkeeping of when to look again. */
const everything = async () => [
  await harness.store.database.query('SELECT * FROM event ORDER BY uid'),
  await harness.store.database.query('SELECT * FROM shadow ORDER BY uid'),
  await harness.store.database.query('SELECT * FROM conflict'),
  await harness.store.database.query('SELECT * FROM journal'),
  await harness.store.database.query('SELECT * FROM binding'),
  await harness.store.database.query('SELECT * FROM binding_cursor'),
  source.clock,
]

describe('a dry run', () => {
  it('says what would be created, updated, deleted and rejected on each side, and writes nothing', async () => {
    for (const uid of ['moved here', 'moved there', 'gone here', 'gone there', 'other', 'more'])
      source.put(lecture(uid))
    await harness.run(source)
    await harness.put(lecture('moved here', 'new here'))
    source.put(lecture('moved there', 'new there'))
    await harness.remove('gone here')
    source.delete('gone there')
    await harness.put(lecture('made here'))
    source.put(lecture('made there'))
    source.put(lecture('exploding', 'x', ['FREQ=SECONDLY']))
    const before = await everything()
    const { plan, ...counts } = await dry()
    expect(await everything()).toEqual(before)
    expect(plan.map(({ side, action, uid, fields }) => [side, action, uid, ...fields]).sort()).toEqual([
      ['ours', 'create', 'made there'],
      ['ours', 'delete', 'gone there'],
      ['ours', 'reject', 'exploding'],
      ['ours', 'update', 'moved there', 'text:summary'],
      ['theirs', 'create', 'made here'],
      ['theirs', 'delete', 'gone here'],
      ['theirs', 'update', 'moved here', 'text:summary'],
    ])
    const { error, pulled, created, updated, removed, pushed, rejected } = await harness.run(source)
    expect(counts).toMatchObject({ error, pulled, created, updated, removed, pushed, rejected })
  })

  it('of a calendar that never ran leaves no trace of it', async () => {
    source.put(lecture('first'))
    const before = await everything()
    expect(await dry()).toMatchObject({ created: 1, run: null })
    expect(await everything()).toEqual(before)
  })

  it('plans one change where both sides have one, with the fields of both', async () => {
    source.put(lecture('both'))
    await harness.run(source)
    source.put(lecture('both', 'new there'))
    const { master } = lecture('both')
    await harness.put({ ...lecture('both'), master: master && { ...master, description: 'new here' } })
    const { plan } = await dry()
    expect(plan.map(({ side, action, uid }) => [side, action, uid])).toEqual([
      ['ours', 'update', 'both'],
      ['theirs', 'update', 'both'],
    ])
  })

  it('counts what the source holds and cannot be read', async () => {
    const unreadable = [{ id: 'x1', uid: null, reason: 'no start' }]
    const found: Source = { pull: async () => ({ changed: [], removed: [], unreadable, cursor: '1' }) }
    expect(await dry(found)).toMatchObject({ rejected: 1, plan: [{ uid: 'x1', side: 'ours', action: 'reject' }] })
    expect(await harness.store.conflicts()).toEqual([])
  })
})

describe('writes that have to wait', () => {
  it('are shown with their reason until they go on, and reads go on meanwhile', async () => {
    let full = true
    const push: Source['push'] = (event, at) => {
      if (full) throw new Unavailable('the calendar has had enough', { retryAfter: 600, scope: 'writes' })
      return source.push(event, at)
    }
    const busy: Source = { pull: cursor => source.pull(cursor), push, remove: at => source.remove(at) }
    await harness.put(lecture('ours'))
    await harness.run(busy)
    expect(await state()).toMatchObject({
      failures: 0,
      writesAfter: clock.now + 600,
      error: expect.stringContaining('enough'),
    })
    full = false
    source.put(lecture('theirs'))
    clock.now += 60
    expect(await harness.run(busy)).toMatchObject({ created: 1, pushed: 0, error: null })
    expect((await state()).error).toContain('enough')
    clock.now += 600
    expect(await harness.run(busy)).toMatchObject({ pushed: 1 })
    expect(await state()).toMatchObject({ error: null, remedy: null })
  })
})

describe('a failure', () => {
  let failure: Error | null = null
  const failing: Source = {
    pull: cursor => (failure ? Promise.reject(failure) : source.pull(cursor)),
  }

  it('is tried again after a growing time, never sooner than the remote asked', async () => {
    const waits: number[] = []
    failure = new Unavailable('down')
    for (let tries = 0; tries < 12; tries++) {
      await harness.run(failing, { pollSeconds: 300 })
      waits.push((await state()).dueAt - clock.now)
    }
    for (const [index, least] of [5, 10, 20, 40, 80, 160, 300, 300].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(least)
      expect(waits[index]).toBeLessThanOrEqual(Math.ceil(least * 1.1))
    }
    failure = new Unavailable('wait', { retryAfter: 4000 })
    await harness.run(failing)
    expect((await state()).dueAt).toBeGreaterThanOrEqual(clock.now + 4000)
  })

  it('of a right that was taken is looked at soon, in case it is given back, and seldom in the end', async () => {
    const waits: number[] = []
    failure = new AccessDenied('not shared')
    for (let tries = 0; tries < 10; tries++) {
      await harness.run(failing, { pollSeconds: 10 })
      waits.push((await state()).dueAt - clock.now)
    }
    expect(waits[0]).toBeLessThanOrEqual(6)
    expect(waits.at(-1)).toBeGreaterThanOrEqual(300)
  })

  it('is over with the first success', async () => {
    failure = new Unavailable('down', { remedy: 'Wait.' })
    await harness.run(failing)
    expect(await state()).toMatchObject({ failures: 1, error: 'down', remedy: 'Wait.' })
    failure = null
    await harness.run(failing)
    expect(await state()).toMatchObject({ failures: 0, error: null, remedy: null })
  })
})

describe('the next look', () => {
  it('comes sooner after a change, then ever later, and never later than configured', () => {
    expect([1, 10, 60, 300, 3600].map(quickPace)).toEqual([1, 10, 15, 75, 900])
    const paces = [quickPace(300)]
    for (let quiet = 0; quiet < 4; quiet++) paces.push(nextPace(paces.at(-1) ?? null, 300))
    expect(paces).toEqual([75, 150, 300, 300, 300])
    expect(nextPace(null, 300)).toBe(300)
  })

  it('is soon where something has changed, and as configured where nothing does', async () => {
    const due = async () => {
      await harness.run(source, { pollSeconds: 300 })
      return (await state()).dueAt - clock.now
    }
    expect(await due()).toBeGreaterThanOrEqual(300)
    source.put(lecture('new'))
    expect(await due()).toBeLessThanOrEqual(83)
    expect(await due()).toBeGreaterThanOrEqual(150)
    expect(await due()).toBeGreaterThanOrEqual(300)
  })
})

it('a refusal is remembered: the same event is not offered twice', async () => {
  let offered = 0
  const picky: Source = {
    pull: cursor => source.pull(cursor),
    push: () => {
      offered++
      return Promise.reject(new Rejected('tooLong', 'longer than a day', { remedy: 'Shorten it.' }))
    },
  }
  await harness.put(lecture('long'))
  expect(await harness.run(picky)).toMatchObject({ rejected: 1 })
  expect(await harness.run(picky)).toMatchObject({ rejected: 0 })
  await harness.put(lecture('long', 'renamed'))
  await harness.run(picky)
  expect(offered).toBe(2)
  expect(await harness.store.conflicts()).toMatchObject([{ kind: 'rejected', uids: ['long'] }])
})

it('a refusal is over when what was refused is taken back here', async () => {
  source.put({ ...lecture('meeting'), resourceIds: [] })
  const foreign: Source = {
    pull: cursor => source.pull(cursor),
    push: () => Promise.reject(new Rejected('foreign-organizer', 'the meeting belongs to somebody else')),
  }
  await harness.run(foreign)
  await harness.put(lecture('meeting', 'renamed'))
  expect(await harness.run(foreign)).toMatchObject({ rejected: 1 })
  expect(await harness.store.conflicts()).toMatchObject([{ kind: 'foreign-organizer' }])
  await harness.put(lecture('meeting'))
  expect(await harness.run(foreign)).toMatchObject({ rejected: 0 })
  expect(await harness.store.conflicts()).toEqual([])
})

it('what found its room taken is offered again once something has changed there', async () => {
  const full: Source = {
    pull: cursor => source.pull(cursor),
    push: (event, at) =>
      source.find('other') ? Promise.reject(new Rejected('room-taken', 'the room is taken')) : source.push(event, at),
  }
  source.put({ ...lecture('other'), resourceIds: [] })
  await harness.put(lecture('ours'))
  expect(await harness.run(full)).toMatchObject({ rejected: 1 })
  expect(await harness.run(full)).toMatchObject({ pushed: 0 })
  source.delete('other')
  expect(await harness.run(full)).toMatchObject({ removed: 1, pushed: 1 })
  expect((await harness.store.conflicts()).filter(({ kind }) => kind === 'rejected')).toEqual([])
})

describe('a calendar of one direction', () => {
  const both = async () => {
    source.put(lecture('theirs'))
    await harness.put(lecture('ours'))
  }
  const held = async () => [await harness.store.uids(), source.events.map(({ uid }) => uid).sort()]
  const title = async (uid: string) => (await harness.store.event(uid))?.event.master?.summary

  it('in: takes what is there, and writes nothing', async () => {
    const run = () => harness.run(source, { direction: 'in' })
    await both()
    expect(await run()).toMatchObject({ created: 1, pushed: 0 })
    expect(await held()).toEqual([['ours', 'theirs'], ['theirs']])
    await harness.put(lecture('theirs', 'renamed here'))
    expect(await run()).toMatchObject({ pushed: 0 })
    expect(source.find('theirs')?.event.master?.summary).toBe('theirs')
    source.delete('theirs')
    await run()
    expect(source.events).toEqual([])
  })

  it('out: writes what we hold, and takes nothing', async () => {
    const run = () => harness.run(source, { direction: 'out' })
    await both()
    expect(await run()).toMatchObject({ created: 0, pushed: 1 })
    expect(await held()).toEqual([['ours'], ['ours', 'theirs']])
    source.put(lecture('ours', 'renamed there'))
    source.put(lecture('theirs', 'their own business'))
    const plan = await harness.engine.run(harness.binding(source, { direction: 'out' }), { dryRun: true })
    expect(plan).toMatchObject({ pushed: 1, plan: [{ uid: 'ours', side: 'theirs', action: 'update' }] })
    expect(await run()).toMatchObject({ updated: 0, pushed: 1 })
    expect([await title('ours'), source.find('ours')?.event.master?.summary]).toEqual(['ours', 'ours'])
    source.delete('ours')
    expect(await run()).toMatchObject({ removed: 0, held: 0, pushed: 1 })
    expect(await held()).toEqual([['ours'], ['ours', 'theirs']])
    await harness.remove('ours')
    expect(await run()).toMatchObject({ pushed: 1 })
    expect(await held()).toEqual([[], ['theirs']])
    expect(await run()).toMatchObject({ pushed: 0, created: 0, updated: 0, removed: 0 })
  })
})

it('what was refused is offered again once the source has changed its side', async () => {
  let strict = false
  const picky: Source = {
    pull: cursor => source.pull(cursor),
    push: (event, at) => (strict ? Promise.reject(new Rejected('no', 'not now')) : source.push(event, at)),
  }
  const run = () => harness.run(picky, { prefer: () => 'ours' })
  await harness.put(lecture('both'))
  await run()
  strict = true
  await harness.put(lecture('both', 'new here'))
  expect(await run()).toMatchObject({ rejected: 1 })
  strict = false
  source.put(lecture('both', 'new there'))
  expect(await run()).toMatchObject({ updated: 0, pushed: 1, conflicts: 1 })
  expect(source.find('both')?.event.master?.summary).toBe('new here')
  expect((await harness.store.conflicts()).map(({ kind }) => kind)).toEqual(['edit'])
})

describe('a conflict that was told', () => {
  const kinds = async () =>
    (await harness.store.conflicts())
      .filter(({ kind }) => kind !== 'overlap')
      .map(({ kind, detail }) => [kind, detail.slot])
  const described = (uid: string, description: string, summary = uid) => {
    const { master } = lecture(uid, summary)
    return { ...lecture(uid), master: master && { ...master, description } }
  }

  it('about a value is over when that value is written anew, not before', async () => {
    source.put(lecture('a'))
    await harness.run(source)
    source.put(lecture('a', 'theirs'))
    await harness.put(lecture('a', 'ours'))
    expect(await harness.run(source)).toMatchObject({ conflicts: 1 })
    expect(await kinds()).toEqual([['edit', 'text:summary']])
    await harness.put(described('a', 'something else', 'theirs'))
    expect(await kinds()).toEqual([['edit', 'text:summary']])
    await harness.put(described('a', 'something else', 'agreed'))
    expect(await kinds()).toEqual([])
    await harness.run(source)
    expect(source.find('a')?.event.master?.summary).toBe('agreed')
    expect(await kinds()).toEqual([])
  })

  it('about a deletion is over when somebody goes on with the event, or deletes it', async () => {
    for (const uid of ['kept', 'dropped']) {
      source.put(lecture(uid))
      await harness.run(source)
      source.delete(uid)
      await harness.put(lecture(uid, 'changed'))
      await harness.run(source)
    }
    expect((await kinds()).map(([kind]) => kind)).toEqual(['delete-edit', 'delete-edit'])
    await harness.put(described('kept', 'it takes place'))
    await harness.remove('dropped')
    expect(await kinds()).toEqual([])
  })
})

it('a dry run of the account leaves its resources as they are known', async () => {
  const listed = { id: 7, name: 'New', systemName: 'new', type: 'location', description: null, tags: [] } as const
  const account = { ...listed, parentId: null, entryId: null, status: 2 } as const
  const withRooms: Source = withResources(
    Object.assign(source, { resources: async () => [account] }),
    harness.store,
    () => 'Europe/Berlin',
    pino({ level: 'silent' }),
  )
  const names = async () => (await harness.store.resources()).map(({ systemName }) => systemName).sort()
  const binding = harness.binding(withRooms, { resourceId: null })
  await harness.engine.run(binding, { dryRun: true })
  expect(await names()).toEqual(['lh101', 'lh102'])
  await harness.engine.run(binding)
  expect(await names()).toEqual(['lh101', 'lh102', 'new'])
})

describe('the first read', () => {
  it('deletes nothing, whatever the source does not have', async () => {
    for (const uid of ['a', 'b', 'c']) await harness.put(lecture(uid))
    const readOnly: Source = { pull: cursor => source.pull(cursor) }
    expect(await harness.run(readOnly)).toMatchObject({ removed: 0, held: 0 })
    expect(await harness.store.uids()).toEqual(['a', 'b', 'c'])
  })

  it('that was interrupted forgets nothing of what it has seen: what is then deleted there is deleted here', async () => {
    for (const uid of ['a', 'b', 'c']) source.put(lecture(uid))
    await harness.run(source)
    await saveCursor(harness.store.database, 'test/room', null)
    await saveBinding(harness.store.database, 'test/room', { lastSuccess: null })
    source.delete('b')
    expect(await harness.run(source)).toMatchObject({ removed: 1 })
    expect([await harness.store.uids(), source.events.length]).toEqual([['a', 'c'], 2])
  })
})

it('comparing what both sides have does not stand aside for those who are being answered', async () => {
  const uids = Array.from({ length: 60 }, (_, index) => `same ${index}`)
  for (const uid of uids) source.put(lecture(uid))
  await harness.run(source)
  await saveBinding(harness.store.database, 'test/room', { token: 0 })
  const timers = { made: 0 }
  const hook = createHook({ init: (_, type) => void (type === 'Timeout' && timers.made++) })
  const answering = setInterval(noteAnswer, 1)
  noteAnswer()
  hook.enable()
  const { pushed } = await harness.run(source)
  hook.disable()
  clearInterval(answering)
  expect([pushed, timers.made < uids.length / 2]).toEqual([0, true])
})

/** What the engine remembers, on both engines. */
import { expect, test } from 'vitest'
import { SCHEDULE } from '../../src/schedule/event.ts'
import {
  bindingState,
  bindings,
  changedUids,
  countShadows,
  cursorOf,
  dropShadow,
  ensureBinding,
  heldShadows,
  lease,
  leaseOwner,
  lookAgain,
  newShadow,
  release,
  saveBinding,
  saveCursor,
  saveShadow,
  secretOf,
  shadowIds,
  shadowOf,
  shadowsAt,
  uidAt,
  wakeBindings,
} from '../../src/store/bindings.ts'
import { eachStore } from './each-store.ts'
import { event, put } from './events.ts'

eachStore('bindings', opened => {
  test('one that never ran is as a new one, and leaves no row', async () => {
    const { database } = opened()
    expect(await bindingState(database, 'a/1')).toMatchObject({ id: 'a/1', token: 0, lastSuccess: null })
    expect(await bindings(database)).toEqual([])
    await ensureBinding(database, 'a/1')
    expect(await bindings(database)).toEqual([await bindingState(database, 'a/1')])
  })

  test('keep what is saved of them, part by part', async () => {
    const { database } = opened()
    await ensureBinding(database, 'a/1')
    await saveBinding(database, 'a/1', { frozen: true, lastSuccess: 5 })
    await saveBinding(database, 'a/1', { failures: 2, error: 'down' })
    await ensureBinding(database, 'a/1')
    const state = { frozen: true, lastSuccess: 5, failures: 2, error: 'down', remedy: null }
    expect(await bindingState(database, 'a/1')).toMatchObject(state)
  })

  test('remember how far their remote was read, until that is forgotten', async () => {
    const { database } = opened()
    expect(await cursorOf(database, 'a/1')).toBeNull()
    for (const cursor of ['first', 'second']) await saveCursor(database, 'a/1', cursor)
    expect([await cursorOf(database, 'a/1'), await cursorOf(database, 'a/2')]).toEqual(['second', null])
    await saveCursor(database, 'a/1', null)
    expect(await cursorOf(database, 'a/1')).toBeNull()
  })

  test('are woken for an earlier time, never for a later one', async () => {
    const { database } = opened()
    const due = async () => (await bindingState(database, 'a/1')).dueAt
    await ensureBinding(database, 'a/1')
    await saveBinding(database, 'a/1', { dueAt: 100 })
    await wakeBindings(database, ['a/1'], 150)
    expect(await due()).toBe(100)
    await wakeBindings(database, ['a/1'], 50)
    expect(await due()).toBe(50)
    await wakeBindings(database, ['a/1'])
    expect(await due()).toBe(0)
  })

  test('are leased to one at a time, until the lease ends or is given back', async () => {
    const { database } = opened()
    await ensureBinding(database, 'a/1')
    expect(await leaseOwner(database, 'a/1')).toBeNull()
    const take = (owner: string, now: number) => lease(database, 'a/1', owner, now, now + 60)
    // Which of two that ask at once comes first is the database's to say.
    const won = await Promise.all([take('x', 100), take('y', 100)])
    expect(won.toSorted()).toEqual([false, true])
    const [first, other] = won[0] ? (['x', 'y'] as const) : (['y', 'x'] as const)
    const owners = [await take(first, 130), await take(other, 150), await leaseOwner(database, 'a/1')]
    expect(owners).toEqual([true, false, first])
    expect(await take(other, 190)).toBe(true)
    await release(database, 'a/1', first)
    expect(await take(first, 191)).toBe(false)
    await release(database, 'a/1', other)
    expect(await take(first, 192)).toBe(true)
  })

  test('look again at an event they have passed, and lose no place where they have not', async () => {
    const { store, database } = opened()
    for (const [n, uid] of ['a', 'b', 'c'].entries()) await put(store, event(uid, { start: `2026-11-02T1${2 * n}:00` }))
    await ensureBinding(database, 'all')
    await ensureBinding(database, 'room')
    const uidsFrom = async (id: string, resourceId: number) =>
      (await changedUids(database, resourceId, (await bindingState(database, id)).token, 10)).uids
    for (const [id, resourceId] of [
      ['all', null],
      ['room', 1],
    ] as const) {
      const { token } = await changedUids(database, resourceId ?? SCHEDULE, 0, 10)
      await saveBinding(database, id, { token })
      expect(await uidsFrom(id, resourceId ?? SCHEDULE)).toEqual([])
      await lookAgain(database, { id, resourceId }, 'b')
      expect(await uidsFrom(id, resourceId ?? SCHEDULE)).toEqual(['b', 'c'])
      await lookAgain(database, { id, resourceId }, 'c')
      await lookAgain(database, { id, resourceId }, 'unknown')
      expect(await uidsFrom(id, resourceId ?? SCHEDULE)).toEqual(['b', 'c'])
    }
  })

  test('shadows are found by UID and by remote id, and go with neither', async () => {
    const { database } = opened()
    const base = event('a')
    await saveShadow(database, 'x', { ...newShadow('a'), remote: { id: 'r1', version: '1', parts: { n: [1] } }, base })
    await saveShadow(database, 'x', { ...newShadow('refused'), refused: 'hash' })
    expect(await shadowOf(database, 'x', 'a')).toMatchObject({
      uid: 'a',
      base,
      remote: { id: 'r1', parts: { n: [1] } },
    })
    expect([await uidAt(database, 'x', 'r1'), await uidAt(database, 'y', 'r1')]).toEqual(['a', null])
    expect(await shadowIds(database, 'x')).toEqual([{ uid: 'a', remoteId: 'r1', held: false }])
    await saveShadow(database, 'x', { ...newShadow('a'), remote: { id: 'r2', version: '2' }, base, held: true })
    expect([await uidAt(database, 'x', 'r1'), await uidAt(database, 'x', 'r2')]).toEqual([null, 'a'])
    await dropShadow(database, 'x', 'a')
    expect(await shadowOf(database, 'x', 'a')).toBeNull()
  })

  test('shadows that wait, and those of some remote ids, are found without reading all', async () => {
    const { database } = opened()
    const uids = ['a', 'b', 'c', 'd']
    for (const uid of uids) {
      await saveShadow(database, 'x', {
        ...newShadow(uid),
        remote: { id: `r-${uid}`, version: '1' },
        held: uid === 'c',
      })
    }
    await saveShadow(database, 'x', { ...newShadow('never there'), held: true })
    await saveShadow(database, 'y', { ...newShadow('a'), remote: { id: 'r-a', version: '1' }, held: true })
    const named = await shadowsAt(database, 'x', ['r-b', 'r-d', 'unknown'])
    expect(named.map(({ uid }) => uid).sort()).toEqual(['b', 'd'])
    expect(await heldShadows(database, 'x')).toEqual([{ uid: 'c', remoteId: 'r-c', held: true }])
    expect(await countShadows(database, 'x')).toBe(uids.length)
  })

  test('a secret is made once', async () => {
    const { database } = opened()
    const [first, second] = await Promise.all([secretOf(database, 's'), secretOf(database, 's')])
    expect(first).toMatch(/^[\w-]{43}$/)
    expect(second).toBe(first)
    expect(await secretOf(database, 'other')).not.toBe(first)
  })
})

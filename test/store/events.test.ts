import { describe, expect, test } from 'vitest'
import { Rejected, TooManyOccurrences, VersionMismatch } from '../../src/errors.ts'
import { sameEvent } from '../../src/schedule/caltime.ts'
import { SCHEDULE } from '../../src/schedule/event.ts'
import { defaultName } from '../../src/store/names.ts'
import { eachStore } from './each-store.ts'
import { actor, bodyOf, event, now, put, remove, weekly } from './events.ts'

eachStore('events', opened => {
  test('what was put is served byte for byte, with one etag everywhere', async () => {
    const { store } = opened()
    const body = bodyOf(event('a')).replace('SUMMARY:a', 'X-WR-ODD;X="1":\u2028 Grüße 🎓 \\n\r\nSUMMARY:a')
    const stored = await put(store, event('a', { on: [1, 2] }), { body })
    expect(stored.body).toBe(body)
    expect((await store.event('a'))?.body).toBe(body)
    expect(stored.etag).toMatch(/^[\w-]{22}$/)
    for (const id of [1, 2]) expect(await store.members(id)).toEqual([{ name: 'a.ics', uid: 'a', etag: stored.etag }])
    expect(await store.members(SCHEDULE)).toEqual([{ name: 'a.ics', uid: 'a', etag: stored.scheduleEtag }])
    expect(stored).toMatchObject({ source: 'caldav', createdAt: now, updatedAt: now })
  })

  test('an event put without a body reads back as the same event', async () => {
    const { store } = opened()
    const wanted = event('a', { rrules: weekly(3), description: 'x\ny', on: [1, 7] })
    await put(store, wanted)
    const stored = await store.event('a')
    expect(stored && sameEvent(stored.event, wanted)).toBe(true)
  })

  test('what put answers is what the store holds, whoever wrote before and whatever it ends', async () => {
    const { store } = opened()
    const clash = { kind: 'edit', resourceId: null, uids: ['a'], start: null, end: null, source: 's' } as const
    await put(store, event('a', { on: [1] }))
    await store.write({ ...actor, source: 'sync' }, async tx => {
      await tx.addConflict({ ...clash, detail: { slot: 'summary' } })
    })
    const stored = await store.write({ ...actor, source: 'other' }, tx =>
      tx.put(event('a', { summary: 'new', on: [1, 2] })),
    )
    const { event: meaning, ...rest } = stored
    const { event: expected, ...kept } = (await store.event('a')) ?? stored
    expect([rest, meaning]).toEqual([kept, expected])
    expect(stored.source).toBe(actor.source)
    expect(await store.members(SCHEDULE)).toEqual([{ name: 'a.ics', uid: 'a', etag: stored.scheduleEtag }])
  })

  test('a transaction reads what it has just written, also what it had read before', async () => {
    const { store } = opened()
    const seen = await store.write(actor, async tx => {
      const look = async () => [(await tx.event('a'))?.body, (await tx.member(1, 'a.ics'))?.etag]
      const states = [await look(), await look()]
      await tx.put(event('a', { on: [1] }))
      states.push(await look())
      await tx.put(event('a', { on: [1], summary: 'other' }))
      states.push(await look())
      await tx.remove('a')
      return [...states, await look()]
    })
    const [first = '', second = ''] = ['a', 'other'].map(summary => bodyOf(event('a', { summary })))
    expect(seen.map(([body]) => body)).toEqual([undefined, undefined, first, second, undefined])
    expect(new Set(seen.map(([, etag]) => etag)).size).toBe(3)
  })

  test('events come in the order asked for, without what is not there', async () => {
    const { store } = opened()
    await store.write(actor, async tx => {
      for (const uid of ['a', 'b', 'c']) await tx.put(event(uid))
    })
    expect((await store.events(['c', 'x', 'a', 'c'])).map(({ uid }) => uid)).toEqual(['c', 'a', 'c'])
    expect(await store.events([])).toEqual([])
    expect(await store.uids()).toEqual(['a', 'b', 'c'])
    expect(await store.event('x')).toBeNull()
  })

  describe('putting the same again', () => {
    test('is in the log of the calendar that asks for it, and nowhere else', async () => {
      const { store } = opened()
      const options = { name: { resourceId: 1, name: 'touched.ics' }, touch: true }
      const first = await put(store, event('a', { on: [1, 2] }), options)
      const tokens = async () => Promise.all([0, 1, 2].map(id => store.token(id)))
      const [schedule = 0, one = 0, two = 0] = await tokens()
      const again = await put(store, event('a', { on: [1, 2] }), options)
      expect([again.etag, again.scheduleEtag]).toEqual([first.etag, first.scheduleEtag])
      expect(await tokens()).toEqual([schedule, one + 1, two])
      expect((await store.changesSince(1, one)).changed.map(({ name }) => name)).toEqual(['touched.ics'])
      expect(await store.journal({ uid: 'a' })).toHaveLength(1)
    })

    test.each([
      ['the same bytes', { body: bodyOf(event('a', { on: [1, 2] })) }],
      ['the same event', {}],
    ])('%s: writes nothing and moves no token', async (_, options) => {
      const { store } = opened()
      const first = await put(store, event('a', { on: [1, 2] }), options)
      const tokens = async () => Promise.all([0, 1, 2].map(id => store.token(id)))
      const before = await tokens()
      let writes = 0
      const stop = store.onWrite(() => writes++)
      const again = await put(store, event('a', { on: [2, 1, 2] }), options)
      stop()
      expect([writes, await tokens(), again.scheduleEtag]).toEqual([0, before, first.scheduleEtag])
      expect(await store.journal({ uid: 'a' })).toHaveLength(1)
    })

    test('an equal event from elsewhere does not touch the bytes a client has put', async () => {
      const { store } = opened()
      const body = bodyOf(event('a')).replace('END:VCALENDAR', 'END:VCALENDAR\r\n')
      await put(store, event('a'), { body })
      expect((await put(store, event('a'))).body).toBe(body)
    })
  })

  test('moving to other resources leaves body and etag as they were', async () => {
    const { store } = opened()
    const body = bodyOf(event('a'))
    const first = await put(store, event('a', { on: [1, 2] }), { body })
    const tokens = [await store.token(1), await store.token(2)]
    const second = await put(store, event('a', { on: [2, 3] }))
    expect([second.body, second.etag]).toEqual([body, first.etag])
    expect(second.scheduleEtag).not.toBe(first.scheduleEtag)
    expect(second.event.resourceIds).toEqual([2, 3])
    expect(await store.token(2)).toBe(tokens[1])
    expect(await store.members(1)).toEqual([])
    expect(await store.members(3)).toEqual([{ name: 'a.ics', uid: 'a', etag: first.etag }])
    expect(await store.changesSince(1, tokens[0] ?? 0)).toMatchObject({ changed: [], removed: ['a.ics'] })
  })

  test('a body that names its resources is written anew when they change', async () => {
    const { store } = opened()
    const body = bodyOf(event('a')).replace('SUMMARY:a', 'SUMMARY:a\r\nX-KALTURA-RESOURCE-IDS:1')
    await put(store, event('a'), { body })
    const moved = await put(store, event('a', { on: [2] }))
    expect(moved.body).not.toContain('RESOURCE-IDS')
    expect(moved.event.resourceIds).toEqual([2])
  })

  test('stream passwords are kept, but not in the body', async () => {
    const { store } = opened()
    const secret = event('a', { kaltura: { liveStreamName: 'x', liveStreamPassword: 'geheim' } })
    const stored = await put(store, secret)
    expect(stored.body).not.toContain('geheim')
    expect(stored.event.master?.kaltura.liveStreamPassword).toBe('geheim')
    // A client sends back what it was served, with another title.
    const sent = event('a', { summary: 'b', kaltura: { liveStreamName: 'x' } })
    const edited = await put(store, sent, { body: bodyOf(sent) })
    expect(edited.event.master).toMatchObject({ summary: 'b', kaltura: { liveStreamPassword: 'geheim' } })
    const token = await store.token(SCHEDULE)
    await put(store, edited.event)
    expect(await store.token(SCHEDULE)).toBe(token)
    const without = await put(store, event('a'))
    expect(without.event.master?.kaltura.liveStreamPassword).toBeUndefined()
  })

  test('a removed event is gone from every calendar; removing it twice is quiet', async () => {
    const { store } = opened()
    await put(store, event('a', { on: [1, 2] }))
    await remove(store, 'a')
    const token = await store.token(SCHEDULE)
    await remove(store, 'a')
    expect(await store.event('a')).toBeNull()
    expect(await store.token(SCHEDULE)).toBe(token)
    for (const id of [SCHEDULE, 1, 2]) {
      expect(await store.members(id)).toEqual([])
      expect(await store.occurrencesIn(id, 0, 2 * now)).toEqual([])
    }
  })

  test('the journal tells who changed what, newest first', async () => {
    const { store, clock } = opened()
    const first = await put(store, event('a'))
    clock.now += 60
    const second = await store.write({ source: 'google', user: null, run: 'r1' }, tx =>
      tx.put(event('a', { summary: 'b', on: [2] })),
    )
    await remove(store, 'a')
    const entries = await store.journal({ uid: 'a' })
    expect(entries).toMatchObject([
      { action: 'delete', before: second.body, after: null, resourcesAfter: null },
      { action: 'update', before: first.body, after: second.body, source: 'google', run: 'r1', at: now + 60 },
      { action: 'create', before: null, after: first.body, user: 'ada', resourcesAfter: [1] },
    ])
    expect(entries[1]).toMatchObject({ resourcesBefore: [1], resourcesAfter: [2] })
    expect(await store.journal({ run: 'r1' })).toHaveLength(1)
    expect(await store.journal({ limit: 2 })).toHaveLength(2)
    expect((await put(store, event('b'))).createdAt).toBe(now + 60)
  })

  test('a write that throws leaves nothing behind', async () => {
    const { store } = opened()
    await put(store, event('a'))
    const token = await store.token(SCHEDULE)
    const work = store.write(actor, async tx => {
      await tx.put(event('b'))
      await tx.remove('a')
      expect(await tx.uids()).toEqual(['b'])
      throw new RangeError('no')
    })
    await expect(work).rejects.toThrow(RangeError)
    expect(await store.uids()).toEqual(['a'])
    expect(await store.token(SCHEDULE)).toBe(token)
  })

  test('an event that explodes is refused before anything is written, and the rest of the write goes on', async () => {
    const { store } = opened()
    await store.write(actor, async tx => {
      const exploding = tx.put(event('a', { rrules: ['FREQ=MINUTELY'] }))
      await expect(exploding).rejects.toThrow(TooManyOccurrences)
      await tx.put(event('b'))
    })
    expect(await store.uids()).toEqual(['b'])
    expect(await store.journal()).toHaveLength(1)
  })

  test.each([
    ['a zone that does not exist', { dateTime: '2026-11-02T09:00:00', tzid: 'Mars/Olympus' }],
    ['no time at all', { dateTime: 'tomorrow', tzid: 'UTC' }],
  ])('%s is refused before anything is written', async (_, start) => {
    const { store } = opened()
    const wanted = event('a')
    const bad = { ...wanted, master: wanted.master && { ...wanted.master, start } }
    await expect(put(store, bad, { body: 'BEGIN:VCALENDAR' })).rejects.toThrow(Rejected)
    expect(await store.uids()).toEqual([])
  })

  describe('names', () => {
    test('a client chooses one, and it stays while the event is there', async () => {
      const { store } = opened()
      await put(store, event('a', { on: [1, 2] }), { name: { resourceId: 1, name: 'Chosen Name.ics' } })
      await put(store, event('a', { on: [1, 2], summary: 'b' }))
      expect(await store.memberOf(1, 'a')).toMatchObject({ name: 'Chosen Name.ics' })
      expect(await store.memberOf(2, 'a')).toMatchObject({ name: 'a.ics' })
      expect(await store.member(1, 'Chosen Name.ics')).toMatchObject({ uid: 'a' })
      await put(store, event('a', { on: [2] }))
      await put(store, event('a', { on: [1, 2] }))
      expect(await store.memberOf(1, 'a')).toMatchObject({ name: 'a.ics' })
    })

    test('one that is taken, or a second one for the same event, is refused and nothing is written', async () => {
      const { store } = opened()
      await put(store, event('a'), { name: { resourceId: 1, name: 'x.ics' } })
      const token = await store.token(SCHEDULE)
      const taken = put(store, event('b'), { name: { resourceId: 1, name: 'x.ics' } })
      await expect(taken).rejects.toThrow(VersionMismatch)
      const second = put(store, event('a'), { name: { resourceId: 1, name: 'y.ics' } })
      await expect(second).rejects.toThrow(VersionMismatch)
      expect(await store.token(SCHEDULE)).toBe(token)
      expect(await store.uids()).toEqual(['a'])
    })

    test.each(['', '.', '..', 'a\0b', 'ä'.repeat(501)])('%j is none', async name => {
      const { store } = opened()
      await expect(put(store, event('a'), { name: { resourceId: 1, name } })).rejects.toThrow(Rejected)
      expect(await store.uids()).toEqual([])
    })

    test('the default gives way to a name that a client chose for another event', async () => {
      const { store } = opened()
      await put(store, event('a'), { name: { resourceId: 1, name: 'b.ics' } })
      await put(store, event('b'))
      const members = await store.members(1)
      expect(members.map(({ uid }) => uid).toSorted()).toEqual(['a', 'b'])
      expect(members.find(({ uid }) => uid === 'b')?.name).toMatch(/^b-[0-9a-f]{12}\.ics$/)
    })
  })

  test.each([' lead', 'tail ', 'a\tb', 'a\nb', 'a  b', '\u0001'])(
    'a UID that text does not carry is refused: %j',
    async uid => {
      await expect(put(opened().store, event(uid))).rejects.toMatchObject({ code: 'invalid-uid' })
    },
  )

  test.each([
    ['a slash', 'urn:x/y/../z'],
    ['dots', '..'],
    ['spaces and quotes', 'a "b" \'c\''],
    ['characters of four octets', '🎓'.repeat(40)],
    ['a thousand characters', 'ä'.repeat(1000)],
    ['a percent sign', '100%25'],
    ['what SQL could take for its own', "$1'; DROP TABLE event; --"],
  ])('a UID with %s is stored and found', async (_, uid) => {
    const { store } = opened()
    await put(store, event(uid))
    const member = await store.memberOf(1, uid)
    expect(member?.name).not.toMatch(/[/\\%]|^\./)
    expect(Buffer.byteLength(member?.name ?? '')).toBeLessThan(220)
    expect(await store.member(1, member?.name ?? '')).toEqual(member)
    expect((await store.event(uid))?.uid).toBe(uid)
    expect(await store.occurrencesIn(1, now, now + 86_400)).toMatchObject([{ uid }])
    await remove(store, uid)
    expect(await store.uids()).toEqual([])
  })

  test.each([
    ['nothing', ''],
    ['a NUL', 'a\0b'],
    ['half of a surrogate pair', 'a\ud800'],
    ['more octets than a key may have', '🎓'.repeat(501)],
  ])('a UID of %s is refused', async (_, uid) => {
    const { store } = opened()
    await expect(put(store, event(uid))).rejects.toThrow(Rejected)
    expect(await store.uids()).toEqual([])
  })

  test('a listener hears of each write that changed something, until it stops', async () => {
    const { store } = opened()
    let heard = 0
    const stop = store.onWrite(() => heard++)
    await put(store, event('a'))
    await store.write(actor, tx => tx.event('a'))
    await put(store, event('b'))
    stop()
    await put(store, event('c'))
    expect(heard).toBe(2)
  })

  test('two stores have two epochs, and each keeps its own', async () => {
    const { store, another } = opened()
    const epoch = await store.epoch()
    expect(await store.epoch()).toBe(epoch)
    expect(await (await another()).epoch()).not.toBe(epoch)
  })
})

describe('default names', () => {
  test('are the UID where that is good as a path segment', () => {
    expect(defaultName('040000008200E00074C5B7101A82E008@google.com')).toBe(
      '040000008200E00074C5B7101A82E008@google.com.ics',
    )
    expect(defaultName('urn:uuid:1 2')).toBe('urn:uuid:1 2.ics')
  })

  test('differ where the readable part does not', () => {
    const names = ['a/b', 'a\\b', 'a?b', 'a_b', 'é', 'e\u0301', `${'x'.repeat(200)}1`, `${'x'.repeat(200)}2`].map(uid =>
      defaultName(uid),
    )
    expect(new Set(names).size).toBe(names.length)
    expect(defaultName('a', 1)).not.toBe(defaultName('a'))
  })
})

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EVENT, type Json, LINK, NOW, RESOURCE, recording, series, startAccount, type TestAccount } from './account.ts'
import { eachEngine } from './engines.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const WEEK = 7 * DAY
/** A filter value that means a moment and not "so long from now". */
const BEGINNING = 400_000_000

eachEngine('the schedule', {}, ({ start }) => {
  let account: TestAccount
  beforeAll(async () => {
    const opened = await start()
    if (opened) account = opened
  })
  beforeEach(context => {
    if (!account) context.skip('no such engine on this machine')
  })
  afterAll(async () => {
    expect(account?.defects ?? []).toEqual([])
    await account?.close()
  })

  const add = (event: Json): Promise<Json> => account.admin(EVENT, 'add', { scheduleEvent: event })
  const update = (id: unknown, event: Json): Promise<Json> =>
    account.admin(EVENT, 'update', {
      scheduleEventId: id,
      scheduleEvent: { objectType: 'KalturaRecordScheduleEvent', ...event },
    })
  const get = (id: unknown): Promise<Json> => account.admin(EVENT, 'get', { scheduleEventId: id })
  const list = async (filter: Json, pager: Json = { pageSize: 500 }): Promise<Json[]> => {
    const answer = await account.admin(EVENT, 'list', {
      filter: { objectType: 'KalturaScheduleEventFilter', orderBy: '+startDate', ...filter },
      pager,
    })
    expect(answer).toHaveProperty('objects')
    return answer.objects as Json[]
  }
  const ids = (events: readonly Json[]): unknown[] => events.map(event => event.id)
  const children = (id: unknown): Promise<Json[]> => list({ parentIdEqual: id })
  const room = async (name: string, fields: Json = {}): Promise<unknown> => {
    const scheduleResource = { objectType: 'KalturaLocationScheduleResource', name, systemName: name, ...fields }
    return (await account.admin(RESOURCE, 'add', { scheduleResource })).id
  }
  const link = (eventId: unknown, resourceId: unknown): Promise<Json> =>
    account.admin(LINK, 'add', { scheduleEventResource: { eventId, resourceId } })

  describe('a single event', () => {
    test('what the server sets', async () => {
      const added = await add(recording({ ownerId: 'somebody', sequence: 3 }))
      expect(added).toMatchObject({
        status: 2,
        partnerId: 101,
        ownerId: '',
        sequence: 12,
        classificationType: 1,
        duration: HOUR,
        createdAt: account.clock.now,
        updatedAt: account.clock.now,
        blackoutConflicts: [],
      })
      expect(Object.keys(added).at(-1)).toBe('objectType')
    })
    test('every update bumps sequence and time, and leaves the rest', async () => {
      const added = await add(recording({ description: 'before', location: 'HG F 1' }))
      account.clock.now += 10
      const once = await update(added.id, {})
      expect(once).toMatchObject({ sequence: 22, updatedAt: account.clock.now, description: 'before' })
      const set = await update(added.id, { sequence: 40, ownerId: 'prof', description__null: '' })
      expect(set).toMatchObject({ sequence: 40, ownerId: 'prof', location: 'HG F 1' })
      expect(set).not.toHaveProperty('description')
    })
    test('moving by start and duration', async () => {
      const added = await add(recording())
      const moved = await update(added.id, { startDate: NOW + 5400, duration: 2 * HOUR })
      expect(moved).toMatchObject({ startDate: NOW + 5400, endDate: NOW + 5400 + 2 * HOUR, duration: 2 * HOUR })
      // The new start is compared with the old end before the duration is looked at.
      const past = await update(added.id, { startDate: NOW + DAY, duration: HOUR })
      expect(past).toMatchObject({ code: 'INVALID_SCHEDULE_END_BEFORE_START' })
      const both = await update(added.id, { startDate: NOW + DAY, endDate: NOW + DAY + HOUR })
      expect(both).toMatchObject({ startDate: NOW + DAY, duration: HOUR })
    })
    test('null in JSON writes nothing-values, not nothing', async () => {
      const added = await add(recording({ description: 'x', priority: 5 }))
      expect(await update(added.id, { description: null, priority: null })).toMatchObject({
        description: '',
        priority: 0,
      })
    })
    test('small numbers are relative to now', async () => {
      const added = await add(recording({ startDate: 60, endDate: 3660 }))
      expect(added).toMatchObject({ startDate: account.clock.now + 60, endDate: account.clock.now + 3660 })
    })
    test('cancel keeps the event and takes its links', async () => {
      const added = await add(recording())
      const hall = await room('cancel-hall')
      await link(added.id, hall)
      expect(await account.admin(EVENT, 'cancel', { scheduleEventId: added.id })).toMatchObject({ status: 1 })
      expect(await get(added.id)).toMatchObject({ status: 1 })
      const links = await account.admin(LINK, 'list', { filter: { eventIdEqual: added.id } })
      expect(links.totalCount).toBe(0)
      expect(ids(await list({ idIn: String(added.id) }))).toEqual([added.id])
    })
  })

  describe('a series', () => {
    const weekly = (changes: Json = {}): Json =>
      series({ frequency: 'weeks', count: 3, timeZone: 'Europe/Berlin' }, changes)

    test('starts at its first date', async () => {
      const added = await add(series({ frequency: 'weeks', count: 2, byDay: 'WE', timeZone: 'UTC' }))
      expect(added).toMatchObject({ startDate: NOW + HOUR + 2 * DAY, endDate: NOW + 2 * HOUR + 2 * DAY })
      const dates = (await children(added.id)).map(child => child.startDate)
      expect(dates).toEqual([NOW + HOUR + 2 * DAY, NOW + HOUR + 2 * DAY + WEEK])
    })
    test('a rule without dates is a series without occurrences', async () => {
      const added = await add(series({ frequency: 'days', count: 2, byDay: 'MO', byMonthDay: '31', byMonth: '2' }))
      expect(added).toMatchObject({ recurrenceType: 1, startDate: NOW + HOUR })
      expect(await children(added.id)).toEqual([])
    })
    test('occurrences inherit on reading what they do not have', async () => {
      const added = await add(weekly({ referenceId: 'ref-1', description: 'all', tags: 'physics', priority: 3 }))
      const [first] = await children(added.id)
      expect(first).toMatchObject({
        summary: 'Analysis I',
        referenceId: 'ref-1',
        description: 'all',
        tags: 'physics',
        priority: 3,
        ownerId: '',
        classificationType: 1,
        recurrenceType: 2,
        sequence: 1,
        duration: HOUR,
        parentId: added.id,
        recurrence: { frequency: 'weeks', count: 3 },
      })
      const own = await update(first?.id, { description: 'mine' })
      expect(own).toMatchObject({ description: 'mine', sequence: 12 })
      await update(added.id, { description: 'changed', summary: 'Analysis II' })
      const after = await children(added.id)
      expect(after.map(child => child.description)).toEqual(['mine', 'changed', 'changed'])
      expect(after[2]).toMatchObject({ summary: 'Analysis II' })
      expect(await update(first?.id, { description__null: 1 })).toMatchObject({ description: 'changed' })
    })
    test('renaming keeps ids, moving makes new ones, a moved occurrence is lost', async () => {
      const added = await add(weekly())
      const before = await children(added.id)
      await update(added.id, { summary: 'renamed' })
      expect(ids(await children(added.id))).toEqual(ids(before))
      await update(before[1]?.id, { startDate: NOW + 9 * DAY, endDate: NOW + 9 * DAY + HOUR })
      await update(added.id, { summary: 'renamed again' })
      const after = await children(added.id)
      expect(after.map(child => child.startDate)).toEqual(before.map(child => child.startDate))
      expect(after[1]?.id).not.toBe(before[1]?.id)
      expect(await get(before[1]?.id)).toMatchObject({ code: 'INVALID_OBJECT_ID' })
      await update(added.id, { startDate: NOW + 3 * HOUR, endDate: NOW + 4 * HOUR, duration: HOUR })
      const moved = await children(added.id)
      expect(moved.map(child => child.startDate)).toEqual(before.map(child => Number(child.startDate) + 2 * HOUR))
      expect(ids(moved).some(id => ids(after).includes(id))).toBe(false)
    })
    test('an end without duration changes nothing; duration does', async () => {
      const added = await add(weekly())
      expect(await update(added.id, { endDate: NOW + 3 * HOUR })).toMatchObject({ endDate: NOW + 2 * HOUR })
      expect(await update(added.id, { duration: 2 * HOUR })).toMatchObject({ endDate: NOW + 3 * HOUR })
      expect((await children(added.id)).map(child => child.duration)).toEqual([2 * HOUR, 2 * HOUR, 2 * HOUR])
    })
    test('a cancelled occurrence stays cancelled while its date is kept', async () => {
      const added = await add(weekly())
      const [, second] = await children(added.id)
      await account.admin(EVENT, 'cancel', { scheduleEventId: second?.id })
      await update(added.id, { summary: 'renamed' })
      expect((await children(added.id)).map(child => child.status)).toEqual([2, 1, 2])
      await update(added.id, { startDate: NOW, endDate: NOW + HOUR, duration: HOUR })
      expect((await children(added.id)).map(child => child.status)).toEqual([2, 2, 2])
    })
    test('the rule is replaced as a whole, and count gives way to until', async () => {
      const added = await add(weekly())
      const until = NOW + 2 * WEEK
      const changed = await update(added.id, { recurrence: { frequency: 'weeks', until } })
      expect(changed.recurrence).toEqual({ frequency: 'weeks', until, objectType: 'KalturaScheduleEventRecurrence' })
      expect(await children(added.id)).toHaveLength(2)
    })
    test('single becomes series and back', async () => {
      const single = await add(recording())
      const became = await update(single.id, {
        recurrenceType: 1,
        duration: HOUR,
        recurrence: { frequency: 'days', count: 2 },
      })
      expect(became).toMatchObject({ recurrenceType: 1, id: single.id })
      expect(await children(single.id)).toHaveLength(2)
      const back = await update(single.id, { recurrenceType: 0 })
      expect(back).toMatchObject({ recurrenceType: 0, sequence: 1 })
      expect(back).not.toHaveProperty('recurrence')
      expect(await children(single.id)).toEqual([])
    })
    test.each(['delete', 'cancel'])('%s takes the occurrences for good', async action => {
      const added = await add(weekly())
      const before = await children(added.id)
      await account.admin(EVENT, action, { scheduleEventId: added.id })
      expect(await children(added.id)).toEqual([])
      expect(await list({ idIn: ids(before).join(',') })).toEqual([])
    })
    test('updatedAt moves for the series, not for its occurrences', async () => {
      const added = await add(weekly())
      const [first] = await children(added.id)
      account.clock.now += 60
      await update(added.id, { summary: 'later' })
      expect(await get(added.id)).toMatchObject({ updatedAt: account.clock.now })
      expect(await get(first?.id)).toMatchObject({ updatedAt: first?.updatedAt, summary: 'later' })
    })
  })

  describe('response profiles', () => {
    const profile = (type: number, fields: string): Json => ({ responseProfile: { type, fields } })
    test('include and exclude', async () => {
      const added = await add(recording({ description: 'x' }))
      const some = await account.admin(EVENT, 'get', { scheduleEventId: added.id, ...profile(1, 'id,summary') })
      expect(some).toEqual({ id: added.id, summary: 'Analysis I', objectType: 'KalturaRecordScheduleEvent' })
      const rest = await account.admin(EVENT, 'get', { scheduleEventId: added.id, ...profile(2, 'description') })
      expect(rest).not.toHaveProperty('description')
      expect(rest).toMatchObject({ id: added.id })
    })
    test('an occurrence that has all fields asked for answers as its series', async () => {
      const added = await add(series({ frequency: 'days', count: 2 }))
      const [first] = await children(added.id)
      const ask = (fields: string): Promise<Json> =>
        account.admin(EVENT, 'get', { scheduleEventId: first?.id, ...profile(1, fields) })
      expect(await ask('id,startDate')).toMatchObject({ id: added.id, recurrenceType: 1, summary: 'Analysis I' })
      expect(await ask('id,startDate,linkedTo')).toEqual({
        id: first?.id,
        startDate: first?.startDate,
        objectType: 'KalturaRecordScheduleEvent',
      })
    })
  })

  describe('live events', () => {
    test('show their screen times and are found by those with margins', async () => {
      const event = recording({
        objectType: 'KalturaLiveStreamScheduleEvent',
        startDate: NOW + 100 * DAY,
        endDate: NOW + 100 * DAY + HOUR,
        preStartTime: 600,
        postEndTime: 300,
      })
      const added = await add(event)
      expect(added).toMatchObject({ startDate: NOW + 100 * DAY, endDate: NOW + 100 * DAY + HOUR, duration: HOUR })
      const during = (from: number, to: number): Promise<Json[]> =>
        list({ startDateLessThanOrEqual: to, endDateGreaterThanOrEqual: from })
      expect(ids(await during(NOW + 100 * DAY - 700, NOW + 100 * DAY - 650))).toEqual([])
      expect(ids(await during(NOW + 100 * DAY - 700, NOW + 100 * DAY - 500))).toEqual([added.id])
      const wider = await account.admin(EVENT, 'update', {
        scheduleEventId: added.id,
        scheduleEvent: { objectType: 'KalturaLiveStreamScheduleEvent', preStartTime: 660 },
      })
      expect(wider).toMatchObject({ startDate: NOW + 100 * DAY, preStartTime: 660 })
      expect(ids(await during(NOW + 100 * DAY - 700, NOW + 100 * DAY - 650))).toEqual([added.id])
    })
    test('a series with margins loses every occurrence when it changes', async () => {
      const event = series({ frequency: 'days', count: 2 }, { preStartTime: 60 })
      const added = await add({ ...event, objectType: 'KalturaLiveStreamScheduleEvent' })
      const before = await children(added.id)
      expect(before[0]).toMatchObject({ startDate: NOW + HOUR, preStartTime: 60 })
      await update(added.id, { summary: 'x' })
      const after = await children(added.id)
      expect(after).toHaveLength(2)
      expect(ids(after).some(id => ids(before).includes(id))).toBe(false)
    })
  })

  describe('followers', () => {
    test('move with their leader and are let go when it ends', async () => {
      const leader = await add(recording())
      const { startDate: _, endDate: __, ...untimed } = recording({ duration: HOUR })
      const follower = await add({ ...untimed, linkedTo: { eventId: leader.id, offset: 300 } })
      expect(follower).toMatchObject({ startDate: NOW + 2 * HOUR + 300, endDate: NOW + 3 * HOUR + 300 })
      expect(await get(leader.id)).toMatchObject({ linkedBy: String(follower.id) })
      await update(leader.id, { endDate: NOW + 4 * HOUR })
      expect(await get(follower.id)).toMatchObject({ startDate: NOW + 4 * HOUR + 300 })
      await account.admin(EVENT, 'delete', { scheduleEventId: leader.id })
      expect(await get(follower.id)).not.toHaveProperty('linkedTo')
    })
  })

  describe('filters', () => {
    let hall: unknown
    let camera: unknown
    let lecture: Json
    let exam: Json
    beforeAll(async () => {
      if (!account) return
      hall = await room('filter-hall')
      camera = await room('filter-cam', { objectType: 'KalturaCameraScheduleResource', parentId: hall })
      const far = NOW + 300 * DAY
      lecture = await add(
        recording({
          startDate: far,
          endDate: far + HOUR,
          tags: 'linear algebra,first',
          referenceId: 'A-1@x',
          priority: 2,
        }),
      )
      exam = await add(
        series({ frequency: 'days', count: 2 }, { startDate: far + DAY, endDate: far + DAY + HOUR, tags: 'exam' }),
      )
      await link(lecture.id, hall)
      await link(exam.id, camera)
    })
    const within = (filter: Json): Promise<Json[]> =>
      list({ startDateGreaterThanOrEqual: NOW + 299 * DAY, startDateLessThanOrEqual: NOW + 310 * DAY, ...filter })

    test('by resource, own or through the series', async () => {
      expect(ids(await within({ resourceIdsLike: String(hall) }))).toEqual([lecture.id])
      expect(await within({ resourceIdsLike: String(camera) })).toHaveLength(3)
      expect(await within({ resourceIdsMultiLikeOr: `${hall},${camera}` })).toHaveLength(4)
      expect(await within({ resourceIdsMultiLikeAnd: `${hall},${camera}` })).toEqual([])
      expect(await within({ parentResourceIdsLike: String(hall) })).toHaveLength(3)
      expect(ids(await within({ resourceSystemNamesLike: 'filter-hall' }))).toEqual([lecture.id])
    })
    test('resourceIdEqual wants the resource alone, without anything above it', async () => {
      expect(ids(await within({ resourceIdEqual: String(hall) }))).toEqual([lecture.id])
      expect(await within({ resourceIdEqual: String(camera) })).toEqual([])
    })
    test('an occurrence with links of its own has only those', async () => {
      const [first] = await children(exam.id)
      await link(first?.id, hall)
      expect(ids(await within({ resourceIdsLike: String(hall) }))).toEqual([lecture.id, first?.id])
      expect(await within({ resourceIdsLike: String(camera) })).toHaveLength(2)
      const own = await account.admin(LINK, 'list', { filter: { eventIdOrItsParentIdEqual: first?.id } })
      expect(own.objects).toMatchObject([{ resourceId: hall }])
      await account.admin(LINK, 'delete', { scheduleEventId: first?.id, scheduleResourceId: hall })
      const inherited = await account.admin(LINK, 'list', { filter: { eventIdOrItsParentIdEqual: first?.id } })
      expect(inherited.objects).toMatchObject([{ eventId: exam.id, resourceId: camera }])
      expect(await within({ resourceIdsLike: String(camera) })).toHaveLength(3)
    })
    test('words, as phrases and without case', async () => {
      expect(ids(await within({ tagsLike: 'Linear Algebra' }))).toEqual([lecture.id])
      expect(ids(await within({ tagsMultiLikeOr: 'exam,first' }))).toEqual([lecture.id, exam.id])
      expect(ids(await within({ tagsMultiLikeAnd: 'linear,first' }))).toEqual([lecture.id])
      expect(await within({ tagsLike: 'lin' })).toEqual([])
      expect(await within({ tagsLike: '%' })).toEqual([])
    })
    test('a reference is words too', async () => {
      for (const asked of ['A-1@x', 'a 1 X'])
        expect(ids(await within({ referenceIdEqual: asked }))).toEqual([lecture.id])
      expect(ids(await within({ referenceIdIn: 'nothing,A-1@x' }))).toEqual([lecture.id])
      expect(await within({ referenceIdEqual: 'A-1@xy' })).toEqual([])
    })
    test('columns of their own: occurrences do not have what they inherit', async () => {
      expect(ids(await within({ tagsLike: 'exam' }))).toEqual([exam.id])
      expect(ids(await within({ priorityGreaterThanOrEqual: 1 }))).toEqual([lecture.id])
      expect(await within({ ownerIdEqual: '' })).toHaveLength(4)
    })
    test('kinds of rows', async () => {
      expect(ids(await within({ recurrenceTypeEqual: 1 }))).toEqual([exam.id])
      expect(await within({ recurrenceTypeIn: '0,2' })).toHaveLength(3)
      expect(await within({ parentIdIn: String(exam.id) })).toHaveLength(2)
      expect(await within({ statusIn: '1' })).toEqual([])
      expect(await within({ idNotIn: String(lecture.id) })).toHaveLength(3)
    })
    test('the class of the filter is the type', async () => {
      const blackout = await add(
        recording({
          objectType: 'KalturaBlackoutScheduleEvent',
          startDate: NOW + 305 * DAY,
          endDate: NOW + 305 * DAY + HOUR,
        }),
      )
      expect(ids(await within({ objectType: 'KalturaBlackoutScheduleEventFilter' }))).toEqual([blackout.id])
      expect(await within({ objectType: 'KalturaRecordScheduleEventFilter' })).toHaveLength(4)
      expect(await within({ objectType: 'KalturaEntryScheduleEventFilter' })).toHaveLength(5)
      expect(await within({ objectType: 'KalturaScheduleEventBaseFilter' })).toHaveLength(5)
    })
    test('order and pages', async () => {
      const backwards = await within({ orderBy: '-startDate' })
      const forwards = await within({ orderBy: '+startDate' })
      const starts = forwards.map(event => Number(event.startDate))
      expect(starts).toEqual(starts.toSorted((a, b) => a - b))
      expect(backwards.map(event => event.startDate)).toEqual(starts.toReversed())
      const pages: unknown[] = []
      for (let pageIndex = 1; pageIndex <= 3; pageIndex += 1) {
        const page = await list(
          { startDateGreaterThanOrEqual: NOW + 299 * DAY, startDateLessThanOrEqual: NOW + 310 * DAY },
          { pageSize: 2, pageIndex },
        )
        pages.push(...ids(page))
      }
      expect(pages).toEqual(ids(forwards))
      expect(await within({ orderBy: 'location,+explode' })).toHaveLength(forwards.length)
    })
    test('30 a page unless asked, 500 at most, none for 0', async () => {
      await add(series({ frequency: 'days', count: 600 }, { summary: 'many' }))
      const page = async (pager: Json): Promise<number> =>
        ((await account.admin(EVENT, 'list', { pager })).objects as Json[]).length
      expect(await page({})).toBe(30)
      expect(await page({ pageSize: 501 })).toBe(500)
      expect(await page({ pageSize: 0 })).toBe(0)
      expect(await page({ pageSize: 5, pageIndex: 0 })).toBe(5)
    })
    test('a list of ids is cut at 150 in the index and 500 in the database', async () => {
      const many = ids(await list({ startDateGreaterThanOrEqual: BEGINNING }))
      const asked = many.join(',')
      expect(many.length).toBe(500)
      expect(await list({ idIn: asked })).toHaveLength(500)
      expect(await list({ idNotIn: '', parentIdIn: asked, tagsLike: 'nothing' })).toEqual([])
    })
    test('0 in a filter is now', async () => {
      const future = await list({ updatedAtGreaterThanOrEqual: 0 })
      account.clock.now += 5
      expect(await list({ updatedAtGreaterThanOrEqual: 0 })).toEqual([])
      expect(future.length).toBeGreaterThan(0)
    })
  })

  describe('resources', () => {
    test('deleted ones are there for who asks for their status', async () => {
      const id = await room('tombstone')
      await account.admin(RESOURCE, 'delete', { scheduleResourceId: id })
      const find = async (filter: Json): Promise<unknown[]> =>
        ids((await account.admin(RESOURCE, 'list', { filter: { idEqual: id, ...filter } })).objects as Json[])
      expect(await find({})).toEqual([])
      expect(await find({ statusEqual: 3 })).toEqual([id])
      expect(await find({ statusIn: '1,2,3' })).toEqual([id])
      expect(await room('tombstone')).not.toBe(id)
    })
    test('by name, system name, tags, type and parent', async () => {
      const hall = await room('Audimax', { systemName: 'aud', tags: 'large,video' })
      const camera = await room('Back', {
        objectType: 'KalturaCameraScheduleResource',
        systemName: 'aud',
        parentId: hall,
      })
      const find = async (filter: Json): Promise<unknown[]> =>
        ids((await account.admin(RESOURCE, 'list', { filter })).objects as Json[])
      expect(await find({ nameEqual: 'Audimax' })).toEqual([hall])
      expect(await find({ systemNameEqual: 'aud' })).toEqual([hall, camera])
      expect(await find({ systemNameIn: 'aud,x', objectType: 'KalturaCameraScheduleResourceFilter' })).toEqual([camera])
      expect(await find({ parentIdEqual: hall })).toEqual([camera])
      expect(await find({ tagsMultiLikeAnd: 'video,large' })).toEqual([hall])
    })
    test('what is above is copied when the parent is set', async () => {
      const campus = await room('campus')
      const building = await room('building', { parentId: campus })
      const floor = await room('floor', { parentId: building })
      const event = await add(recording({ startDate: NOW + 400 * DAY, endDate: NOW + 400 * DAY + HOUR }))
      await link(event.id, floor)
      for (const above of [campus, building])
        expect(ids(await list({ parentResourceIdsLike: String(above) }))).toContain(event.id)
      expect(await list({ resourceIdsLike: String(campus), idNotIn: '0' })).toEqual([])
    })
  })

  describe('links', () => {
    test('make the event move, and hide where a blackout is', async () => {
      const event = await add(recording({ startDate: NOW + 500 * DAY, endDate: NOW + 500 * DAY + HOUR }))
      const hall = await room('links-hall')
      account.clock.now += 7
      await link(event.id, hall)
      expect(await get(event.id)).toMatchObject({ updatedAt: account.clock.now, sequence: 12 })
      await add(
        recording({
          objectType: 'KalturaBlackoutScheduleEvent',
          startDate: NOW + 500 * DAY,
          endDate: NOW + 500 * DAY + HOUR,
        }),
      )
      const filter = { eventIdEqual: event.id }
      expect(await account.admin(LINK, 'list', { filter })).toMatchObject({ totalCount: 1, objects: [] })
      expect(await account.admin(LINK, 'list', { filter, filterBlackoutConflicts: false })).toMatchObject({
        objects: [{ resourceId: hall }],
      })
    })
    test('of an event that is not there, everything is listed', async () => {
      const all = await account.admin(LINK, 'list', {})
      const none = await account.admin(LINK, 'list', { filter: { eventIdOrItsParentIdEqual: 999_999 } })
      expect(none.totalCount).toBe(all.totalCount)
    })
  })

  describe('conflicts', () => {
    const at = NOW + 1000 * DAY
    const slot = (offset: number, changes: Json = {}): Json =>
      recording({ startDate: at + offset, endDate: at + offset + HOUR, ...changes })
    let hall: unknown
    let taken: Json
    let otherKs: string
    beforeAll(async () => {
      if (!account) return
      hall = await room('conflict-hall')
      taken = await add(slot(0))
      await link(taken.id, hall)
      const { adminSecret } = await account.server.bootstrap()
      otherKs = String(
        await account.call('session', 'start', { secret: adminSecret, type: 2, partnerId: 101, userId: 'b' }),
      )
    })
    const conflicts = async (event: Json, more: Json = {}): Promise<unknown[]> => {
      const answer = await account.admin(EVENT, 'getConflicts', {
        resourceIds: String(hall),
        scheduleEvent: event,
        ...more,
      })
      account.clock.now += 6
      return ids(answer.objects as Json[])
    }

    test('overlap counts, touching does not', async () => {
      expect(await conflicts(slot(1800))).toEqual([taken.id])
      expect(await conflicts(slot(HOUR))).toEqual([])
      expect(await conflicts(slot(-HOUR))).toEqual([])
    })
    test('an event to be ignored, also by its series', async () => {
      expect(await conflicts(slot(0), { scheduleEventIdToIgnore: String(taken.id) })).toEqual([])
      const weekly = await add(
        series({ frequency: 'weeks', count: 2 }, { startDate: at + DAY, endDate: at + DAY + HOUR }),
      )
      await link(weekly.id, hall)
      const found = await conflicts(slot(DAY))
      expect(found).toEqual([(await children(weekly.id))[0]?.id])
      expect(await conflicts(slot(DAY), { scheduleEventIdToIgnore: String(weekly.id) })).toEqual([])
    })
    test('blackouts, of any resource, only when asked', async () => {
      const blackout = await add(slot(0, { objectType: 'KalturaBlackoutScheduleEvent' }))
      expect(await conflicts(slot(0))).toEqual([taken.id])
      expect(await conflicts(slot(0), { scheduleEventConflictType: 2 })).toEqual([blackout.id])
      expect(await conflicts(slot(0), { scheduleEventConflictType: 3 })).toEqual([taken.id, blackout.id])
    })
    test('a series asks for each date; the same event may be named twice', async () => {
      const daily = (length: number): Json =>
        series({ frequency: 'hours', count: 3 }, { startDate: at - 1800, endDate: at, duration: length })
      expect(await conflicts(daily(HOUR))).toEqual([taken.id, taken.id])
      const { duration: _, ...without } = daily(HOUR)
      expect(await conflicts(without)).toEqual([taken.id])
    })
    test('what was found free is held for five seconds against other sessions', async () => {
      const ask = (ks?: string): Promise<Json> =>
        account.admin(EVENT, 'getConflicts', {
          resourceIds: String(hall),
          scheduleEvent: slot(50 * DAY),
          ...(ks ? { ks } : {}),
        })
      expect(await ask()).toMatchObject({ totalCount: 0 })
      expect(await ask()).toMatchObject({ totalCount: 0 })
      expect(await ask(otherKs)).toMatchObject({
        code: 'RESOURCE_IS_RESERVED',
        message: `Resource with id ${hall} is already reserved`,
      })
      const event = await add(slot(51 * DAY))
      const theirs = { ks: otherKs, scheduleEventResource: { eventId: event.id, resourceId: hall } }
      expect(await account.admin(LINK, 'add', theirs)).toMatchObject({ code: 'RESOURCE_IS_RESERVED' })
      account.clock.now += 5
      expect(await account.admin(LINK, 'add', theirs)).toMatchObject({ resourceId: hall })
    })
  })
})

test('a new start finds everything as it was', async () => {
  const first = await startAccount()
  const secrets = await first.server.bootstrap()
  const added = await first.admin(EVENT, 'add', { scheduleEvent: recording() })
  const second = await startAccount({ database: first.database })
  expect(await second.server.bootstrap()).toEqual(secrets)
  expect(await second.admin(EVENT, 'get', { scheduleEventId: added.id })).toMatchObject({ summary: 'Analysis I' })
  await second.close()
  await first.close()
})

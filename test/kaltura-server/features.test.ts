import { expect, test } from 'vitest'
import { EVENT, LINK, RESOURCE, recording, startAccount } from './account.ts'

test('switches of the account: no meeting rooms, the old calendar', async () => {
  const before = await startAccount()
  await before.database.query(`UPDATE kaltura_partner SET features = $1`, [
    'FEATURE_BLOCK_MEETING_ROOMS,FEATURE_DISABLE_NEW_ICAL_STANDARD',
  ])
  const account = await startAccount({ database: before.database, icalOutput: 'verbatim' })
  const scheduleResource = { objectType: 'KalturaLocationScheduleResource', name: 'Hall' }
  expect(await account.admin(RESOURCE, 'add', { scheduleResource })).toMatchObject({
    code: 'FEATURE_FORBIDDEN',
    message: 'The usage of feature [FEATURE_BLOCK_MEETING_ROOMS] is forbidden',
  })
  const camera = { objectType: 'KalturaCameraScheduleResource', name: 'Camera' }
  expect(await account.admin(RESOURCE, 'add', { scheduleResource: camera })).toHaveProperty('id')
  const added = await account.admin(EVENT, 'add', { scheduleEvent: recording() })
  const ks = await account.adminKs()
  const calendar = await account.get(`/service/${EVENT}/action/get/scheduleEventId/${added.id}/format/ical/ks/${ks}`)
  expect(calendar).toContain('STATUS:2\r\n')
  expect(calendar).toContain('DURATION:PT1H0M0S\r\n')
  expect(calendar).not.toContain('UID:')
  await account.close()
  await before.close()
})

test('two accounts in one database do not see each other', async () => {
  const one = await startAccount()
  const two = await startAccount({ database: one.database, partnerId: 202 })
  const added = await one.admin(EVENT, 'add', { scheduleEvent: recording() })
  expect((await two.server.bootstrap()).appToken).not.toEqual((await one.server.bootstrap()).appToken)
  expect(await two.admin(EVENT, 'list')).toMatchObject({ totalCount: 0 })
  expect(await two.admin(EVENT, 'get', { scheduleEventId: added.id })).toMatchObject({ code: 'INVALID_OBJECT_ID' })
  const scheduleResource = { objectType: 'KalturaCameraScheduleResource', name: 'Camera' }
  const camera = await one.admin(RESOURCE, 'add', { scheduleResource })
  expect(await two.admin(RESOURCE, 'delete', { scheduleResourceId: camera.id })).toMatchObject({
    code: 'INVALID_OBJECT_ID',
  })
  const child = { scheduleResource: { ...scheduleResource, parentId: camera.id } }
  expect(await two.admin(RESOURCE, 'add', child)).toMatchObject({ code: 'RESOURCE_PARENT_ID_NOT_FOUND' })
  const link = { scheduleEventResource: { eventId: added.id, resourceId: camera.id } }
  expect(await one.admin(LINK, 'add', link)).toMatchObject({ resourceId: camera.id })
  const asked = { scheduleEventId: added.id, scheduleResourceId: camera.id }
  expect(await two.admin(LINK, 'delete', asked)).toMatchObject({ code: 'INVALID_OBJECT_ID' })
  expect(await two.admin(EVENT, 'list', { ks: await one.adminKs() })).toMatchObject({ code: 'INVALID_KS' })
  await two.close()
  await one.close()
})

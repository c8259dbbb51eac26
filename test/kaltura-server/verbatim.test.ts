import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ApiError } from '../../src/kaltura-server/api-error.ts'
import type { Event } from '../../src/kaltura-server/events/event.ts'
import type { Details } from '../../src/kaltura-server/ical/details.ts'
import { totalCount, verbatimError, verbatimEvents, wrapVerbatim } from '../../src/kaltura-server/ical/verbatim.ts'
import type { Output } from '../../src/kaltura-server/wire/output.ts'

const FOLDER = '../shared/data/ics/kaltura'
const here = existsSync(FOLDER)
if (!here)
  console.warn(`SKIPPED: ${FOLDER} is not beside the project, so the output of Kaltura's serialiser is not compared`)

const at = (text: string): number => Date.parse(text) / 1000
const START = at('2026-03-02T08:15:00Z')

const NOTHING: Details = {
  resourceIds: [],
  resourceNames: [],
  parentUid: null,
  liveEntry: null,
  categoryPaths: [],
  originalStart: null,
  parent: null,
  ownsReference: true,
}

/** The events that Kaltura's serialiser was run on, with what it finds around them. */
const record: Output = {
  objectType: 'KalturaRecordScheduleEvent',
  id: 101,
  partnerId: 101,
  referenceId: '25live-8842-1@uni.example',
  summary: 'Analysis I, lecture; part A: "intro"',
  description: 'Line one\nLine two: with colon, comma; semicolon',
  status: 2,
  sequence: 3,
  duration: 5400,
  startDate: START,
  endDate: START + 5400,
  classificationType: 1,
  updatedAt: at('2026-03-01T08:15:00Z'),
  ownerId: 'prof1',
  tags: 'math,analysis',
  templateEntryId: '0_abcd1234',
  categoryIds: '55,77',
}
const recordDetails: Details = { ...NOTHING, resourceIds: [12, 13], resourceNames: ['HG F 1', 'HG F 1 cam, left'] }

const base = { partnerId: 101, startDate: START, updatedAt: START, ownerId: 'u', status: 2 }
const cancelled: Output = {
  ...base,
  objectType: 'KalturaRecordScheduleEvent',
  id: 102,
  summary: 'Cancelled one',
  status: 1,
  endDate: START + 3600,
}
const room: Details = { ...NOTHING, resourceIds: [12], resourceNames: ['HG F 1'] }
const live: Output = {
  ...base,
  objectType: 'KalturaLiveStreamScheduleEvent',
  id: 103,
  referenceId: 'live-1',
  summary: 'Antrittsvorlesung Zürich – live',
  endDate: START + 5400,
  templateEntryId: '0_live00001',
}
const liveDetails: Details = {
  ...NOTHING,
  resourceIds: [14],
  resourceNames: ['Live entry A'],
  liveEntry: {
    primaryBroadcastingUrl: 'rtmp://p.ep123.i.kpublish.example/kLive?s=1&t=abc',
    secondaryBroadcastingUrl: 'rtmp://p.ep123.b.kpublish.example/kLive?s=1&t=abc',
    primaryRtspBroadcastingUrl: 'rtsp://p.ep123.i.kpublish.example:554/kLive/s=1',
    secondaryRtspBroadcastingUrl: '',
    streamName: '0_live00001_%i',
    streamUsername: '101',
    streamPassword: 'not-a-secret',
  },
}
const weekly: Output = {
  ...base,
  objectType: 'KalturaRecordScheduleEvent',
  id: 104,
  referenceId: 'ser-1',
  summary: 'Weekly physics',
  endDate: START + 5400,
  duration: 5400,
  recurrence: {
    objectType: 'KalturaScheduleEventRecurrence',
    frequency: 'weeks',
    count: 14,
    interval: 1,
    byDay: 'MO,WE',
    timeZone: 'Europe/Zurich',
  },
}
const occurrence: Output = {
  ...base,
  objectType: 'KalturaRecordScheduleEvent',
  id: 105,
  parentId: 104,
  summary: 'Weekly physics',
  startDate: START + 7 * 86400,
  endDate: START + 7 * 86400 + 5400,
}
const occurrenceDetails: Details = { ...room, parentUid: 'ref-104', parent: { id: 104 } as Event }
const blackout: Output = {
  ...base,
  objectType: 'KalturaBlackoutScheduleEvent',
  id: 107,
  referenceId: 'bo-1',
  summary: 'Holiday',
  endDate: START + 86400,
  ownerId: '',
}

const calendar = (pairs: readonly (readonly [Output, Details])[], modern: boolean): string => {
  const events = pairs.map(([event]) => event)
  return wrapVerbatim(verbatimEvents(events, new Map(pairs), modern) + totalCount(events.length))
}
const durations = (event: Output): Output => ({ ...event, duration: Number(event.endDate) - Number(event.startDate) })

describe.skipIf(!here)('verbatim output is what Kaltura itself wrote', () => {
  const cases: Readonly<Record<string, () => string>> = {
    'kaltura-list-single-record': () => calendar([[record, recordDetails]], true),
    'kaltura-list-no-referenceid-cancelled': () => calendar([[cancelled, room]], true),
    'kaltura-list-live': () => calendar([[live, liveDetails]], true),
    'kaltura-list-series-and-occurrence': () =>
      calendar(
        [
          [weekly, room],
          [occurrence, occurrenceDetails],
        ],
        true,
      ),
    'kaltura-oldformat-mixed': () =>
      calendar(
        [
          [record, recordDetails],
          [cancelled, room],
          [live, liveDetails],
          [weekly, room],
          [occurrence, occurrenceDetails],
          [blackout, NOTHING],
        ],
        false,
      ),
    'kaltura-error-verror': () =>
      wrapVerbatim(
        verbatimError(
          new ApiError('INVALID_KS', 'Invalid KS "x", Error "-1,INVALID_STR"', {
            KSID: 'x',
            ERR_CODE: '-1',
            ERR_DESC: 'INVALID_STR',
          }),
        ),
      ),
  }
  test.each(Object.keys(cases))('%s.ics', name => {
    expect(cases[name]?.()).toBe(readFileSync(`${FOLDER}/${name}.ics`, 'utf8'))
  })
})

test('the old standard writes the length of an event that has one', () => {
  expect(calendar([[durations(cancelled), room]], false)).toContain('DURATION:PT1H0M0S\r\n')
})

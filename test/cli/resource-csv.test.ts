import { expect, test } from 'vitest'
import { parseResourceCsv, writeResourceCsv } from '../../src/cli/resource-csv.ts'

test('reads columns in any order, with comments, BOM, quotes and missing columns', () => {
  const { rows, rejected, notices } = parseResourceCsv(
    '\ufeff# our rooms\n*systemName, name ,type,tags\nb1,"Building 1, North",,\n# halls\n\nlh101,Lecture Hall 101,location,"hall, big"\n',
  )
  expect(rejected).toEqual([])
  expect(notices).toEqual([])
  expect(rows).toEqual([
    {
      ...{ line: 3, action: 'add', resourceId: null, name: 'Building 1, North', type: 'location', systemName: 'b1' },
      ...{ description: null, tags: null, parent: null },
    },
    expect.objectContaining({ line: 6, systemName: 'lh101', tags: ['hall', 'big'] }),
  ])
})

test('knows actions 1, 2, 3 and 6, and rejects the others by line in the words of Kaltura', () => {
  const { rows, rejected } = parseResourceCsv(
    [
      '*action,resourceId,name,type,systemName,parentType,parentSystemName',
      '1,,A,,a,,',
      '2,7,B,,,,',
      '3,,,camera,c,,',
      '6,,D,location,d,location,a',
      '4,,E,,e,,',
      'constructor,,E,,e,,',
      '2,,F,,,,',
      '1,,,,g,,',
      '1,,H,studio,h,,',
      '1,,I,,i,house,a',
      '1,x,J,,j,,',
      '1,,K,live_entry,k,,',
      '1,,L,,l,,,surplus',
    ].join('\r\n'),
  )
  expect(rows.map(({ line, action, parent }) => [line, action, parent])).toEqual([
    [2, 'add', null],
    [3, 'update', null],
    [4, 'delete', null],
    [5, 'addOrUpdate', { type: 'location', systemName: 'a' }],
  ])
  expect(rejected.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
    '6 Unknown action passed: [4]',
    '7 Unknown action passed: [constructor]',
    '8 Mandatory Columns [resourceId or systemName] missing from CSV.',
    '9 Mandatory Column [name] missing from CSV.',
    '10 Wrong value passed for property type [studio]',
    '11 Wrong value passed for property type [house]',
    '12 The resourceId [x] is no number',
    '13 The property "KalturaLiveEntryScheduleResource::entryId" cannot be null (the file has no column for it)',
    '14 The line has more values than the header has columns',
  ])
})

test('needs the header line, and says how it looks', () => {
  const { rows, rejected } = parseResourceCsv('name,systemName\nA,a\n')
  expect(rows).toEqual([])
  expect(rejected).toEqual([
    expect.objectContaining({ line: 1, reason: expect.stringContaining('*action,resourceId') }),
  ])
  expect(parseResourceCsv('').rejected).toHaveLength(1)
})

test('takes stray quotes as they are, and names a quote that never ends', () => {
  const stray = parseResourceCsv('*name,systemName\nA "x" B,a\nC,c\n')
  expect(stray.rows.map(({ name }) => name)).toEqual(['A "x" B', 'C'])
  const endless = parseResourceCsv('*name,systemName\nA,a\n"B,b\nC,c\n')
  expect(endless.rows.map(({ name }) => name)).toEqual(['A'])
  expect(endless.rejected).toEqual([expect.objectContaining({ reason: expect.stringContaining('no valid CSV') })])
})

test('names unknown columns and leaves them out', () => {
  const { rows, notices } = parseResourceCsv('*name,seats,systemName\nA,40,a\n')
  expect(rows).toEqual([expect.objectContaining({ name: 'A', systemName: 'a' })])
  expect(notices).toEqual([{ line: 1, name: null, reason: 'The column seats is not known and left out' }])
})

test('writes parents first, and what it writes it reads back', () => {
  const common = { description: 'with "quotes", and\nlines', tags: ['a', 'b'] }
  const text = writeResourceCsv([
    { id: 1, name: 'Camera', type: 'camera', systemName: 'cam', parentId: 3, description: null, tags: [] },
    { id: 3, name: 'Hall', type: 'location', systemName: 'hall', parentId: 2, ...common },
    { id: 2, name: 'House', type: 'location', systemName: 'house', parentId: null, ...common },
  ])
  const { rows, rejected } = parseResourceCsv(text)
  expect(rejected).toEqual([])
  expect(rows.map(({ action, name, type, parent }) => [action, name, type, parent?.systemName])).toEqual([
    ['addOrUpdate', 'House', 'location', undefined],
    ['addOrUpdate', 'Hall', 'location', 'house'],
    ['addOrUpdate', 'Camera', 'camera', 'hall'],
  ])
  expect(rows[0]?.description).toBe(common.description)
})

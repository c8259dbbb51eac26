import { expect, test } from 'vitest'
import { applyRows, type ResourceAccount, type ResourceFields } from '../../src/cli/resource-apply.ts'
import { parseResourceCsv } from '../../src/cli/resource-csv.ts'
import { Rejected } from '../../src/errors.ts'
import type { AccountResource } from '../../src/sync/resources.ts'

/** An account that keeps its resources in a list, and refuses a systemName that its type already has. */
function listAccount(): ResourceAccount & { list: AccountResource[] } {
  const list: AccountResource[] = []
  const blank = { description: null, tags: [], parentId: null, entryId: null, status: 1 as const, systemName: null }
  const merged = (old: AccountResource, { parent, ...fields }: ResourceFields): AccountResource => ({
    ...{ ...old, ...fields },
    parentId: parent ?? old.parentId,
  })
  return {
    list,
    resources: async () => list,
    async addResource({ type, ...fields }) {
      if (list.some(other => other.type === type && other.systemName === fields.systemName)) {
        throw new Rejected('SYSTEM_NAME_ALREADY_EXISTS', `System name [${fields.systemName}] already exists`)
      }
      const id = list.length + 1
      list.push(merged({ ...blank, id, type, name: '' }, fields))
      return { id }
    },
    async updateResource(id, { type: _, ...fields }) {
      const index = list.findIndex(resource => resource.id === id)
      const old = list[index]
      if (old) list[index] = merged(old, fields)
    },
    async deleteResource(id) {
      list.splice(
        list.findIndex(resource => resource.id === id),
        1,
      )
    },
  }
}

const apply = (account: ResourceAccount, csv: string) => applyRows(account, parseResourceCsv(csv).rows)

test('adds with parents of the same file, updates what is said only, and deletes', async () => {
  const account = listAccount()
  const first = await apply(
    account,
    `*action,name,type,systemName,description,tags,parentType,parentSystemName
1,Building,location,b1,Main building,old,,
1,Hall 1,location,lh1,Big,"hall,big",location,b1
1,Camera,camera,lh1,,,location,lh1
`,
  )
  expect(first).toEqual({ added: 3, updated: 0, deleted: 0, rejected: [] })
  expect(account.list.map(({ id, parentId }) => [id, parentId])).toEqual([
    [1, null],
    [2, 1],
    [3, 2],
  ])
  const second = await apply(
    account,
    '*action,resourceId,name,type,systemName\n2,,Hall One,location,lh1\n6,,Hall 2,location,lh2\n6,,Camera X,camera,lh1\n3,1,,,\n',
  )
  expect(second).toEqual({ added: 1, updated: 2, deleted: 1, rejected: [] })
  expect(account.list.map(({ name, description, tags }) => [name, description, tags])).toEqual([
    ['Hall One', 'Big', ['hall', 'big']],
    ['Camera X', null, []],
    ['Hall 2', null, []],
  ])
})

test('names each line it cannot do, in the words of Kaltura, and goes on', async () => {
  const account = listAccount()
  const { added, rejected } = await apply(
    account,
    `*action,resourceId,name,type,systemName,parentType,parentSystemName
1,,A,location,a,,
1,,A again,location,a,,
2,,B,camera,a,,
3,99,,,,,
6,,,location,c,,
1,,D,location,d,camera,a
1,,E,location,e,location,a
`,
  )
  expect(added).toBe(2)
  expect(rejected.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
    '3 System name [a] already exists',
    '4 Unable to find camera resource [a]',
    '5 Unable to find location resource [99]',
    '6 Mandatory Column [name] missing from CSV.',
    '7 Unable to find parent camera resource [a]',
  ])
})

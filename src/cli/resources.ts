import { readFile, writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { KaldavError } from '../errors.ts'
import type { Gateway } from '../main.ts'
import { decode } from './decode.ts'
import { note, print, printJson, table } from './output.ts'
import { applyRows } from './resource-apply.ts'
import { parseResourceCsv, writeResourceCsv } from './resource-csv.ts'
import { exit, WrongUse, withGateway } from './run.ts'

const list = new Command('list')
  .description('list rooms, cameras and live entries')
  .option('--json', 'print JSON')
  .action(({ json }: { json?: boolean }) =>
    withGateway(async ({ store }) => {
      const resources = (await store.resources()).filter(({ status }) => status !== 3)
      const names = new Map(resources.map(({ id, systemName }) => [id, systemName]))
      const parentOf = (id: number | null) => (id === null ? null : (names.get(id) ?? String(id)))
      if (json) {
        printJson(resources.map(({ parentId, ...resource }) => ({ ...resource, parent: parentOf(parentId) })))
        return
      }
      const rows = resources.map(resource => [
        resource.systemName,
        resource.type,
        resource.name,
        parentOf(resource.parentId),
        resource.timeZone,
        resource.status === 1 ? 'disabled' : 'active',
        resource.id,
      ])
      print(table(['SYSTEM NAME', 'TYPE', 'NAME', 'PART OF', 'TIME ZONE', 'STATUS', 'KALTURA ID'], rows))
    }),
  )

const importCommand = new Command('import')
  .description('add, update or delete resources by a CSV file of Kaltura’s bulk upload')
  .argument('<file>', 'its header line starts with "*"; actions 1 add, 2 update, 3 delete, 6 add or update')
  .option('--json', 'print JSON')
  .action((file: string, { json }: { json?: boolean }) =>
    withGateway(async gateway => {
      const { rows, rejected, notices } = parseResourceCsv(decode(await read(file)))
      const result = await applyRows(gateway.account, rows)
      await readBack(gateway)
      const all = [...rejected, ...result.rejected].sort((a, b) => a.line - b.line)
      if (json) {
        printJson({ ...result, rejected: all, notices })
      } else {
        for (const { line, reason } of notices) note(`notice  ${file}:${line}  ${reason}`)
        for (const { line, name, reason } of all) note(`rejected  ${file}:${line}  ${name ?? '-'}  ${reason}`)
        const { added, updated, deleted } = result
        print(`added ${added}, updated ${updated}, deleted ${deleted}, rejected ${all.length}`)
      }
      return all.length > 0 ? exit.findings : exit.done
    }),
  )

const exportCommand = new Command('export')
  .description('write the resources as a CSV file of Kaltura’s bulk upload')
  .option('-o, --output <file>', 'where to; standard output otherwise')
  .action(({ output }: { output?: string }) =>
    withGateway(async ({ store }) => {
      const csv = writeResourceCsv((await store.resources()).filter(({ status }) => status !== 3))
      if (output === undefined) print(csv)
      else await writeFile(output, csv)
    }),
  )

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new WrongUse(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The account is the master of the list: what it made of the lines is read from it. */
async function readBack({ sync }: Gateway): Promise<void> {
  const failed = (await sync.run('kaltura')).find(({ error }) => error !== null)
  if (failed) {
    throw new KaldavError(`The lines are done, but the account could not be read again: ${failed.error}`, {
      remedy: failed.remedy ?? 'A running gateway will see them at its next poll.',
    })
  }
}

export const resources = new Command('resources')
  .description('rooms, cameras and live entries of the account')
  .addCommand(list)
  .addCommand(importCommand)
  .addCommand(exportCommand)

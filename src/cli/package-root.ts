import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folder of package.json: two folders up, or three where this is built (dist/src/cli). */
export const packageRoot: string =
  ['../../', '../../../']
    .map(path => fileURLToPath(new URL(path, import.meta.url)))
    .find(folder => existsSync(`${folder}package.json`)) ?? process.cwd()

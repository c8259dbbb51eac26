/** `npm run bench [-- name…]`: measures, prints a table, fails where a goal is missed and `--strict` is given. */
import { notModified, room, start } from './basics.ts'
import { caldav } from './caldav.ts'
import { google } from './google.ts'
import { type Bench, circumstances, head, holds, line } from './harness.ts'
import { kaltura } from './kaltura.ts'
import { microsoft365 } from './microsoft365.ts'
import { scale } from './scale.ts'

const benches: Readonly<Record<string, Bench>> = {
  start,
  room,
  304: notModified,
  scale,
  kaltura,
  google,
  microsoft365,
  ...caldav,
}
const all = ['start', 'room', '304', 'scale', 'kaltura', 'google', 'microsoft365', 'caldav']

const asked = process.argv.slice(2).filter(word => !word.startsWith('--'))
const unknown = asked.filter(name => !(name in benches))
if (unknown.length > 0) {
  console.error(`no bench "${unknown.join('", "')}": there are ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}

console.log(`${await circumstances()}\n\n${head}`)
let missed = 0
for (const name of asked.length > 0 ? asked : all) {
  await benches[name]?.(row => {
    if (!holds(row)) missed += 1
    console.log(line(row))
  })
}
if (missed > 0) {
  console.log(`\n${missed} below the goal`)
  if (process.argv.includes('--strict')) process.exitCode = 1
}

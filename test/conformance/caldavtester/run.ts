/**
 * `npm run caldavtester -- SUITE PYTHON [script …]`: Apple's CalDAVTester against a gateway of its own.
 *
 * SUITE is a checkout of apple/ccs-caldavtester, PYTHON a Python 2.7; PYTHONPATH names a checkout of
 * apple/ccs-pycalendar (`…/src`). Exits 1 where a test fails that known-gaps.txt does not list, and where one passes
 * that it lists: then the list has to shrink.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { run, temporaryFolder } from '../support/process.ts'
import { openCampus } from './campus.ts'
import { asLines, readKnownGaps, readResults, type TestName } from './results.ts'
import { serverInfo } from './server-info.ts'

/** These test MKCALENDAR itself, which here is answered by the script and not by the gateway. */
const LEFT_OUT = new Set(['mkcalendar.xml'])
const SECONDS = 120

const [suite = process.env.CALDAVTESTER, python = process.env.PYTHON2, ...chosen] = process.argv.slice(2)
if (!suite || !python) {
  console.error('caldavtester: name a checkout of ccs-caldavtester and a Python 2.7 (or set CALDAVTESTER and PYTHON2)')
  process.exit(2)
}

const library = await run(python, ['-c', 'import pycalendar.icalendar'])
if (library.code !== 0) {
  console.error('caldavtester: PYTHONPATH has to name the src folder of a checkout of ccs-pycalendar')
  process.exit(2)
}

const folder = resolve(suite, 'scripts/tests/CalDAV')
const example = await readFile(resolve(suite, 'scripts/server/serverinfo.xml'), 'utf8')
const gaps = readKnownGaps(await readFile(join(import.meta.dirname, 'known-gaps.txt'), 'utf8'))
const all = (await readdir(folder)).filter(name => name.endsWith('.xml') && !LEFT_OUT.has(name)).sort()
const scripts = chosen.length > 0 ? chosen : all
const scratch = await temporaryFolder('caldavtester-info')
const info = join(scratch.path, 'serverinfo.xml')

const passed = new Set<TestName>()
const failed = new Map<TestName, string>()
for (const script of scripts) {
  const campus = await openCampus()
  await writeFile(info, serverInfo(example, campus.port))
  const parameters = ['testcaldav.py', '-s', info, '-x', folder, '--observer', 'jsondump', join(folder, script)]
  const ran = await run(python, parameters, { cwd: suite, seconds: SECONDS })
  const results = readResults(script, ran.out || ran.err)
  for (const name of results.passed) passed.add(name)
  for (const [name, why] of results.failed) failed.set(name, why)
  if (results.passed.size + results.failed.size > 0) {
    console.log(`${script}: ${results.passed.size} passed, ${results.failed.size} failed`)
  }
  await campus.close()
}
await scratch.remove()

const unlisted = [...failed.keys()].filter(name => !gaps.has(name))
const closed = [...gaps].flatMap(([name, { always }]) => (always && passed.has(name) ? [name] : []))
console.log(`\n${passed.size} of ${passed.size + failed.size} passed; ${failed.size - unlisted.length} known gaps`)
if (unlisted.length > 0) console.log(['\nNot listed, and failing:', ...asLines(unlisted)].join('\n'))
for (const name of chosen.length > 0 ? unlisted : []) console.log(`\n${name}\n  ${failed.get(name)?.slice(0, 600)}`)
if (closed.length > 0) console.log(['\nListed, and passing now; take them off:', ...asLines(closed)].join('\n'))
process.exitCode = unlisted.length + closed.length > 0 ? 1 : 0

#!/usr/bin/env node
/**
 * Starts kaldav on the Node that it brings itself (npm package `node`), whatever Node the system has.
 * Plain JavaScript for Node ≥ 20: it is the only file that may run on an old one.
 */
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import * as module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import v8 from 'node:v8'

const needed = 26
/** Most of what a request makes is garbage at once; the default nursery lets it grow to a hundred megabytes first. */
const smallNursery = '--max-semi-space-size=4'
/** The same in bytes: two halves. */
const nurserySize = 8 * 2 ** 20
/** By itself the heap grows to some times what is in use before it is swept: 10,000 events pushed were 100 MB of garbage. */
const sweptSooner = '--heap-growing-percent=30'

const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))))
// Node does not strip types under node_modules, so the published package carries JavaScript.
const source = join(root, 'src', 'cli', 'main.ts')
const inCheckout = !/[\\/]node_modules[\\/]/.test(root) && existsSync(source)
const entry = inCheckout ? source : join(root, 'dist', 'src', 'cli', 'main.js')

if (Number.parseInt(process.versions.node, 10) >= needed) {
  if (process.argv.includes('serve') && !process.execArgv.includes(smallNursery)) keepNurserySmall()
  v8.setFlagsFromString(sweptSooner)
  // Compiled once, not at every start; in a folder that is ours, as what lies there is run.
  module.enableCompileCache?.(join(root, 'node_modules', '.cache', 'kaldav'))
  await import(pathToFileURL(entry).href)
} else {
  startOnOwnNode()
}

/** In a process that runs already the nursery has no upper limit any more, but it can be told to stop growing. */
function keepNurserySmall() {
  const size = () =>
    v8.getHeapSpaceStatistics().find(space => space.space_name === 'new_space')?.space_size ?? nurserySize
  // It grows where much of it survives.
  const kept = []
  while (kept.length < 100 && size() < nurserySize) kept.push(Array.from({ length: 10_000 }, () => ({})))
  v8.setFlagsFromString('--semi-space-growth-factor=1')
}

function startOnOwnNode() {
  const node = ownNode()
  if (!node) {
    console.error(
      `kaldav needs Node ${needed}; this is ${process.versions.node}, and the package "node" that brings it is not set up.\n` +
        'Run "npm rebuild node" (its install script must be allowed), or start kaldav with a newer Node.',
    )
    process.exit(2)
  }
  // The channel lets kaldav end in good order when this process is killed without a signal it could pass on.
  const args = [smallNursery, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    // On a terminal the keys that make SIGINT and SIGQUIT reach the child by themselves.
    const twice = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT')
    process.on(signal, () => twice || child.kill(signal))
  }
  child.on('error', error => {
    console.error(`kaldav could not be started with ${node}: ${error.message}`)
    process.exit(2)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** The binary of the package `node`, hoisted or not; `null` where its install script has not run. */
function ownNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const here = module.createRequire(import.meta.url)
  const folders = [packageFolder(here, 'node')]
  if (folders[0]) {
    const inside = module.createRequire(join(folders[0], 'package.json'))
    const platform = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
    folders.push(packageFolder(inside, platform))
  }
  for (const folder of folders) {
    const binary = folder && join(folder, 'bin', name)
    if (binary && existsSync(binary)) return binary
  }
  return null
}

function packageFolder(require, name) {
  try {
    return dirname(require.resolve(`${name}/package.json`))
  } catch {
    return null
  }
}

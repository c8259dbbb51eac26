/** Where `bin/kaldav.js` enters. */
import { run } from './program.ts'

// Who reads may have seen enough (`kaldav export | head`): the command goes on to its end without an audience.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

process.exitCode = await run(process.argv.slice(2))

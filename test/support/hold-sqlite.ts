/** A process that serves a database until it is killed. */
import { holdSqlite } from '../../adapters/sqlite.ts'

holdSqlite(process.argv[2] ?? '')
process.send?.('held')
setInterval(() => {}, 1000)

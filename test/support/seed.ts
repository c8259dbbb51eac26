/**
 * The same random cases in every run, so that a change is judged by what it does. `FC_SEED=random` draws others, as
 * `npm run test:long` does; a number repeats a run.
 */
import fc from 'fast-check'

const asked = process.env.FC_SEED ?? '20261121'
if (asked !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(asked) })

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sameContent } from '../../src/schedule/merge.ts'
import { decide, isMassDeletion } from '../../src/sync/decide.ts'
import { lossy, scheduleEvent } from './arbitrary.ts'

const whole = <T>(event: T): T => event

describe('decide', () => {
  it('does nothing when nothing changed', () => {
    fc.assert(
      fc.property(scheduleEvent, event => {
        const base = lossy(event)
        expect(decide({ base, ours: event, theirs: base }, 'ours', lossy)).toMatchObject({
          ours: 'none',
          theirs: 'none',
        })
      }),
    )
  })

  it('carries a deletion over what the other side left alone, from either side', () => {
    fc.assert(
      fc.property(scheduleEvent, event => {
        expect(decide({ base: event, ours: null, theirs: event }, 'ours', whole)).toMatchObject({ theirs: 'remove' })
        expect(decide({ base: event, ours: event, theirs: null }, 'ours', whole)).toMatchObject({ ours: 'delete' })
      }),
    )
  })

  it('keeps an edit made while the other side deleted, from either side, and says so', () => {
    fc.assert(
      fc.property(scheduleEvent, scheduleEvent, (base, edited) => {
        fc.pre(!sameContent(base, edited))
        const theirs = decide({ base, ours: null, theirs: edited }, 'ours', whole)
        expect(theirs).toMatchObject({ ours: 'create', event: edited, deleteEdit: true })
        const ours = decide({ base, ours: edited, theirs: null }, 'theirs', whole)
        expect(ours).toMatchObject({ theirs: 'create', event: edited, deleteEdit: true })
      }),
    )
  })

  it('never brings back what we deleted because the remote changed something we do not hold', () => {
    fc.assert(
      fc.property(scheduleEvent, event => {
        const base = lossy(event)
        expect(decide({ base, ours: null, theirs: lossy(event) }, 'theirs', lossy)).toMatchObject({
          ours: 'none',
          theirs: 'remove',
        })
      }),
    )
  })

  it('leaves both sides agreed: deciding again on the result does nothing', () => {
    const prefer = fc.constantFrom('ours' as const, 'theirs' as const)
    fc.assert(
      fc.property(scheduleEvent, scheduleEvent, scheduleEvent, prefer, (base, ours, theirs, p) => {
        const { event } = decide({ base: lossy(base), ours, theirs: lossy(theirs) }, p, lossy)
        const agreed = event && lossy(event)
        expect(decide({ base: agreed, ours: event, theirs: agreed }, p, lossy)).toMatchObject({
          ours: 'none',
          theirs: 'none',
        })
      }),
    )
  })
})

describe('the brake on mass deletions', () => {
  it.each([
    { deletions: 10, known: 20, byAbsence: false, held: false },
    { deletions: 11, known: 20, byAbsence: false, held: true },
    { deletions: 11, known: 200, byAbsence: true, held: false },
    { deletions: 41, known: 200, byAbsence: true, held: true },
    { deletions: 200, known: 200, byAbsence: true, held: true },
    { deletions: 3, known: 3, byAbsence: true, held: true },
    { deletions: 3, known: 3, byAbsence: false, held: false },
    { deletions: 6, known: 6, byAbsence: false, held: true },
    { deletions: 0, known: 0, byAbsence: true, held: false },
  ])('$deletions of $known (by absence: $byAbsence): held $held', ({ deletions, known, byAbsence, held }) => {
    expect(isMassDeletion(deletions, known, byAbsence)).toBe(held)
  })
})

import { MemorySource } from '../../adapters/memory.ts'
import { testSource } from '../contract/source.ts'

testSource('memory', {
  open: () => {
    const source = new MemorySource()
    return { source, remote: source, refuseOnce: seconds => source.refuseOnce(seconds) }
  },
})

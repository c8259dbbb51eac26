import { testSource } from '../../contract/source.ts'
import { startAccount } from './account.ts'

testSource('the Kaltura account', {
  open: async () => {
    const account = await startAccount()
    const resourceIds = [await account.room('lh101'), await account.room('lh102')]
    return {
      source: account.open(),
      resourceIds,
      refuseOnce: seconds => account.answerOnce(429, { 'retry-after': String(seconds) }),
      close: account.close,
    }
  },
})

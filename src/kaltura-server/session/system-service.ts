import type { Service } from '../call.ts'
import { ALWAYS } from './permissions.ts'

/** The version whose behaviour this server shows. */
const VERSION = 'Venus-22.19.0'

export const systemService: Service = {
  ping: { parameters: [], permissions: [ALWAYS], run: async () => true },
  gettime: { parameters: [], permissions: [ALWAYS], run: async call => call.now },
  getversion: { parameters: [], permissions: [ALWAYS], run: async () => VERSION },
}

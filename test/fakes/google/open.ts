/** The adapter opened on the stand-in, with a key of its own. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GoogleOptions, openGoogle } from '../../../adapters/google/index.ts'
import type { Source } from '../../../src/sync/source.ts'
import type { FakeGoogle } from './server.ts'

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
/** The key file of a service account. */
export const keyFile = join(mkdtempSync(join(tmpdir(), 'kaldav-google-')), 'key.json')
writeFileSync(keyFile, JSON.stringify({ client_email: 'sync@example.com', private_key: privateKey }))

export const optionsFor = ({ url }: FakeGoogle, organizer: string | null = null): GoogleOptions => ({
  ...{ keyFile, apiUrl: url, tokenUrl: `${url}/token`, organizer, tenant: '101' },
  ...(organizer === null ? {} : { subject: organizer }),
})

export const openOn = (google: FakeGoogle, calendarId: string, organizer: string | null = null): Source =>
  openGoogle(optionsFor(google, organizer))(calendarId, 'Europe/Berlin')

/** The adapter opened on the stand-in. */
import { type Microsoft365Options, openMicrosoft365 } from '../../../adapters/microsoft365/index.ts'
import type { Source } from '../../../src/sync/source.ts'
import type { FakeGraph } from './server.ts'

export const optionsFor = ({ url }: Pick<FakeGraph, 'url'>, organizer: string | null = null): Microsoft365Options => ({
  ...{ tenantId: '11111111-2222-3333-4444-555555555555', clientId: 'aaaaaaaa-2222-3333-4444-555555555555' },
  ...{ clientSecret: 'secret', organizer, tenant: '101', graphUrl: url, authorityUrl: url },
})

/** All rooms that are opened by one of these share a client. */
export const openerOn = (graph: FakeGraph, organizer: string | null = null) =>
  openMicrosoft365(optionsFor(graph, organizer))

export const openOn = (graph: FakeGraph, address: string, organizer: string | null = null): Source =>
  openerOn(graph, organizer)(address, 'Europe/Berlin')

export interface KnownGap {
  /** `gateway`, or the peer that the scripts are tried on. */
  readonly server: 'gateway' | 'radicale'
  readonly client: string
  readonly step: string
  readonly reason: string
}

/** Steps that do not work, each with its reason. For the gateway it may only shrink: a listed step that works fails the run. */
export const knownGaps: readonly KnownGap[] = [
  {
    server: 'radicale',
    client: 'tsdav',
    step: 'finds an occurrence by time, expanded',
    reason: 'Radicale 3.1 leaves CALDAV:expand aside',
  },
  {
    server: 'radicale',
    client: 'tsdav',
    step: 'asks for free and busy time',
    reason: 'Radicale 3.1 has no free-busy-query',
  },
  {
    server: 'radicale',
    client: 'python-caldav',
    step: 'finds free and busy time',
    reason: 'Radicale 3.1 has no free-busy-query',
  },
]

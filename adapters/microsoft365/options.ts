export interface Microsoft365Options {
  readonly tenantId: string
  readonly clientId?: string | undefined
  readonly clientSecret?: string | undefined
  /** A PEM file with key and certificate. */
  readonly certificate?: string | undefined
  readonly managedIdentity?: boolean | undefined
  /** The mailbox that invites the rooms; `null`: events are written in the room's own calendar. */
  readonly organizer: string | null
  readonly graphUrl: string
  readonly authorityUrl: string
  /** Tells this gateway from others that share a room: the account's partner id. */
  readonly tenant: string
}

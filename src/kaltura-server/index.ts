/** The embedded Kaltura account: the other side of the Kaltura adapter. It knows nothing of the gateway but a database. */
export { type Credentials, type KalturaServer, type KalturaServerOptions, openKalturaServer } from './server.ts'

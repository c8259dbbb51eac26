/** The yardstick: Express with constant answers. `/304` answers 304, `/207` a small multistatus. Prints its port. */
import type { AddressInfo } from 'node:net'
import express from 'express'

const body = `<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:sync-token>urn:x:1</D:sync-token></D:multistatus>`

const app = express().disable('x-powered-by').set('etag', false)
app.get('/304', (_request, response) => {
  response.status(304).set('ETag', '"1"').end()
})
app.all('/207', (_request, response) => {
  response.status(207).type('application/xml').send(body)
})
const server = app.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))

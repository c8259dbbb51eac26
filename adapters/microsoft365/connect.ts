/** The only importer of Microsoft's packages: a client of one Graph host, signed in, without retries or redirects. */
import type { TokenCredential } from '@azure/identity'
import type { Client } from '@microsoft/microsoft-graph-client'
import { AccessDenied } from '../../src/errors.ts'
import type { Microsoft365Options } from './options.ts'

const graph = () => import('@microsoft/microsoft-graph-client')
const identity = () => import('@azure/identity')
export const loadModules = () => Promise.all([graph(), identity()])

/** @throws AccessDenied without credentials, or where no token could travel */
export async function connect(options: Microsoft365Options): Promise<Client> {
  const { Client, AuthenticationHandler, HTTPMessageHandler } = await graph()
  const { graphUrl, authorityUrl } = options
  // Over plain http the library sends no token, and says nothing.
  if (![graphUrl, authorityUrl].every(url => url.startsWith('https:'))) {
    throw new AccessDenied('graphUrl and authorityUrl have to be https', { remedy: 'Correct them in the source.' })
  }
  const credential = await credentialOf(options)
  const scope = `${new URL(graphUrl).origin}/.default`
  // Forty rooms that start together need one token, not forty; the credential keeps it from then on.
  let asked: Promise<string> | null = null
  const ask = () => {
    const answer = credential.getToken(scope).then(token => token?.token ?? '')
    const forget = () => {
      asked = null
    }
    answer.then(forget, forget)
    return answer
  }
  const handler = new AuthenticationHandler({
    getAccessToken: () => {
      asked ??= ask()
      return asked
    },
  })
  // Neither the library's retries, which repeat a POST, nor its redirects.
  handler.setNext(new HTTPMessageHandler())
  return Client.initWithMiddleware({
    middleware: handler,
    baseUrl: `${graphUrl.replace(/\/$/, '')}/`,
    customHosts: new Set([new URL(graphUrl).hostname]),
  })
}

async function credentialOf(options: Microsoft365Options): Promise<TokenCredential> {
  const { ClientCertificateCredential, ClientSecretCredential, ManagedIdentityCredential } = await identity()
  const { tenantId, clientId, clientSecret, certificate, managedIdentity, authorityUrl } = options
  // Discovery would ask a host nobody configured.
  const settings = { authorityHost: authorityUrl, disableInstanceDiscovery: true }
  if (managedIdentity) return clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential()
  if (clientId && clientSecret) return new ClientSecretCredential(tenantId, clientId, clientSecret, settings)
  if (clientId && certificate) {
    return new ClientCertificateCredential(tenantId, clientId, { certificatePath: certificate }, settings)
  }
  throw new AccessDenied('no Microsoft 365 credentials are configured', {
    remedy: 'Set clientId with clientSecret or certificate, or managedIdentity: true.',
  })
}

/** The second hand in every script: plain HTTP, so that what a client did is seen without the client. */
import { getAllMatches } from './text.ts'

export interface Access {
  readonly user: string
  readonly password: string
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export const basic = ({ user, password }: Access): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** One request with credentials; redirects are shown, not followed. */
export async function ask(
  access: Access,
  method: string,
  url: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    redirect: 'manual',
    headers: { authorization: basic(access), ...headers },
    ...(body === undefined ? {} : { body }),
  })
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

const calendarType = { 'content-type': 'text/calendar; charset=utf-8' }
const xmlType = { 'content-type': 'application/xml; charset=utf-8' }

/** PUT that has to succeed; answers the new ETag, quoted as it came, or null where there was none. */
export async function put(access: Access, url: string, body: string, headers: Record<string, string> = {}) {
  const answer = await ask(access, 'PUT', url, { ...calendarType, ...headers }, body)
  if (answer.status >= 300) throw new Error(`PUT ${url}: ${answer.status}\n${answer.text}`)
  return answer.headers.get('etag')
}

export const get = (access: Access, url: string) => ask(access, 'GET', url)

export const propfind = (access: Access, url: string, depth: 0 | 1, properties: string) =>
  ask(
    access,
    'PROPFIND',
    url,
    { ...xmlType, depth: String(depth) },
    `<?xml version="1.0"?><D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop>${properties}</D:prop></D:propfind>`,
  )

export interface Changes {
  readonly token: string
  /** href → ETag of what is new or changed. */
  readonly changed: ReadonlyMap<string, string>
  readonly removed: readonly string[]
}

const element = (name: string) =>
  new RegExp(`<(?:[\\w-]+:)?${name}(?:\\s[^>]*)?>([\\s\\S]*?)</(?:[\\w-]+:)?${name}>`, 'g')
const texts = (xml: string, name: string): string[] => getAllMatches(element(name), xml)
const unescapeXml = (text: string) =>
  text.trim().replaceAll('&quot;', '"').replaceAll('&#34;', '"').replaceAll('&amp;', '&')

/** RFC 6578 §3.2; `token` empty for the first synchronisation. */
export async function syncCollection(access: Access, url: string, token: string): Promise<Changes> {
  const answer = await ask(
    access,
    'REPORT',
    url,
    { ...xmlType, depth: '0' },
    `<?xml version="1.0"?><D:sync-collection xmlns:D="DAV:"><D:sync-token>${token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>`,
  )
  if (answer.status !== 207) throw new Error(`sync-collection ${url}: ${answer.status}\n${answer.text}`)
  const changed = new Map<string, string>()
  const removed: string[] = []
  for (const response of texts(answer.text, 'response')) {
    const href = unescapeXml(texts(response, 'href')[0] ?? '')
    const etag = texts(response, 'getetag')[0]
    if (etag === undefined) removed.push(href)
    else changed.set(href, unescapeXml(etag))
  }
  return { token: unescapeXml(texts(answer.text, 'sync-token').at(-1) ?? ''), changed, removed }
}

/** What `<D:href>` elements say inside the first element of this name, for example `calendar-home-set`. */
export const hrefIn = (xml: string, name: string): string | undefined => {
  const holder = texts(xml, name)[0]
  return holder === undefined ? undefined : texts(holder, 'href')[0]?.trim()
}

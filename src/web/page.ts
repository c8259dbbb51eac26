/** The page for people: rooms and their addresses, how to connect, what is in conflict, how synchronisation goes. */
import type { ShownConflict, Side } from '../store/shown-conflicts.ts'
import type { Resource } from '../store/store.ts'
import type { SourceState } from '../sync/sync.ts'
import { type Html, html } from './html.ts'
import type { Shown } from './upcoming.ts'

export interface Room {
  readonly resource: Resource
  readonly next: Shown | null
}

export interface PageContent {
  /** Without a slash at the end. */
  readonly baseUrl: string
  readonly user: string
  readonly rooms: readonly Room[]
  readonly conflicts: readonly ShownConflict[]
  /** How many there are in all. */
  readonly conflictCount: number
  readonly sources: readonly SourceState[]
  readonly zone: string
}

export const page = (content: PageContent): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kaldav: rooms and calendars</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<a class="skip" href="#rooms">To the rooms</a>
<header>
<h1>kaldav</h1>
<p>The schedule of the Kaltura account as calendars. Signed in as ${content.user}.</p>
</header>
<main>
${rooms(content)}
${connect(content)}
${conflicts(content)}
${sources(content)}
</main>
<footer>
<p class="quiet"><a href="/api/openapi.json">The same as JSON</a></p>
</footer>
</body>
</html>
`.text

const table = (caption: string, head: readonly string[], rows: readonly Html[]): Html => html`<div class="wide">
<table>
<caption class="skip">${caption}</caption>
<thead><tr>${head.map(cell => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>
${rows}
</tbody>
</table>
</div>`

const types = { location: 'Room', camera: 'Camera', live_entry: 'Live entry' } as const

const calendarUrl = (baseUrl: string, { systemName }: Resource): string =>
  `${baseUrl}/dav/calendars/${encodeURIComponent(systemName)}/`

const rooms = ({ rooms: list, baseUrl }: PageContent): Html => html`<section aria-labelledby="rooms">
<h2 id="rooms">Rooms and devices</h2>
${
  list.length === 0
    ? html`<p>There are none yet: add them in Kaltura, or by <code>kaldav resources import FILE.csv</code>.</p>`
    : table(
        'Rooms and devices',
        ['Name', 'Kind', 'Next', 'CalDAV calendar'],
        list.map(room => row(room, baseUrl)),
      )
}
</section>`

const row = ({ resource, next }: Room, baseUrl: string): Html => html`<tr>
<th scope="row">${resource.name}</th>
<td>${types[resource.type]}</td>
<td>${next ? html`${when(next.start, resource.timeZone)}: ${next.summary ?? 'busy'}` : 'nothing this week'}</td>
<td><a href="${calendarUrl(baseUrl, resource)}"><code>${calendarUrl(baseUrl, resource)}</code></a></td>
</tr>
`

const connect = ({ baseUrl, user, rooms: list }: PageContent): Html => {
  const room = list.find(({ resource }) => resource.type === 'location') ?? list[0]
  const name = room?.resource.systemName ?? 'ROOM'
  return html`<section aria-labelledby="connect">
<h2 id="connect">Connect</h2>
<p>Name: <code>${user}</code>. Password: yours, or one for each program (<code>kaldav app-password create ${user}</code>).</p>
<details>
<summary>Apple Calendar (macOS, iOS)</summary>
<p>Settings, Accounts, Add Other Account, CalDAV Account. Server: <code>${baseUrl}</code>.
On macOS choose Advanced, server path <code>/dav/</code>.</p>
</details>
<details>
<summary>Thunderbird</summary>
<p>New Calendar, On the Network. Location: <code>${baseUrl}/dav/</code>. It finds the rooms by itself.</p>
</details>
<details>
<summary>DAVx⁵ (Android)</summary>
<p>Add account, Login with URL and user name. Base URL: <code>${baseUrl}/dav/</code>.</p>
</details>
<details>
<summary>GNOME Calendar, Evolution</summary>
<p>In Evolution: New, Calendar, type CalDAV, URL <code>${baseUrl}/dav/</code>, Find Calendars. GNOME Calendar then shows the same.</p>
</details>
<details>
<summary>A capture device, or a program that only reads</summary>
<p>Make a feed address with <code>kaldav token create --resource ${name} --device</code> (without <code>--device</code> for
people). It looks like <code>${baseUrl}/feeds/TOKEN/${name}.ics?profile=device</code>, and is a password in itself.</p>
</details>
</section>`
}

const side = ({ uid, summary, source }: Side): Html => html`${summary ?? uid}, from ${source ?? 'elsewhere'}`

const conflicts = ({ conflicts: list, conflictCount, zone }: PageContent): Html => {
  const rows = list.map(
    ({ conflict: { start }, title, sides, resource, remedy }) => html`<tr>
<td>${title}</td>
<td>${resource ?? 'the whole schedule'}</td>
<td>${start === null ? '' : when(start, zone)}</td>
<td>${sides.map((each, index) => html`${index > 0 && html`<br>`}${side(each)}`)}</td>
<td>${remedy}</td>
</tr>
`,
  )
  return html`<section aria-labelledby="conflicts">
<h2 id="conflicts">Open conflicts: ${conflictCount}</h2>
${rows.length > 0 && table('Open conflicts', ['What', 'Where', 'When', 'Events', 'A way out'], rows)}
${list.length < conflictCount && html`<p>The first ${list.length}; all of them: <code>kaldav conflicts</code>.</p>`}
</section>`
}

const sources = ({ sources: list, zone }: PageContent): Html => {
  const rows = list.map(
    state => html`<tr>
<th scope="row">${state.source}</th>
<td>${state.calendar}</td>
<td>${state.lastSuccess === null ? 'never' : when(state.lastSuccess, zone)}</td>
<td>${state.frozen ? 'frozen' : state.error ? html`${state.error}<br>${state.remedy}` : 'in order'}</td>
</tr>
`,
  )
  return html`<section aria-labelledby="sources">
<h2 id="sources">Synchronisation</h2>
${table('Synchronisation', ['Source', 'Calendar', 'Last time', 'State'], rows)}
</section>`
}

/** `Mon 12 Oct, 08:30` on the clock of `zone`. */
const when = (epoch: number, zone: string): Html => {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
    timeZone: zone,
  })
  const instant = Temporal.Instant.fromEpochMilliseconds(epoch * 1000)
  return html`<time datetime="${instant.toString()}">${format.format(instant)}</time>`
}

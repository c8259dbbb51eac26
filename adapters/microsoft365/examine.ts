/** What `kaldav doctor` asks Microsoft 365: whether the rooms can be read, and nobody else. Writes nothing. */
import { AccessDenied, KaldavError } from '../../src/errors.ts'
import { failureOf, meaningOf } from './errors.ts'
import { Graph } from './graph.ts'
import type { Microsoft365Options } from './options.ts'
import { answerOf, claims, type GraphEvent } from './translate.ts'
import { day, epochNow, instant } from './window.ts'

export interface Finding {
  readonly ok: boolean
  readonly message: string
  readonly remedy: string | null
}

export interface Examined {
  readonly mailboxes: readonly string[]
  /** A mailbox that the app must not be able to read; `null`: none was named. */
  readonly outOfReach: string | null
}

const good = (message: string): Finding => ({ ok: true, message, remedy: null })
const bad = (message: string, remedy: string): Finding => ({ ok: false, message, remedy })

/** How far around today a room is looked at, days. */
const reach = 30
const seen = 'subject,isOrganizer,organizer,isCancelled,responseStatus'

/** @param options as for reading; sign-in that fails is the only finding then */
export async function examineMicrosoft365(options: Microsoft365Options, examined: Examined): Promise<Finding[]> {
  const graph = new Graph(options)
  const rooms: Finding[] = []
  for (const address of examined.mailboxes) {
    const findings = await examineRoom(graph, address)
    if (findings === null) return [bad('Microsoft Entra gives no token.', await refusalOf(graph, address))]
    rooms.push(...findings)
  }
  const { organizer } = options
  const home = organizer === null ? [] : [await examineOrganizer(graph, organizer)]
  return [good('Microsoft Entra gives a token'), ...rooms, ...home, await examineOther(graph, examined.outOfReach)]
}

function read(graph: Graph, address: string): Promise<GraphEvent[]> {
  const now = Math.floor(epochNow() / day) * day
  const window = `startDateTime=${instant(now - reach * day)}&endDateTime=${instant(now + reach * day)}`
  const path = `/users/${encodeURIComponent(address)}/calendarView?${window}&$select=${seen}&$top=500`
  return graph.list<GraphEvent>(address, path)
}

/** @returns `null`: not even signed in */
async function examineRoom(graph: Graph, address: string): Promise<Finding[] | null> {
  try {
    const items = await read(graph, address)
    return [good(`mailbox ${address} can be read`), ...habitsOf(address, items.filter(claims))]
  } catch (error) {
    const meaning = meaningOf(error, address, false)
    if (!(meaning instanceof KaldavError)) throw meaning
    if (meaning instanceof AccessDenied && failureOf(error).status === 401) return null
    return [bad(meaning.message, meaning.remedy ?? 'Try again later.')]
  }
}

async function refusalOf(graph: Graph, address: string): Promise<string> {
  const error = await read(graph, address).catch((reason: unknown) => meaningOf(reason, address, false))
  const { message, remedy = null } = error as KaldavError
  return `${remedy ?? 'Check tenantId, clientId and the secret or certificate.'} It said: ${message}`
}

/** What the room's own settings do to the meetings it accepts (Set-CalendarProcessing), as far as it can be seen. */
function habitsOf(address: string, items: readonly GraphEvent[]): Finding[] {
  const meetings = items.filter(({ isOrganizer }) => isOrganizer === false)
  const renamed = meetings.filter(({ subject, organizer }) => {
    const name = organizer?.emailAddress?.name?.trim()
    return name && subject?.trim().startsWith(name)
  })
  const silent = meetings.filter(item => /^(none|notResponded|tentativelyAccepted)$/i.test(answerOf(item) ?? ''))
  const keep =
    '-DeleteSubject $false -AddOrganizerToSubject $false -DeleteComments $false -RemovePrivateProperty $false'
  const findings: Finding[] = []
  if (renamed.length > 0) {
    const message = `mailbox ${address}: ${renamed.length} of ${meetings.length} meetings bear their organizer's name for a title.`
    findings.push(bad(message, `Run in Exchange Online PowerShell: Set-CalendarProcessing ${address} ${keep}`))
  }
  if (silent.length > 0 && silent.length === meetings.length) {
    const message = `mailbox ${address}: none of ${meetings.length} meetings has been accepted.`
    const line = `Set-CalendarProcessing ${address} -AutomateProcessing AutoAccept`
    findings.push(bad(message, `Run in Exchange Online PowerShell: ${line}`))
  }
  return findings
}

async function examineOrganizer(graph: Graph, address: string): Promise<Finding> {
  try {
    await read(graph, address)
    return good(`organizer ${address} can be read`)
  } catch (error) {
    const { message, remedy = null } = meaningOf(error, address, false) as KaldavError
    return bad(message, remedy ?? 'Try again later.')
  }
}

const scopeLines =
  'Withdraw the consent in Entra, and give the right by RBAC for Applications: New-ManagementScope with ' +
  `-RecipientRestrictionFilter "RecipientTypeDetails -eq 'RoomMailbox'", New-ManagementRoleAssignment with it.`

/** Least privilege is only proven by a refusal. */
async function examineOther(graph: Graph, address: string | null): Promise<Finding> {
  if (address === null) {
    return good("whether the app reaches more than the rooms is not known: name a person's mailbox as outOfReach")
  }
  try {
    await read(graph, address)
    return bad(`mailbox ${address} can be read, which is no room of this source.`, scopeLines)
  } catch (error) {
    const { status } = failureOf(error)
    if (status === 403) return good(`mailbox ${address} is out of reach, as it should be`)
    const { message } = meaningOf(error, address, false)
    return bad(`${message}: that proves nothing.`, 'Name a mailbox as outOfReach that exists in Exchange Online.')
  }
}

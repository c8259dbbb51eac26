import type { Resource } from '../store/store.ts'
import type { Gateway } from './gateway.ts'
import { roomHref, userHref } from './places.ts'
import { type Person, rightsOf } from './rights.ts'
import type { PrincipalTarget } from './targets.ts'
import { urn } from './urn.ts'

/** The mail domain of addresses that the gateway makes up: the host clients reach it by. */
const mailDomain = (gateway: Gateway): string =>
  gateway.config.baseUrl === null ? 'kaldav.invalid' : new URL(gateway.config.baseUrl).hostname

const roomMail = (gateway: Gateway, systemName: string): string =>
  `${encodeURIComponent(systemName)}@${mailDomain(gateway)}`

/** RFC 6638 §2.4.1. A user whose name is a mail address is known by it. */
const addresses = (href: string, mail: string | null): readonly string[] => [
  ...(mail === null ? [] : [`mailto:${mail}`]),
  href,
  urn(href),
]

/** What a room is invited by, in lower case. */
export const roomAddresses = (gateway: Gateway, { systemName }: Resource): ReadonlySet<string> =>
  new Set(addresses(roomHref(systemName), roomMail(gateway, systemName)).map(address => address.toLowerCase()))

export const userTarget = (gateway: Gateway, person: Person): PrincipalTarget => {
  const place = { kind: 'user', name: person.name } as const
  const href = userHref(person.name)
  return {
    kind: 'user',
    href,
    person,
    scheduling: gateway.scheduling === 'rooms',
    rights: rightsOf(person, place),
    name: person.name,
    addresses: addresses(href, person.name.includes('@') ? person.name : null),
    userType: 'INDIVIDUAL',
    description: null,
    capacity: null,
    building: null,
  }
}

const tagged = ({ tags }: Resource, name: string): string | null =>
  tags
    .find(tag => tag.toLowerCase().startsWith(`${name}:`))
    ?.slice(name.length + 1)
    .trim() ?? null

/** A Kaltura resource as somebody to invite: a location is a room, all else a resource (RFC 5545 §3.2.3). */
export const roomTarget = (gateway: Gateway, resource: Resource, person: Person): PrincipalTarget => {
  const href = roomHref(resource.systemName)
  return {
    kind: 'room',
    href,
    person,
    scheduling: gateway.scheduling === 'rooms',
    rights: rightsOf(person, { kind: 'room', name: resource.systemName }),
    name: resource.name,
    addresses: addresses(href, roomMail(gateway, resource.systemName)),
    userType: resource.type === 'location' ? 'ROOM' : 'RESOURCE',
    description: resource.description,
    capacity: tagged(resource, 'capacity'),
    building: tagged(resource, 'building'),
  }
}

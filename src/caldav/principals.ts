import type { Resource } from '../store/store.ts'
import type { Gateway } from './gateway.ts'
import { roomHref, userHref } from './places.ts'
import { type Person, rightsOf } from './rights.ts'
import type { PrincipalTarget } from './targets.ts'
import { urn } from './urn.ts'

/** The mail domain of addresses that the gateway makes up: the host clients reach it by. */
const mailDomain = (gateway: Gateway): string =>
  gateway.config.baseUrl === null ? 'kaldav.invalid' : new URL(gateway.config.baseUrl).hostname

/** RFC 6638 §2.4.1. A user whose name is a mail address is known by it. */
const addresses = (href: string, mail: string | null): readonly string[] => [
  ...(mail === null ? [] : [`mailto:${mail}`]),
  href,
  urn(href),
]

export const userTarget = (person: Person): PrincipalTarget => {
  const place = { kind: 'user', name: person.name } as const
  const href = userHref(person.name)
  return {
    kind: 'user',
    href,
    person,
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
    rights: rightsOf(person, { kind: 'room', name: resource.systemName }),
    name: resource.name,
    addresses: addresses(href, `${encodeURIComponent(resource.systemName)}@${mailDomain(gateway)}`),
    userType: resource.type === 'location' ? 'ROOM' : 'RESOURCE',
    description: resource.description,
    capacity: tagged(resource, 'capacity'),
    building: tagged(resource, 'building'),
  }
}

import type { Component, ScheduleEvent } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import type { Person } from './rights.ts'
import type { Served } from './sources.ts'

/** What says when an event takes place, and nothing of what it is. */
const STAMPS = new Set(['dtstamp', 'created', 'last-modified'])

/** A component as those see it who have no right to its content (RFC 5545 §3.8.1.3). */
const withheld = <C extends Component>(component: C): C => {
  if (component.classification !== 'PRIVATE' && component.classification !== 'CONFIDENTIAL') return component
  const { type, status } = component.kaltura
  return {
    ...component,
    summary: 'Busy',
    description: null,
    location: null,
    kaltura: { ...(type === undefined ? {} : { type }), ...(status === undefined ? {} : { status }) },
    parameters: {},
    extra: component.extra.filter(([name]) => STAMPS.has(name)),
    components: [],
  }
}

const ofEvent = (event: ScheduleEvent): ScheduleEvent => ({
  ...event,
  master: event.master && withheld(event.master),
  overrides: event.overrides.map(withheld),
})

const MARKED = /^CLASS[^:]*:\s*(?:PRIVATE|CONFIDENTIAL)/im

/** Whether somebody sees what is marked as private: those who book do, those who only read do not. */
export const seesPrivate = (person: Person): boolean => person.role !== 'viewer'

/** An event as a person may see it. */
export const visibleTo = (person: Person, served: Served): Served => {
  if (seesPrivate(person) || !MARKED.test(served.details.body)) return served
  const event = ofEvent(served.details.event())
  return { ...served, details: { ...served.details, body: writeCalendar([event]), event: () => event } }
}

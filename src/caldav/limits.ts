/** What a calendar takes: stated as properties (RFC 4791 §5.2.5–§5.2.8) and held at the door. */
export const MAX_RESOURCE_SIZE = 1024 * 1024
export const MIN_DATE_TIME = '19000101T000000Z'
export const MAX_DATE_TIME = '21000101T000000Z'
/** Occurrences of one event inside the indexed horizon; rules without an end are counted there only. */
export const MAX_INSTANCES = 10_000
/** As many as other servers take; a room has no list of guests. */
export const MAX_ATTENDEES = 100
/** Hrefs in one multiget, and matches in one answer that carries calendar data. */
export const MAX_MULTIGET = 5_000

/** The gateway's own X-KALDAV-* properties: where an event came from, and which open conflicts it has. */
import { formatDateTime } from '../schedule/civil.ts'
import type { JCalProperty } from '../schedule/event.ts'
import type { Conflict, ConflictKind } from './types.ts'

/** An instant in the basic form of RFC 5545 §3.3.5. */
export const utcText = (epoch: number): string => `${formatDateTime(epoch).replace(/[-:]/g, '')}Z`

const overlapText = (start: number | null, end: number | null): string =>
  start === null ? '' : `;${utcText(start)}${end === null ? '' : `/${utcText(end)}`}`

/** `kind;other UID,…;start/end`, the overlap being the first there is. */
export const conflictFlag = (
  kind: ConflictKind,
  others: readonly string[],
  start: number | null,
  end: number | null,
): JCalProperty => ['x-kaldav-conflict', {}, 'unknown', `${kind};${others.join(',')}${overlapText(start, end)}`]

export const sourceFlag = (source: string): JCalProperty => ['x-kaldav-source', {}, 'unknown', source]

/** The flags of one event: its source, and one conflict each. */
export const flagsOf = (uid: string, source: string, conflicts: readonly Conflict[]): readonly JCalProperty[] => [
  sourceFlag(source),
  ...conflicts.map(({ kind, uids, start, end }) =>
    conflictFlag(
      kind,
      uids.filter(other => other !== uid),
      start,
      end,
    ),
  ),
]

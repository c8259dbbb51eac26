/** What one run of a binding did (a dry run: would do), as `kaldav sync --json` prints it. */
export interface SyncReport {
  readonly source: string
  readonly calendar: string
  /** The journal's name of the run; `null` for a dry run. */
  readonly run: string | null
  /** Events the remote reported as changed or gone. */
  pulled: number
  created: number
  updated: number
  removed: number
  /** Writes to the remote. */
  pushed: number
  /** Events one side refused for good. */
  rejected: number
  /** Deletions that wait for a person. */
  held: number
  conflicts: number
  error: string | null
  remedy: string | null
  /** What was or would be done, one line an event and side. */
  readonly plan: PlanLine[]
}

export interface PlanLine {
  readonly uid: string
  readonly side: 'ours' | 'theirs'
  readonly action: 'create' | 'update' | 'delete' | 'reject' | 'hold'
  readonly fields: readonly string[]
}

export const newReport = (source: string, calendar: string, run: string | null): SyncReport => ({
  source,
  calendar,
  run,
  pulled: 0,
  created: 0,
  updated: 0,
  removed: 0,
  pushed: 0,
  rejected: 0,
  held: 0,
  conflicts: 0,
  error: null,
  remedy: null,
  plan: [],
})

/** Whether the run wrote anything on either side: a converged pair of calendars never does. */
export const wrote = (report: SyncReport): boolean =>
  report.created + report.updated + report.removed + report.pushed > 0

/** Two runs of one binding, one after the other, as one. The journal knows both; the first is named. */
export const together = (first: SyncReport, then: SyncReport): SyncReport => ({
  ...first,
  pulled: first.pulled + then.pulled,
  created: first.created + then.created,
  updated: first.updated + then.updated,
  removed: first.removed + then.removed,
  pushed: first.pushed + then.pushed,
  rejected: first.rejected + then.rejected,
  held: then.held,
  conflicts: first.conflicts + then.conflicts,
  error: then.error ?? first.error,
  remedy: then.error === null ? first.remedy : then.remedy,
  plan: [...first.plan, ...then.plan],
})

/** FREQ of an RRULE, as KalturaScheduleEventRecurrenceFrequency has it: for both kinds of uploaded files. */
export const FREQUENCIES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    SECONDLY: 'seconds',
    MINUTELY: 'minutes',
    HOURLY: 'hours',
    DAILY: 'days',
    WEEKLY: 'weeks',
    MONTHLY: 'months',
    YEARLY: 'years',
  }),
)

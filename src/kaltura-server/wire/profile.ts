/** `responseProfile`: which fields of an object are answered. An empty list means all. */
export interface Profile {
  readonly include: boolean
  readonly fields: readonly string[]
}

/** Does this profile let a field through? (Kaltura: KalturaObject::shouldGet) */
export function admits(profile: Profile | null, field: string): boolean {
  if (!profile || profile.fields.length === 0) return true
  return profile.fields.includes(field) === profile.include
}

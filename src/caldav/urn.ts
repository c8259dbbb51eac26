import { hash } from 'node:crypto'

/** A name in the form of a UUID (RFC 9562 §5.8), the same at every start: what Apple's clients compare attendees by. */
export const urn = (name: string): string => {
  const digits = hash('sha256', name)
  const variant = ((Number.parseInt(digits.slice(16, 17), 16) & 3) | 8).toString(16)
  const parts = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    variant + digits.slice(17, 20),
    digits.slice(20, 32),
  ]
  return `urn:uuid:${parts.join('-')}`
}

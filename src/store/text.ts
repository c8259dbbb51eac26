import { Rejected } from '../errors.ts'

/**
 * PostgreSQL cannot keep a NUL, and UTF-8 has no half of a surrogate pair: such text would come back different.
 * @throws Rejected
 */
export function checkText(text: string): void {
  if (!text.includes('\0') && text.isWellFormed()) return
  throw new Rejected('invalid-text', 'the text holds a NUL or half of a surrogate pair, which cannot be stored', {
    remedy: 'Remove these characters; no calendar program needs them',
  })
}

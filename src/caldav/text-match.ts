import type { Collation, TextMatch } from './filter.ts'

/** How each collation sees a text (RFC 4790 §9, RFC 5051). */
const FOLDED: Readonly<Record<Collation, (text: string) => string>> = {
  'i;octet': text => text,
  'i;ascii-casemap': text => text.replace(/[a-z]+/g, letters => letters.toUpperCase()),
  'i;unicode-casemap': text => text.toUpperCase().normalize('NFKD'),
}

/** Whether any of the texts contains the one looked for, or none does where the condition is negated. */
export const matchesText = ({ text, collation, negate }: TextMatch, values: readonly string[]): boolean => {
  const fold = FOLDED[collation]
  const wanted = fold(text)
  return values.some(value => fold(value).includes(wanted)) !== negate
}

/** Texts by what they say: Exchange rewrites bodies as HTML of its own and trims what it likes. */

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

const decoded = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (name) return entities[String(name).toLowerCase()] ?? whole
    const code = decimal ? Number(decimal) : Number.parseInt(String(hex), 16)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })

/** The lines of a text without what no reader sees: blank lines, and spaces in rows or at the ends of lines. */
export function squeezed(text: string): string | null {
  const lines = text.split(/\r\n?|\n/).map(line => line.replace(/[ \t\u00a0]+/g, ' ').trim())
  return lines.filter(line => line !== '').join('\n') || null
}

/** What a reader of the HTML sees, as lines. */
export function textOfHtml(html: string): string | null {
  const shown = html.replace(/<!--[\s\S]*?-->/g, '').replace(/<(head|style|script)\b[\s\S]*?<\/\1\s*>/gi, '')
  const lineEnd = /<(br|\/p|\/div|\/li|\/tr|\/h\d)\b[^>]*>/gi
  // A plain text that was only wrapped has its lines still.
  const visible = (shown.search(lineEnd) < 0 ? shown : shown.replace(/\s+/g, ' '))
    .replace(lineEnd, '\n')
    .replace(/<[^>]*>/g, '')
  return squeezed(decoded(visible))
}

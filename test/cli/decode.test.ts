import { expect, test } from 'vitest'
import { decode } from '../../src/cli/decode.ts'

const text = 'BEGIN:VCALENDAR\r\nSUMMARY:Größe – naïve\r\n'
const utf16be = (value: string) => Buffer.from(value, 'utf16le').swap16()

test.each([
  ['UTF-8', Buffer.from(text)],
  ['UTF-8 with BOM', Buffer.from(`\ufeff${text}`)],
  ['UTF-16LE with BOM', Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['UTF-16BE with BOM', utf16be(`\ufeff${text}`)],
  ['UTF-16LE without BOM', Buffer.from(text, 'utf16le')],
  ['UTF-16BE without BOM', utf16be(text)],
])('reads %s', (_name, bytes) => {
  expect(decode(bytes)).toBe(text)
})

test('reads what is no UTF-8 as Windows-1252', () => {
  expect(decode(Buffer.from('SUMMARY:Gr\xf6\xdfe \x96 \x80', 'latin1'))).toBe('SUMMARY:Größe – €')
})

test('reads an empty file', () => {
  expect(decode(new Uint8Array())).toBe('')
})

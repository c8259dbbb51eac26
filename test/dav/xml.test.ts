import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DavError } from '../../src/dav/errors.ts'
import { dav } from '../../src/dav/names.ts'
import { document, element, escapeXml, textElement } from '../../src/dav/write.ts'
import { attribute, child, children, parseXml, textOf, writeNode } from '../../src/dav/xml.ts'

const refusal = (text: string): DavError => {
  try {
    parseXml(text)
  } catch (error) {
    if (error instanceof DavError) return error
    throw error
  }
  throw new Error('accepted')
}

describe('parseXml', () => {
  it('gives names in Clark notation, whatever the prefixes', () => {
    const node = parseXml(
      '<a:x xmlns:a="DAV:" q="1"><b xmlns="urn:b" xml:lang="de">hi<![CDATA[ <c> ]]></b><a:y/>&#13;</a:x>',
    )
    expect(node.name).toBe('{DAV:}x')
    expect(attribute(node, 'q')).toBe('1')
    expect(children(node).map(({ name }) => name)).toEqual(['{urn:b}b', '{DAV:}y'])
    const inner = child(node, '{urn:b}b')
    expect(inner && textOf(inner)).toBe('hi <c> ')
    expect(textOf(node)).toBe('\r')
  })

  it('gives the same immutable node for the same text', () => {
    const text = '<propfind xmlns="DAV:"><prop/></propfind>'
    expect(parseXml(text)).toBe(parseXml(text))
    expect(Object.isFrozen(parseXml(text))).toBe(true)
  })

  it.each([
    ['an element that does not end', '<a>'],
    ['two roots', '<a/><b/>'],
    ['text after the root', '<a/>x'],
    ['nothing', '   '],
    ['an undeclared prefix', '<D:propfind/>'],
    ['several colons in a name', '<a xmlns:D="DAV:"><:::D:getetag/></a>'],
    ['a name that begins with a digit after its prefix', '<D:1a xmlns:D="DAV:"/>'],
    ['a colon that ends the name of an attribute', '<a b:="1"/>'],
    ['an undeclared entity', '<a>&foo;</a>'],
    ['a DTD', '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'],
    ['an external DTD', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'],
    ['elements named like internals of the parser', '<a>x<_/></a>'],
    ['JSON', '{}'],
  ])('refuses %s with 400', (_, text) => {
    expect(refusal(text).status).toBe(400)
  })

  it('refuses deep nesting before it costs anything', () => {
    const deep = Array.from({ length: 40_000 }, (_, index) => `<a xmlns:n${index}="u">`).join('')
    expect(refusal(deep).message).toContain('nested')
    const ok = `${'<a>'.repeat(100)}${'</a>'.repeat(100)}`
    expect(parseXml(ok).name).toBe('a')
  })

  it('never throws anything but DavError', () => {
    const piece = fc.constantFrom(
      '<a>',
      '</a>',
      '<a xmlns="DAV:">',
      '&amp;',
      '&#0;',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '"',
      'x',
      '<__proto__/>',
      '<?pi?>',
      '<',
      '>',
      '\u0000',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
        const text = pieces.join('')
        try {
          parseXml(text)
        } catch (error) {
          expect(error).toBeInstanceOf(DavError)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('writing', () => {
  it('is read back as it was, CR and all', () => {
    // XML 1.0 has no way to write other control characters; they become U+FFFD.
    const text = fc.string({ unit: 'binary' }).map(value => value.toWellFormed())
    fc.assert(
      fc.property(text, value => {
        const expected = [...value]
          .map(c => (/[\t\n\r]/.test(c) || (c >= ' ' && !/[\ufffe\uffff]/.test(c)) ? c : '\ufffd'))
          .join('')
        expect(textOf(parseXml(document(dav('x'), escapeXml(value))))).toBe(expected)
      }),
    )
  })

  it('gives a kept element back with its attributes, namespaces and nesting', () => {
    const text = `<A:calendar-color xmlns:A="http://apple.com/ns/ical/" symbolic-color="x&quot;&lt;" xml:lang="de" q:r="1&#10;'" p:r="2" xmlns:p="urn:p" xmlns:q="urn:q q">#F<z xmlns="urn:z"><n xmlns=""/></z></A:calendar-color>`
    const node = parseXml(text)
    const again = child(parseXml(document(dav('prop'), writeNode(node))), node.name)
    expect(again).toEqual(node)
  })

  it('declares what it does not know', () => {
    expect(element('{urn:odd}name', textElement(dav('href'), '/a&b'))).toBe(
      '<X:name xmlns:X="urn:odd"><D:href>/a&amp;b</D:href></X:name>',
    )
  })
})

import fc from 'fast-check'
import { XMLParser } from 'fast-xml-parser'
import { describe, expect, test } from 'vitest'
import { all, cdata, cutEncrypt, one, parseXml, textOf, type XmlElement, XmlError } from '../src/platforms/wecom/xml.ts'
import { cost } from './cost.ts'
import { V2 } from './wecom-vectors.ts'

describe('reading', () => {
  test('values stay strings exactly as written: leading zeros, exponents, spaces, numbers beyond 2^53', () => {
    const xml = parseXml('<xml><A>007</A><B>1e5</B><C><![CDATA[ two  spaces ]]></C><D>4561255354251345929</D></xml>')
    expect(['A', 'B', 'C', 'D'].map((name) => textOf(xml, name))).toEqual([
      '007',
      '1e5',
      ' two  spaces ',
      '4561255354251345929',
    ])
  })

  test('with CDATA or without, in pieces or whole, with references: the same text', () => {
    for (const value of [
      'a&lt;b',
      '<![CDATA[a<b]]>',
      'a<![CDATA[<]]>b',
      '<![CDATA[a]]><![CDATA[<b]]>',
      'a&#60;b',
      'a&#x3c;b',
    ])
      expect(textOf(parseXml(`<xml><A>${value}</A></xml>`), 'A')).toBe('a<b')
  })

  test('references are not read inside CDATA, and never twice', () => {
    expect(textOf(parseXml('<xml><A><![CDATA[&amp;]]></A></xml>'), 'A')).toBe('&amp;')
    expect(textOf(parseXml('<xml><A>&amp;lt;</A></xml>'), 'A')).toBe('&lt;')
  })

  test('an empty element is empty in each of its three forms, and a missing one reads alike', () => {
    const xml = parseXml('<xml><A/><B></B><C><![CDATA[]]></C><D /></xml>')
    for (const name of ['A', 'B', 'C', 'D', 'E']) expect(textOf(xml, name)).toBe('')
    expect(one(xml, 'E')).toBeUndefined()
  })

  test('repeated elements are a list whether there are none, one or many', () => {
    const list = (inner: string) => all(parseXml(`<xml>${inner}</xml>`), 'I').map((item) => item.text)
    expect(list('')).toEqual([])
    expect(list('<I>1</I>')).toEqual(['1'])
    expect(list('<I>1</I>\n <I>2</I>')).toEqual(['1', '2'])
  })

  test('a repeated element that must be single is refused, so that no two readers can disagree', () => {
    const xml = parseXml('<xml><FromUserName>lin</FromUserName><FromUserName>zhao</FromUserName></xml>')
    expect(() => textOf(xml, 'FromUserName')).toThrow(XmlError)
  })

  test('a declaration and a byte order mark in front are passed over', () => {
    expect(textOf(parseXml('\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<xml><A>1</A></xml>\n'), 'A')).toBe('1')
  })

  test('whatever a person types comes through CDATA unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(textOf(parseXml(`<xml><A>${cdata(text)}</A></xml>`), 'A')).toBe(text)
      }),
    )
    expect(textOf(parseXml(`<xml><A>${cdata('a]]>b]]]]>')}</A></xml>`), 'A')).toBe('a]]>b]]]]>')
  })

  test('a general parser reads the same from any document of the kind we accept', () => {
    const parser = new XMLParser({ parseTagValue: false, trimValues: false, ignoreDeclaration: true })
    const name = fc.constantFrom('A', 'Bc', 'Item', 'x_1')
    const text = fc.string({ unit: fc.constantFrom(...'ab <>&]汉😀') })
    const leaf = fc.tuple(name, text, fc.boolean()).map(([tag, value, wrapped]) => {
      const escaped = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
      return `<${tag}>${wrapped ? cdata(value) : escaped}</${tag}>`
    })
    const node = fc.array(leaf, { minLength: 1, maxLength: 4 }).map((leaves) => `<N>${leaves.join('')}</N>`)
    fc.assert(
      fc.property(fc.array(fc.oneof(leaf, node), { minLength: 1, maxLength: 6 }), (parts) => {
        const source = `<xml>${parts.join('')}</xml>`
        expect(plainOf(parseXml(source))).toEqual(parser.parse(source).xml)
      }),
    )
  })
})

/** As fast-xml-parser tells it: a list only where a name is repeated. */
function plainOf(element: XmlElement): unknown {
  if (element.children.length === 0) return element.text
  const names = [...new Set(element.children.map((child) => child.name))]
  return Object.fromEntries(
    names.map((name) => {
      const found = all(element, name).map(plainOf)
      return [name, found.length === 1 ? found[0] : found]
    }),
  )
}

describe('refusing', () => {
  test.each([
    ['a DOCTYPE', '<!DOCTYPE xml><xml><A>1</A></xml>'],
    ['an entity of its own', '<!DOCTYPE x [<!ENTITY a "b">]><xml><A>&a;</A></xml>'],
    ['a DOCTYPE inside', '<xml><!DOCTYPE xml></xml>'],
    ['an unknown entity', '<xml><A>&file;</A></xml>'],
    ['a name from Object', '<xml><A>&toString;</A></xml>'],
    ['a bare ampersand', '<xml><A>a & b</A></xml>'],
    ['a reference to no character', '<xml><A>&#0;</A></xml>'],
    ['a reference beyond Unicode', '<xml><A>&#x110000;</A></xml>'],
    ['a reference to half a character', '<xml><A>&#xd83d;</A></xml>'],
    ['an endless reference', `<xml><A>&#${'0'.repeat(1000)}1;</A></xml>`],
    ['a comment', '<xml><!-- --><A>1</A></xml>'],
    ['a processing instruction', '<xml><?php x?></xml>'],
    ['an attribute', '<xml a="1"><A>1</A></xml>'],
    ['text beside elements', '<xml>text<A>1</A></xml>'],
    ['two roots', '<xml></xml><xml></xml>'],
    ['text after the root', '<xml></xml>x'],
    ['CDATA outside the root', '<![CDATA[x]]><xml></xml>'],
    ['crossed tags', '<xml><A><B></A></B></xml>'],
    ['a tag left open', '<xml><A>1</xml>'],
    ['an end without a start', '</xml>'],
    ['an unfinished tag', '<xml><A'],
    ['CDATA left open', '<xml><A><![CDATA[x</A></xml>'],
    ['nothing', ''],
    ['only text', 'hello'],
    ['an unfinished declaration', '<?xml version="1.0"'],
    ['a namespace', '<xml><a:b>1</a:b></xml>'],
  ])('%s', (_, source) => {
    expect(() => parseXml(source)).toThrow(XmlError)
  })

  test('depth 12 is read, 13 is not', () => {
    const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth)
    expect(parseXml(nested(12)).name).toBe('a')
    expect(() => parseXml(nested(13))).toThrow(XmlError)
  })

  test('2,000 elements are read, 2,001 are not; nor are more than 65,536 characters', () => {
    expect(parseXml(`<xml>${'<a/>'.repeat(1999)}</xml>`).children).toHaveLength(1999)
    expect(() => parseXml(`<xml>${'<a/>'.repeat(2000)}</xml>`)).toThrow(XmlError)
    const filled = (length: number) => `<xml>${' '.repeat(length - 11)}</xml>`
    expect(parseXml(filled(65_536)).name).toBe('xml')
    expect(() => parseXml(filled(65_537))).toThrow(XmlError)
  })

  test('no input makes it throw anything else, or take long', () => {
    const piece = fc.constantFrom(
      '<xml>',
      '</xml>',
      '<A>',
      '</A>',
      '<![CDATA[',
      ']]>',
      '&',
      '&lt;',
      '&#',
      ';',
      '<!',
      '<?xml ',
      '?>',
      '<',
      '>',
      '/',
      'x',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        try {
          parseXml(pieces.join(''))
        } catch (error) {
          expect(error).toBeInstanceOf(XmlError)
        }
      }),
      { numRuns: 3000 },
    )
    for (const heavy of ['&lt;', '&', '<a>', '<a/>', '<![CDATA[]]>', '<![CDATA[', '<', '&#']) {
      const text = `<xml>${heavy.repeat(Math.floor(65_000 / heavy.length))}`
      const read = () => {
        try {
          parseXml(text)
        } catch (error) {
          expect(error).toBeInstanceOf(XmlError)
        }
      }
      expect(cost(read, 5)).toBeLessThan(250_000)
    }
  })
})

describe('cutting Encrypt out before the signature is known', () => {
  const envelope = (encrypt: string, more = '') =>
    Buffer.from(`<xml><ToUserName><![CDATA[corp]]></ToUserName>${encrypt}<AgentID>218</AgentID>${more}</xml>`)

  test('in CDATA, bare, with line breaks around, in any order', () => {
    for (const encrypt of [
      `<Encrypt><![CDATA[${V2.encrypted}]]></Encrypt>`,
      `<Encrypt>${V2.encrypted}</Encrypt>`,
      `<Encrypt>\n<![CDATA[${V2.encrypted}]]>\n</Encrypt>`,
    ]) {
      expect(cutEncrypt(envelope(encrypt))).toBe(V2.encrypted)
      expect(cutEncrypt(Buffer.from(`<xml>${encrypt}</xml>`))).toBe(V2.encrypted)
    }
  })

  test.each([
    ['none', envelope('')],
    ['two', envelope('<Encrypt>QUJD</Encrypt>', '<Encrypt>QUJE</Encrypt>')],
    ['one nested in another', envelope('<Encrypt><Encrypt>QUJD</Encrypt></Encrypt>')],
    [
      'one hidden in CDATA before the real one',
      envelope('<A><![CDATA[<Encrypt>QUJD</Encrypt>]]></A><Encrypt>QUJE</Encrypt>'),
    ],
    ['one in a comment', envelope('<!--<Encrypt>QUJD</Encrypt>-->')],
    ['a comment inside', envelope('<Encrypt>QU<!-- -->JD</Encrypt>')],
    ['CDATA in two pieces', envelope('<Encrypt><![CDATA[QU]]><![CDATA[JD]]></Encrypt>')],
    ['an attribute', envelope('<Encrypt a="b">QUJD</Encrypt>')],
    ['no base64', envelope('<Encrypt>QU JD</Encrypt>')],
    ['a reference', envelope('<Encrypt>&#81;UJD</Encrypt>')],
    ['nothing in it', envelope('<Encrypt></Encrypt>')],
    ['no end', Buffer.from('<xml><Encrypt>QUJD')],
    ['a DOCTYPE in front', Buffer.from('<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>QUJD</Encrypt></xml>')],
  ])('%s: refused', (_, body) => {
    expect(cutEncrypt(body)).toBeUndefined()
  })

  test('a body of 65,536 bytes is looked at, one byte more is not', () => {
    const start = '<xml><Encrypt>QUJD</Encrypt>'
    expect(cutEncrypt(Buffer.from(start.padEnd(65_536)))).toBe('QUJD')
    expect(cutEncrypt(Buffer.from(start.padEnd(65_537)))).toBeUndefined()
  })
})

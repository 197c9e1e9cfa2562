/**
 * A strict reader of the XML that WeCom sends: elements, text, CDATA, the five named entities and numeric references.
 * Everything else that XML knows (DOCTYPE, comments, attributes, processing instructions) is refused, because WeCom
 * never sends it and each was the way into some general parser (reliability.md §2.6).
 */
export interface XmlElement {
  name: string
  /** Of an element without children, CDATA and references resolved, never trimmed and never turned into numbers. */
  text: string
  children: XmlElement[]
}

export class XmlError extends Error {
  override name = 'XmlError'
}

const MAX_LENGTH = 64 * 1024
const MAX_DEPTH = 12
const MAX_ELEMENTS = 2000
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/
const BLANK = /^[ \t\r\n]*$/

/**
 * @param source the whole document, at most 64 Ki characters
 * @throws XmlError when it is anything but one well-formed element of the kind described above
 */
export function parseXml(source: string): XmlElement {
  if (source.length > MAX_LENGTH) throw new XmlError('too long')
  const holder: XmlElement = { name: '', text: '', children: [] }
  const open = [holder]
  let elements = 0
  let at = skipDeclaration(source)
  while (at < source.length) {
    const element = open[open.length - 1]!
    const mark = source.indexOf('<', at)
    if (mark !== at) {
      const text = mark < 0 ? source.slice(at) : source.slice(at, mark)
      addText(element, text.includes('&') ? resolve(text) : text)
      if (mark < 0) break
    }
    if (source.startsWith('<![CDATA[', mark)) {
      const end = source.indexOf(']]>', mark + 9)
      if (end < 0) throw new XmlError('CDATA without end')
      if (element === holder) throw new XmlError('text outside the root')
      addText(element, source.slice(mark + 9, end))
      at = end + 3
      continue
    }
    const end = source.indexOf('>', mark)
    if (end < 0) throw new XmlError('tag without end')
    at = end + 1
    if (source.charCodeAt(mark + 1) === 47 /* / */) {
      if (element === holder || source.slice(mark + 2, end).trimEnd() !== element.name)
        throw new XmlError('end tag without its start')
      if (element.children.length > 0 && !BLANK.test(element.text)) throw new XmlError('text beside elements')
      if (element.children.length > 0) element.text = ''
      open.pop()
      continue
    }
    const empty = source.charCodeAt(end - 1) === 47
    const name = source.slice(mark + 1, empty ? end - 1 : end).trimEnd()
    if (!NAME.test(name)) throw new XmlError('not an element')
    if (element === holder && holder.children.length > 0) throw new XmlError('two roots')
    if (++elements > MAX_ELEMENTS || open.length > MAX_DEPTH) throw new XmlError('too many or too deep elements')
    const child: XmlElement = { name, text: '', children: [] }
    element.children.push(child)
    if (!empty) open.push(child)
  }
  if (open.length > 1 || holder.children.length === 0) throw new XmlError('incomplete')
  if (!BLANK.test(holder.text)) throw new XmlError('text outside the root')
  return holder.children[0]!
}

/** All children of that name, in order: none, one or many are the same to the caller. */
export function all(element: XmlElement | undefined, name: string): XmlElement[] {
  return element ? element.children.filter((child) => child.name === name) : []
}

/** The only child of that name. @throws XmlError when there are two, so that no two readers can disagree about it */
export function one(element: XmlElement | undefined, name: string): XmlElement | undefined {
  let found: XmlElement | undefined
  for (const child of element?.children ?? []) {
    if (child.name !== name) continue
    if (found) throw new XmlError(`${name} is repeated`)
    found = child
  }
  return found
}

/** Text of the only child of that name, '' when there is none. */
export function textOf(element: XmlElement | undefined, name: string): string {
  return one(element, name)?.text ?? ''
}

const ENCRYPT_OPEN = '<Encrypt>'
const ENCRYPT_CLOSE = '</Encrypt>'
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * Cuts the Encrypt value out of a callback body without parsing it: all that is done before the signature is known.
 *
 * @returns undefined for a body over 64 KiB, or without exactly one Encrypt in base64, or with a DOCTYPE or comment
 */
export function cutEncrypt(body: Buffer): string | undefined {
  if (body.length > MAX_LENGTH) return undefined
  const source = body.toString('latin1')
  const start = source.indexOf(ENCRYPT_OPEN)
  if (start < 0 || source.indexOf('<Encrypt', start + 1) >= 0) return undefined
  const end = source.indexOf(ENCRYPT_CLOSE, start)
  if (end < 0 || source.indexOf(ENCRYPT_CLOSE, end + 1) >= 0) return undefined
  // The only "<!" that WeCom writes opens a CDATA section.
  for (let at = source.indexOf('<!'); at >= 0; at = source.indexOf('<!', at + 1))
    if (!source.startsWith('<![CDATA[', at)) return undefined
  let value = source.slice(start + ENCRYPT_OPEN.length, end).trim()
  if (value.startsWith('<![CDATA[') && value.endsWith(']]>')) value = value.slice(9, -3).trim()
  return BASE64.test(value) ? value : undefined
}

/** Text as one CDATA value; `]]>` inside is split, so nothing a person typed can end it. */
export function cdata(text: string): string {
  return `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`
}

function addText(element: XmlElement, text: string) {
  element.text = element.text === '' ? text : element.text + text
}

function skipDeclaration(source: string): number {
  const start = source.charCodeAt(0) === 0xfeff ? 1 : 0
  if (!source.startsWith('<?xml ', start)) return start
  const end = source.indexOf('?>', start)
  if (end < 0) throw new XmlError('declaration without end')
  return end + 2
}

const NAMED: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function resolve(text: string): string {
  return text.replace(/&([^;&]{0,12})(;?)/g, (_, what: string, close: string) => {
    if (close === '') throw new XmlError('bare ampersand')
    const named = Object.hasOwn(NAMED, what) ? NAMED[what] : undefined
    if (named !== undefined) return named
    const digits = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}))$/.exec(what)
    const code = digits ? Number.parseInt(digits[1] ?? digits[2]!, digits[1] ? 16 : 10) : 0
    if (code < 1 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new XmlError('unknown reference')
    return String.fromCodePoint(code)
  })
}

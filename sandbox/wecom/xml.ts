/** A small XML dialect: elements and text, no attributes. A list repeats its element. */
type XmlScalar = string | number | bigint
export type XmlValue = XmlScalar | XmlNode | (XmlScalar | XmlNode)[]
export interface XmlNode {
  [name: string]: XmlValue | undefined
}

export interface XmlStyle {
  /** Text in CDATA sections, or as plain text with entities. Numbers never stand in CDATA. */
  cdata: boolean
  /** Between the elements of the root: '\n' as in the samples of the documentation, or nothing. */
  gap: string
}

export function toXml(root: XmlNode, style: XmlStyle): string {
  const parts = Object.entries(root).map(([name, value]) => element(name, value, style))
  return `<xml>${style.gap}${parts.join(style.gap)}${style.gap}</xml>`
}

function element(name: string, value: XmlValue | undefined, style: XmlStyle): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.map((item) => element(name, item, style)).join('')
  return `<${name}>${content(value, style)}</${name}>`
}

function content(value: XmlScalar | XmlNode, style: XmlStyle): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value === 'string') return style.cdata ? cdata(value) : escapeText(value)
  return Object.entries(value)
    .map(([name, child]) => element(name, child, style))
    .join('')
}

function cdata(text: string): string {
  return `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#13;')
}

/** An element read back: its text, and its children by name, always as lists. */
export interface XmlElement {
  text: string
  children: Map<string, XmlElement[]>
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const TOKEN = /<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([A-Za-z_][\w.-]*)\s*(\/?)>|([^<]+)/gy

/**
 * Reads the XML of a passive reply, root `xml`.
 * @throws Error on anything that is not plain elements and text: attributes, comments, DOCTYPE, unknown entities
 */
export function parseXml(source: string): XmlElement {
  const top: XmlElement = { text: '', children: new Map() }
  const open: { name: string; element: XmlElement }[] = [{ name: '', element: top }]
  const text = source.replace(/^\s*<\?xml[^>]*\?>/, '').trim()
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex
    const token = TOKEN.exec(text)
    if (!token) throw new Error(`bad XML at ${at}`)
    const [, section, closing, name, selfClosing, plain] = token
    const current = open.at(-1)!
    if (section !== undefined) current.element.text += section
    else if (plain !== undefined) current.element.text += unescapeText(plain)
    else if (closing) {
      if (open.pop()!.name !== name) throw new Error(`</${name}> closes nothing`)
    } else {
      const child: XmlElement = { text: '', children: new Map() }
      const siblings = current.element.children.get(name!)
      if (siblings) siblings.push(child)
      else current.element.children.set(name!, [child])
      if (!selfClosing) open.push({ name: name!, element: child })
    }
  }
  const roots = top.children.get('xml')
  if (open.length !== 1 || top.children.size !== 1 || roots?.length !== 1 || top.text.trim() !== '')
    throw new Error('the root must be one <xml>')
  return roots[0]!
}

function unescapeText(text: string): string {
  return text.replace(/&([^;\s]*;?)/g, (whole, body: string) => {
    const name = body.slice(0, -1)
    const number = /^#(?:x([0-9a-fA-F]+)|(\d+))$/.exec(name)
    if (number) return String.fromCodePoint(number[1] ? Number.parseInt(number[1], 16) : Number(number[2]))
    const known = body.endsWith(';') ? ENTITIES[name] : undefined
    if (known === undefined) throw new Error(`unknown entity ${whole}`)
    return known
  })
}

/** Text of the first child of this name; undefined when there is none. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.get(name)?.[0]?.text
}

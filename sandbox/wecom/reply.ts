import type { CallbackRecord } from './callback.ts'
import { checkCard, isQuestion } from './cards.ts'
import { decrypt, sameSignature, sign } from './crypto.ts'
import { cutBytes, type Json } from './refusal.ts'
import { type Callback, livingMedium, type Member, memberOf, type World } from './state.ts'
import { applyChange, type CardChange, typeOf } from './update.ts'
import { childText, parseXml, type XmlElement } from './xml.ts'

/** Events that may be answered, beside ordinary messages and card events (wecom.md §1.7). */
const ANSWERABLE = [
  ...['subscribe', 'enter_agent', 'LOCATION', 'click', 'view', 'view_miniprogram', 'scancode_waitmsg'],
  ...['template_card_menu_event', 'template_card_event'],
]

/**
 * Verifies, decrypts and applies a passive reply.
 * @returns the kind of reply; undefined when the platform ignores it
 * @throws Error saying why it was thrown away
 */
export function applyReply(world: World, record: CallbackRecord, callback: Callback, body: string): string | undefined {
  if (record.to === 'contacts') throw new Error('a contact event takes no answer')
  const event = record.fields.Event as string | undefined
  if (event !== undefined && !ANSWERABLE.includes(event)) throw new Error(`${event} takes no answer`)
  const inner = openEnvelope(world, callback, body)
  const member = memberOf(world, String(record.fields.FromUserName))
  if (!member) throw new Error('the sender has left')
  if (need(inner, 'ToUserName') !== record.fields.FromUserName) throw new Error('ToUserName is not the sender')
  if (need(inner, 'FromUserName') !== world.corpId) throw new Error('FromUserName is not the corpid')
  if (!/^\d+$/.test(need(inner, 'CreateTime'))) throw new Error('CreateTime is not in seconds')
  const type = need(inner, 'MsgType')
  if (type === 'update_button' || type === 'update_template_card') {
    if (world.quirks.passiveUpdateIgnored) return undefined
    changeCard(world, record, member, readChange(world, type, inner))
    return type
  }
  say(world, member, type, inner)
  return type
}

function openEnvelope(world: World, callback: Callback, body: string): XmlElement {
  const outer = parseXml(body)
  const encrypted = need(outer, 'Encrypt')
  const expected = sign(callback.token, need(outer, 'TimeStamp'), need(outer, 'Nonce'), encrypted)
  if (!sameSignature(expected, need(outer, 'MsgSignature'))) throw new Error('bad signature')
  const { message, receiveId } = decrypt(callback.aesKey, encrypted)
  if (receiveId !== world.corpId) throw new Error('wrong receiveid')
  return parseXml(message)
}

function need(element: XmlElement, name: string): string {
  const text = childText(element, name)
  if (text === undefined || text === '') throw new Error(`${name} is missing`)
  return text
}

function say(world: World, member: Member, type: string, inner: XmlElement): void {
  const at = world.clock.now()
  const id = `reply-${Math.floor(world.random() * 2 ** 52)}`
  if (type === 'text') {
    member.chat.push({ id, at, from: 'bot', kind: 'text', text: cutBytes(need(inner, 'Content'), 2048) })
  } else if (type === 'image' || type === 'voice' || type === 'video') {
    const part = inner.children.get(type[0]!.toUpperCase() + type.slice(1))?.[0]
    const medium = livingMedium(world, part && childText(part, 'MediaId'), type)
    if (!medium) throw new Error('MediaId is invalid')
    member.chat.push({ id, at, from: 'bot', kind: type, text: medium.name })
  } else if (type === 'news') {
    const items = inner.children.get('Articles')?.[0]?.children.get('item') ?? []
    if (items.length < 1 || items.length > 8 || String(items.length) !== childText(inner, 'ArticleCount'))
      throw new Error('ArticleCount does not fit the articles')
    const text = items.map((item) => cutBytes(need(item, 'Title'), 128)).join('\n')
    member.chat.push({ id, at, from: 'bot', kind: 'link', text })
  } else throw new Error(`unknown MsgType ${type}`)
  world.changed(member.userId)
}

function readChange(world: World, type: string, inner: XmlElement): CardChange {
  if (type === 'update_button') {
    const button = inner.children.get('Button')?.[0]
    if (!button) throw new Error('Button is missing')
    return { kind: 'button', replaceName: need(button, 'ReplaceName') }
  }
  const element = inner.children.get('TemplateCard')?.[0]
  if (!element) throw new Error('TemplateCard is missing')
  const card = checkCard(toJson(element), {
    where: 'reply',
    unknownMembers: world.quirks.unknownMembers,
    isMember: (userId) => memberOf(world, userId) !== undefined,
    isFile: (mediaId) => livingMedium(world, mediaId, 'file') !== undefined,
  })
  return { kind: 'card', card }
}

/** A passive update reaches the clicker only. */
function changeCard(world: World, record: CallbackRecord, member: Member, change: CardChange): void {
  if (record.fields.TaskId === undefined) throw new Error('only a click on a card can update one')
  const entry = member.chat.find((one) => one.sent?.taskId === record.fields.TaskId)
  if (!entry?.sent || entry.sent.recalled) throw new Error('the card is gone')
  if (change.kind === 'button' && !isQuestion(typeOf(entry.sent))) throw new Error('the card has no buttons')
  applyChange(world, member, entry.sent, change)
}

const LISTS = [
  ...['HorizontalContentList', 'VerticalContentList', 'JumpList', 'ActionList', 'ButtonList'],
  ...['OptionList', 'SelectList'],
]
const NUMBERS = ['Type', 'DescColor', 'AspectRatio', 'Style', 'Mode']
const FLAGS = ['Disable', 'IsChecked']
const ONE_WORD = ['AppId', 'Appid', 'PagePath', 'KeyName', 'UserId', 'CheckBox']

/** `TemplateCard` as the JSON that it stands for: PascalCase becomes snake_case, repeated elements become lists. */
function toJson(element: XmlElement): Json {
  const json: Json = {}
  for (const [name, values] of element.children) {
    const key = ONE_WORD.includes(name) ? name.toLowerCase() : snakeCase(name)
    if (LISTS.includes(name)) json[key] = values.map(toJson)
    else if (values.length > 1) throw new Error(`${name} is repeated`)
    else json[key] = scalar(name, values[0]!)
  }
  return json
}

function scalar(name: string, value: XmlElement): unknown {
  if (value.children.size > 0) return toJson(value)
  if (NUMBERS.includes(name)) return Number(value.text)
  if (FLAGS.includes(name)) return value.text === 'true' || value.text === '1'
  return value.text
}

function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase()
}

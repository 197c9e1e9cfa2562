import { randomBytes } from 'node:crypto'
import type { Card } from '../../../cards/card.ts'
import type { Clock } from '../../clock.ts'
import type { Incoming } from '../port.ts'
import type { Log } from './callback.ts'
import { type CallbackKeys, encrypt, sign } from './crypto.ts'
import { drawCard } from './draw-card.ts'
import { cdata } from './xml.ts'

export interface PassiveReplyOptions {
  keys: CallbackKeys
  publicBaseUrl: string
  clock: Clock
  log: Log
  next: (event: Incoming) => Card | undefined | Promise<Card | undefined>
}

/** Names that are not simply the PascalCase of the JSON's (wecom.md §1.7). */
const NAMES: Record<string, string> = { checkbox: 'CheckBox', keyname: 'KeyName' }

/** Builds the encrypted answer that shows the clicker the card's next face; '' or undefined means none. */
export function createPassiveReply(options: PassiveReplyOptions): (event: Incoming) => Promise<string | undefined> {
  const { keys, publicBaseUrl, clock, log, next } = options
  return async (event) => {
    try {
      const card = await next(event)
      if (!card) return undefined
      const seconds = String(Math.floor(clock.now().getTime() / 1000))
      const inner =
        `<xml><ToUserName>${cdata(event.userId)}</ToUserName><FromUserName>${cdata(keys.receiveId)}</FromUserName>` +
        `<CreateTime>${seconds}</CreateTime><MsgType>${cdata('update_template_card')}</MsgType>` +
        `${toXml('template_card', forPassive(drawCard(card, { publicBaseUrl })))}</xml>`
      const encrypted = encrypt(keys, inner)
      const nonce = randomBytes(8).toString('hex')
      const signature = sign(keys.token, seconds, nonce, encrypted)
      return (
        `<xml><Encrypt>${cdata(encrypted)}</Encrypt><MsgSignature>${cdata(signature)}</MsgSignature>` +
        `<TimeStamp>${seconds}</TimeStamp><Nonce>${cdata(nonce)}</Nonce></xml>`
      )
    } catch (error) {
      // The click is stored; the card is changed through the API in any case.
      log.error({ id: event.id, error: error instanceof Error ? error.message : 'unknown' }, '生成被动更新的卡片时出错')
      return undefined
    }
  }
}

/** A button that opens a page has no place in a passive answer. */
function forPassive(card: Record<string, unknown>): Record<string, unknown> {
  const { button_list: buttons, ...rest } = card
  return Array.isArray(buttons) ? { ...rest, button_list: buttons.filter((button) => button.type !== 1) } : card
}

/** Lists are repeated elements of the list's own name. */
function toXml(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => toXml(name, item)).join('')
  const tag = NAMES[name] ?? name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())
  if (typeof value !== 'object' || value === null)
    return `<${tag}>${typeof value === 'string' ? cdata(value) : String(value)}</${tag}>`
  const inner = Object.entries(value).map(([key, item]) => toXml(key, item))
  return `<${tag}>${inner.join('')}</${tag}>`
}

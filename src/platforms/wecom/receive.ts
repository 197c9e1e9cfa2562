import { hash } from 'node:crypto'
import type { Incoming } from '../port.ts'
import { all, one, textOf, type XmlElement } from './xml.ts'

type Media = Extract<Incoming, { type: 'media' }>['media']
type Base = Pick<Incoming, 'id' | 'platform' | 'userId' | 'at'>

const FIVE_MINUTES_MS = 5 * 60_000

/** Message types of wecom.md §2.1; any other is a message all the same and gets an answer. */
const MEDIA = new Set<string>(['image', 'voice', 'video', 'file', 'location', 'link'] satisfies Media[])

/** Events of wecom.md §2.2 that tell the administrator something. */
const NOTICES = new Set([
  'inactive_alert',
  'close_inactive_agent',
  'reopen_inactive_agent',
  'low_active_alert',
  'low_active',
  'active_restored',
])

/** Documented events that mean nothing to us: acknowledged, not stored. */
const IGNORED = new Set([
  'view',
  'view_miniprogram',
  'LOCATION',
  'scancode_push',
  'scancode_waitmsg',
  'pic_sysphoto',
  'pic_photo_or_album',
  'pic_weixin',
  'location_select',
  'batch_job_result',
  'switch_workbench_mode',
  'open_approval_change',
])

/** Keys that would be dangerous as names of object members further in. */
const UNSAFE_KEYS = new Set(['__proto__', 'constructor', 'prototype'])
const REF = /^[A-Za-z0-9_@.-]{1,512}$/
const SAFE_KEY = /^[A-Za-z0-9_@-]{1,128}$/

/**
 * Turns one decrypted callback into an event, without more personal data than the event needs.
 *
 * @param xml        the decrypted `xml` element, of an app's callback or the contact assistant's
 * @param receivedAt when this delivery came in
 * @returns undefined for a documented event that means nothing to us
 * @throws XmlError when an element that must be single is repeated
 */
export function toIncoming(xml: XmlElement, receivedAt: Date): Incoming | undefined {
  const type = textOf(xml, 'MsgType')
  if (type === 'event' && IGNORED.has(textOf(xml, 'Event'))) return undefined
  const userId = textOf(xml, 'FromUserName')
  const base: Base = { id: deliveryId(xml), platform: 'wecom', userId, at: instant(xml, receivedAt) }
  if (type === 'event') return eventOf(xml, base)
  if (type === '' || userId === '') return notice(base, 'unknown-event')
  if (type === 'text') return { ...base, type: 'text', text: textOf(xml, 'Content'), chat: { kind: 'private' } }
  const media = MEDIA.has(type) ? (type as Media) : 'other'
  const ref = media === 'image' ? textOf(xml, 'MediaId') : ''
  return { ...base, type: 'media', media, ...(REF.test(ref) && { ref }), chat: { kind: 'private' } }
}

/** A short name of the kind of callback, for the log: no value that a person chose. */
export function kindOf(xml: XmlElement): string {
  const parts = [textOf(xml, 'MsgType'), textOf(xml, 'Event'), textOf(xml, 'ChangeType')]
  return parts
    .filter((part) => part !== '')
    .map((part) => part.replace(/[^A-Za-z0-9_]/g, '?').slice(0, 40))
    .join('/')
}

function eventOf(xml: XmlElement, base: Base): Incoming | undefined {
  const event = textOf(xml, 'Event')
  if (NOTICES.has(event)) return notice(base, event.replaceAll('_', '-'))
  if (event === 'change_contact') return contactChange(xml, base)
  if (base.userId === '') return notice(base, 'unknown-event')
  switch (event) {
    case 'subscribe':
      return { ...base, type: 'joined' }
    case 'unsubscribe':
      return { ...base, type: 'left' }
    case 'enter_agent':
      return { ...base, type: 'opened' }
    case 'click':
      return { ...base, type: 'menu', key: textOf(xml, 'EventKey') }
    case 'template_card_event':
    case 'template_card_menu_event': {
      const code = textOf(xml, 'ResponseCode')
      return {
        ...base,
        type: 'card-action',
        cardId: textOf(xml, 'TaskId'),
        action: textOf(xml, 'EventKey'),
        choices: choicesOf(xml),
        ...(code !== '' && { code }),
      }
    }
    default:
      return notice(base, 'unknown-event')
  }
}

/** wecom.md §2.5: since 2022-08 such events carry ids only, so details are read again through the API. */
function contactChange(xml: XmlElement, base: Base): Incoming | undefined {
  const change = textOf(xml, 'ChangeType')
  if (change.endsWith('_party')) return notice(base, 'departments-changed')
  if (change === 'update_tag') return undefined
  const userId = textOf(xml, 'UserID')
  if (userId === '') return notice(base, 'unknown-event')
  switch (change) {
    case 'create_user':
      return { ...base, userId, type: 'joined' }
    case 'delete_user':
      return { ...base, userId, type: 'left' }
    case 'update_user': {
      const newUserId = textOf(xml, 'NewUserID')
      return { ...base, userId, type: 'changed', ...(newUserId !== '' && { newUserId }) }
    }
    default:
      return notice(base, 'unknown-event')
  }
}

function notice(base: Base, what: string): Incoming {
  return { ...base, userId: '', type: 'notice', what }
}

function choicesOf(xml: XmlElement): Record<string, string[]> {
  const choices: [string, string[]][] = []
  for (const item of all(one(xml, 'SelectedItems'), 'SelectedItem')) {
    const question = textOf(item, 'QuestionKey')
    if (!SAFE_KEY.test(question) || UNSAFE_KEYS.has(question)) continue
    const ids = all(one(item, 'OptionIds'), 'OptionId').map((option) => option.text)
    choices.push([question, ids.filter((id) => SAFE_KEY.test(id))])
  }
  return Object.fromEntries(choices)
}

/**
 * `MsgId` for messages. Events have none, and the official sender + second would make one of a bulk import or of two
 * quick taps, so every field that tells two events apart takes part (wecom.md §1.6). By name, because a repeated
 * delivery may order its elements differently.
 */
function deliveryId(xml: XmlElement): string {
  const messageId = textOf(xml, 'MsgId')
  if (SAFE_KEY.test(messageId)) return `wecom:${messageId}`
  const items = all(one(xml, 'SelectedItems'), 'SelectedItem')
  const parts = [
    ...IDENTIFYING.map((name) => textOf(xml, name)),
    ...items.map(
      (item) => `${textOf(item, 'QuestionKey')}=${all(one(item, 'OptionIds'), 'OptionId').map((o) => o.text)}`,
    ),
  ]
  return `wecom:e:${hash('sha256', JSON.stringify(parts), 'base64url')}`
}

const IDENTIFYING = [
  'FromUserName',
  'CreateTime',
  'AgentID',
  'MsgType',
  'Event',
  'ChangeType',
  'EventKey',
  'TaskId',
  'ResponseCode',
  'UserID',
  'NewUserID',
  'Id',
  'TagId',
]

/** The rule of port.ts `at`. `CreateTime` is in whole seconds. */
function instant(xml: XmlElement, receivedAt: Date): Date {
  const seconds = textOf(xml, 'CreateTime')
  if (!/^[0-9]{1,11}$/.test(seconds)) return receivedAt
  const created = Number(seconds) * 1000
  return Math.abs(receivedAt.getTime() - created) > FIVE_MINUTES_MS ? receivedAt : new Date(created)
}

import { z } from 'zod'
import type { Chat, Incoming } from '../port.ts'
import { readButtonId, readForm } from './actions.ts'
import { beijingDay } from './quota.ts'

/** What reading needs to know besides the push itself. */
export interface ReadContext {
  /** First receipt. */
  now: Date
  corpId: string
  /** Button ids of a card that this process sent. */
  buttonsOf?: (cardId: string) => readonly string[] | undefined
}

const FIVE_MINUTES_MS = 5 * 60_000

/** The platform's time of a message, or the first receipt: see `Incoming.at`. */
export function instantThatCounts(platformMs: unknown, now: Date): Date {
  const ms = typeof platformMs === 'string' || typeof platformMs === 'number' ? Number(platformMs) : Number.NaN
  if (!Number.isFinite(ms) || ms <= 0 || Math.abs(now.getTime() - ms) > FIVE_MINUTES_MS) return now
  return new Date(ms)
}

const scalar = z.union([z.string(), z.number()]).transform(String)
const robotMessage = z.object({
  msgId: z.string().min(1).max(200),
  msgtype: z.string().catch('unknownMsgType'),
  conversationType: scalar.optional(),
  conversationId: z.string().optional(),
  senderStaffId: z.string().max(100).catch(''),
  senderCorpId: z.string().optional().catch(undefined),
  sessionWebhook: z.string().optional().catch(undefined),
  sessionWebhookExpiredTime: scalar.optional().catch(undefined),
  createAt: scalar.optional().catch(undefined),
  errCode: scalar.optional().catch(undefined),
  text: z.object({ content: z.string() }).partial().optional().catch(undefined),
  content: z.unknown().optional(),
})
const code = z.string().min(1).max(2048).optional().catch(undefined)
const mediaContent = z.object({
  recognition: z.string().optional().catch(undefined),
  downloadCode: code,
  richText: z.array(z.object({ text: z.string().optional().catch(undefined), downloadCode: code })).catch([]),
})

const NO_QUOTA = '20001'
const media = { picture: 'image', audio: 'voice', video: 'video', file: 'file' } as const

/** A robot message (dingtalk.md §4), from Stream or HTTP. Empty: nothing in it for the bot. */
export function readRobotMessage(raw: unknown, { now, corpId }: ReadContext): Incoming[] {
  const parsed = robotMessage.safeParse(raw)
  if (!parsed.success) return []
  const message = parsed.data
  const id = `dingtalk/msg/${message.msgId}`
  // The text is missing, and with it what the person wanted (§1.5): that is for the administrator.
  if (message.errCode === NO_QUOTA) return [notice('dingtalk-quota-gone', now)]
  if (message.senderCorpId && message.senderCorpId !== corpId) return [notice('dingtalk-other-corp', now)]
  // Empty while the app is unpublished, and for people outside the organisation (§4).
  if (message.senderStaffId === '') return [notice('dingtalk-sender-without-userid', now)]

  const base = { id, platform: 'dingtalk', userId: message.senderStaffId } as const
  const at = instantThatCounts(message.createAt, now)
  const chat = readChat(message)
  const kind = media[message.msgtype as keyof typeof media]
  const content = mediaContent.safeParse(message.content).data ?? { richText: [] }
  if (kind) {
    const recognized = content.recognition?.trim()
    const ref = kind === 'image' ? content.downloadCode : undefined
    return [{ ...base, at, chat, type: 'media', media: kind, ...(recognized && { recognized }), ...(ref && { ref }) }]
  }
  if (message.msgtype === 'text') {
    const text = (message.text?.content ?? textOf(message.content)).trim()
    return [{ ...base, at, chat, type: 'text', text }]
  }
  if (message.msgtype === 'richText') {
    const text = content.richText.map((part) => part.text ?? '').join('')
    if (text.trim() !== '') return [{ ...base, at, chat, type: 'text', text: text.trim() }]
    const ref = content.richText.find((part) => part.downloadCode)?.downloadCode
    return [{ ...base, at, chat, type: 'media', media: 'image', ...(ref && { ref }) }]
  }
  return [{ ...base, at, chat, type: 'media', media: 'other' }]
}

/** The page on HTTP mode shows the text one level higher than the page on Stream (§4). */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  const inner = z.object({ content: z.string() }).safeParse(content)
  return inner.success ? inner.data.content : ''
}

function readChat(message: z.infer<typeof robotMessage>): Chat {
  if (message.conversationType !== '2' || !message.conversationId) return { kind: 'private' }
  const until = Number(message.sessionWebhookExpiredTime)
  return {
    kind: 'group',
    groupId: message.conversationId,
    ...(message.sessionWebhook && { replyUrl: message.sessionWebhook }),
    ...(until > 0 && { replyUntil: new Date(until) }),
  }
}

const cardClick = z.object({
  outTrackId: z.string().min(1).max(100),
  corpId: z.string().optional().catch(undefined),
  userId: z.string().min(1).max(100),
  content: z.unknown().optional(),
  value: z.unknown().optional(),
})
const clickContent = z.object({
  cardPrivateData: z
    .object({ actionIds: z.array(z.string()).catch([]), params: z.record(z.string(), z.unknown()).catch({}) })
    .partial()
    .optional()
    .catch(undefined),
  actionIds: z.array(z.string()).optional().catch(undefined),
  params: z.record(z.string(), z.unknown()).optional().catch(undefined),
})

/**
 * A click on a card (dingtalk.md §6.6). Only the top-level `userId` is believed: whatever stands in the params was put
 * there by the template.
 *
 * @param deliveryId  a click has no id of its own: Stream's messageId, or a hash over HTTP
 * @param platformMs  the platform's time of the push
 */
export function readCardClick(raw: unknown, deliveryId: string, platformMs: unknown, context: ReadContext): Incoming[] {
  const parsed = cardClick.safeParse(raw)
  if (!parsed.success) return []
  const { outTrackId, userId, corpId, content, value } = parsed.data
  if (corpId && corpId !== context.corpId) return [notice('dingtalk-other-corp', context.now)]
  const click = [content, value].map((part) => readClick(part, context.buttonsOf?.(outTrackId))).find((one) => one)
  if (!click) return []
  return [
    {
      id: `dingtalk/card/${deliveryId}`,
      platform: 'dingtalk',
      userId,
      at: instantThatCounts(platformMs, context.now),
      type: 'card-action',
      cardId: outTrackId,
      action: click.action,
      choices: click.choices,
      code: click.drawn,
    },
  ]
}

function readClick(content: unknown, known?: readonly string[]) {
  const parsed = clickContent.safeParse(typeof content === 'string' ? parseJson(content) : content)
  if (!parsed.success) return undefined
  const params = parsed.data.cardPrivateData?.params ?? parsed.data.params ?? {}
  const actionIds = parsed.data.cardPrivateData?.actionIds ?? parsed.data.actionIds ?? []
  const form = typeof params.form === 'string' ? parseJson(params.form) : params.form
  if (typeof form === 'object' && form !== null) {
    const click = readForm(form as Record<string, unknown>)
    return click && { ...click, drawn: 'form' }
  }
  if (typeof params.id === 'string') {
    const click = readButtonId(params.id, known)
    if (click) return { ...click, drawn: 'buttons' }
  }
  // An event chain repeats a click once more with nothing but this (§6.6).
  if (params.fromConfig) return undefined
  for (const id of actionIds) {
    const click = readButtonId(id, known)
    if (click) return { ...click, drawn: 'buttons' }
  }
  return undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const changes = {
  user_add_org: 'joined',
  user_leave_org: 'left',
  user_modify_org: 'changed',
  user_active_org: 'changed',
} as const
const userIds = z
  .union([z.string().transform((id) => [id]), z.array(scalar)])
  .catch([])
  .transform((ids) => [...new Set(ids)].filter((id) => id !== '' && id.length <= 100))
const eventData = z.object({ userId: userIds, UserId: userIds })

/**
 * A subscribed event (dingtalk.md §7): one change per person. Everything that is not about members is left alone.
 *
 * @param bornMs when it happened, by the platform
 */
export function readEvent(
  event: { type: string; id: string; corpId?: string; bornMs?: unknown },
  data: unknown,
  { now, corpId }: ReadContext,
): Incoming[] {
  const type = changes[event.type as keyof typeof changes]
  if (!type || !Object.hasOwn(changes, event.type)) return []
  if (event.corpId && event.corpId !== corpId) return [notice('dingtalk-other-corp', now)]
  const parsed = eventData.safeParse(data)
  if (!parsed.success) return []
  const at = instantThatCounts(event.bornMs, now)
  return [...parsed.data.userId, ...parsed.data.UserId].map((userId) => ({
    id: `dingtalk/event/${event.id}/${userId}`,
    platform: 'dingtalk',
    userId,
    at,
    type,
  }))
}

/** At most one of a kind a day: the inbox drops the others by their id. */
export function notice(what: string, at: Date): Incoming {
  return { id: `dingtalk/notice/${what}/${beijingDay(at)}`, platform: 'dingtalk', userId: '', at, type: 'notice', what }
}

import type { Clock } from '../../clock.ts'
import type { Delivery, SendResult } from '../port.ts'
import type { Api, Reply } from './api.ts'
import { drawCard } from './draw-card.ts'
import { drawText } from './draw-text.ts'
import { failureOf, isRateLimit } from './errors.ts'
import { createMemberMeter, createMeter, type Meter } from './limits.ts'

export interface SendOptions {
  api: Api
  agentId: number
  publicBaseUrl: string
  clock: Clock
  /** Of all calls of the app; `PER_MINUTE` of its own when left out. */
  meter?: Meter
}

export const PER_MINUTE = 10_000
const TASK_KNOWN = 42014
const TASK_ID = /^[0-9A-Za-z_@-]{1,128}$/
const NOT_ONE_PERSON: SendResult = {
  kind: 'refused',
  reason: '企业微信账号不正确',
  advice: '请在花名册中核对该员工的企业微信账号',
}
/** The longest that WeCom compares requests for: an outbox may come back to a message after an outage. */
const LONGEST_CHECK_SECONDS = 14_400
const SHORTEST_CHECK_SECONDS = 1_800
const MOST_UPLOADS = 500

/**
 * Builds `send` of the port.
 *
 * A card's task id is the delivery's, so a second try is refused by WeCom with 42014 and counts as sent. A text has no
 * id: WeCom compares whole requests instead (`enable_duplicate_check`). Two deliveries of the same words must both
 * arrive, so the compared time differs by delivery and makes their requests differ.
 *
 * The returned function rejects with RangeError for an id that is none and a card that cannot be drawn: bugs upstream.
 */
export function createSend(options: SendOptions): (delivery: Delivery) => Promise<SendResult> {
  const { api, agentId, publicBaseUrl, clock } = options
  const { meter = createMeter(PER_MINUTE) } = options
  const members = createMemberMeter()

  /** 0 when these messages may go now; they are counted then. */
  function waitMs(userId: string, messages: number): number {
    const nowMs = clock.now().getTime()
    const wait = members.wait(userId, nowMs, messages) || meter.take(nowMs, messages)
    if (wait === 0) members.add(userId, nowMs, messages)
    return wait
  }

  async function post(body: object): Promise<SendResult> {
    const reply = await api.post('/cgi-bin/message/send', body)
    if (reply.kind === 'ok') meter.accepted()
    else if (reply.code !== undefined && isRateLimit(reply.code)) {
      meter.complained(clock.now().getTime())
      return { kind: 'later', reason: reply.failure.reason, afterMs: 60_000 }
    }
    return resultOf(reply)
  }

  /**
   * Pictures that were uploaded for a delivery: a second try must be the same request, because WeCom knows a picture sent
   * before by nothing else. After a restart it is uploaded anew and may arrive twice.
   */
  const uploaded = new Map<string, string>()

  async function sendImage(id: string, userId: string, png: Buffer): Promise<SendResult> {
    let mediaId = uploaded.get(id)
    if (mediaId === undefined) {
      const file = { name: 'picture.png', type: 'image/png', bytes: png }
      const reply = await api.upload('/cgi-bin/media/upload', file, { type: 'image' })
      // Nothing has been sent yet, so an upload without an answer is simply tried again.
      if (reply.kind === 'failed') return reply.failure
      if (typeof reply.body.media_id !== 'string')
        return { kind: 'later', reason: '企业微信没有返回图片编号', afterMs: 5_000 }
      mediaId = reply.body.media_id
      uploaded.set(id, mediaId)
      if (uploaded.size > MOST_UPLOADS) uploaded.delete(uploaded.keys().next().value!)
    }
    const wait = waitMs(userId, 1)
    if (wait > 0) return tooFast(wait)
    return post({
      ...{ touser: userId, agentid: agentId, msgtype: 'image', image: { media_id: mediaId } },
      ...{ enable_duplicate_check: 1, duplicate_check_interval: checkSeconds(id) },
    })
  }

  return async ({ id, userId, message }) => {
    // WeCom answers 42014 to a malformed id as well, and that would look like sent.
    if (!TASK_ID.test(id)) throw new RangeError(`not a delivery id: ${id}`)
    if (!isOnePerson(userId)) return NOT_ONE_PERSON
    const base = { touser: userId, agentid: agentId }
    if (message.kind === 'card') {
      const card = drawCard(message.card, { publicBaseUrl, taskId: id })
      const wait = waitMs(userId, 1)
      if (wait > 0) return tooFast(wait)
      return post({ ...base, msgtype: 'template_card', template_card: card })
    }
    if (message.kind === 'image') return sendImage(id, userId, message.png)
    const parts = drawText(message.text)
    if (parts.length === 0)
      return { kind: 'refused', reason: '消息没有内容', advice: '请将此消息反馈给绩效机器人的维护人员' }
    const wait = waitMs(userId, parts.length)
    if (wait > 0) return tooFast(wait)
    const check = { enable_duplicate_check: 1, duplicate_check_interval: checkSeconds(id) }
    const messageIds: string[] = []
    for (const content of parts) {
      const result = await post({ ...base, msgtype: 'text', text: { content }, ...check })
      if (result.kind !== 'sent') return result
      if (result.messageId) messageIds.push(result.messageId)
    }
    return { kind: 'sent', ...(messageIds.length > 0 && { messageId: messageIds.join(' ') }) }
  }
}

/** `a|b` would be two people for WeCom, and `@all` everybody; an account typed into a roster must not do that. */
function isOnePerson(userId: string): boolean {
  return userId !== '' && userId.length <= 64 && !userId.includes('|') && userId.toLowerCase() !== '@all'
}

function tooFast(afterMs: number): SendResult {
  return { kind: 'later', reason: '已接近企业微信的发送频率上限，稍后发送', afterMs: Math.ceil(afterMs), untried: true }
}

function resultOf(reply: Reply): SendResult {
  if (reply.kind === 'failed') return reply.code === TASK_KNOWN ? { kind: 'sent' } : reply.failure
  const { invaliduser, unlicenseduser, msgid, response_code: code } = reply.body
  if (typeof invaliduser === 'string' && invaliduser !== '') return failureOf(81013, '')
  if (typeof unlicenseduser === 'string' && unlicenseduser !== '')
    return {
      kind: 'refused',
      reason: '该成员没有接口许可',
      advice: '请在管理后台 应用管理 → 接口许可 中为该成员分配许可',
    }
  return {
    kind: 'sent',
    ...(typeof msgid === 'string' && msgid !== '' && { messageId: msgid }),
    ...(typeof code === 'string' && code !== '' && { code }),
  }
}

/** The same for every try of one delivery. */
function checkSeconds(id: string): number {
  let value = 0
  for (let i = 0; i < id.length; i++) value = (Math.imul(value, 31) + id.charCodeAt(i)) >>> 0
  return SHORTEST_CHECK_SECONDS + (value % (LONGEST_CHECK_SECONDS - SHORTEST_CHECK_SECONDS + 1))
}

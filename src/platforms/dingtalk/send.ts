import { z } from 'zod'
import type { Card } from '../../../cards/card.ts'
import type { Clock } from '../../clock.ts'
import type { CardUpdate, Delivery, RecallResult, SendResult, UpdateResult } from '../port.ts'
import type { Api, Log } from './api.ts'
import { isCardUnavailable, verdictOf } from './codes.ts'
import { type CardWay, type Drawn, type DrawOptions, drawButtons, drawForm, drawLink, wayOf } from './draw-card.ts'
import type { Failure } from './failure.ts'
import { splitText } from './split-text.ts'

export interface SenderOptions extends DrawOptions {
  api: Api
  clock: Clock
  log: Log
  robotCode: string
  cardTemplateId: string
  formTemplateId?: string
  /** Where clicks go: the card itself says so (dingtalk.md §6.2). */
  callback: { callbackType: 'STREAM' } | { callbackType: 'HTTP'; callbackRouteKey: string }
  /** Cards of a template cannot be sent and go another way (the failure), or can again (`undefined`). */
  onCards: (way: CardWay, failure: Failure | undefined) => void
  /** A card is about to be sent or changed; for reading its clicks. */
  onDraw: (cardId: string, card: Card) => void
}

export interface Sender {
  send(delivery: Delivery): Promise<SendResult>
  update(update: CardUpdate): Promise<UpdateResult>
  recall(messageId: string): Promise<RecallResult>
}

/** After cards were refused, how long they go another way at once, before the next one is tried. */
const CARDS_REST_MS = 10 * 60_000
/** How many deliveries' progress is remembered between tries. */
const MOST_REMEMBERED = 2_000

const delivered = z.object({
  result: z.object({
    deliverResults: z
      .array(
        z.object({
          success: z.union([z.boolean(), z.string()]).optional(),
          carrierId: z.string().optional().catch(undefined),
          errorMsg: z.string().optional().catch(undefined),
        }),
      )
      .catch([]),
  }),
})
const mediaUploaded = z.object({ media_id: z.string().min(1) })
const batchSent = z.object({
  processQueryKey: z.string().optional().catch(undefined),
  invalidStaffIdList: z.array(z.string()).nullish().catch([]),
  flowControlledStaffIdList: z.array(z.string()).nullish().catch([]),
})

const recalled = z.object({
  successResult: z
    .array(z.string())
    .nullish()
    .catch([])
    .transform((keys) => keys ?? []),
})

/** Sends to one person and changes what was sent (dingtalk.md §5.2, §6.2, §6.5). */
export function createSender(options: SenderOptions): Sender {
  const { api, clock, log, robotCode } = options
  /** How cards of this process were drawn, in case the caller has lost the code. */
  const drawn = remember<Drawn>()
  /** Created but refused by the person's chat: a second try has to deliver, not to create. */
  const undelivered = remember<true>()
  /** Pictures by delivery: a second try uploads none. */
  const uploaded = remember<string>()
  /** Parts of a long text that are through, by what recalls them. */
  const partsSent = remember<(string | undefined)[]>()
  /** Ways that were refused lately. */
  const restsUntil = new Map<CardWay, number>()

  async function send(delivery: Delivery): Promise<SendResult> {
    const { message } = delivery
    if (message.kind === 'text') return sendText(delivery, message.text)
    if (message.kind === 'image') return sendImage(delivery, message.png)
    const way = wayOf(message.card, options)
    if (!way)
      return {
        kind: 'refused',
        reason: '该卡片含有多项选择，需要表单模板',
        advice:
          '请在卡片平台（open-dev.dingtalk.com/fe/card）导入并发布表单模板，再将模板 ID 填入 DINGTALK_FORM_TEMPLATE_ID',
      }
    for (const one of waysFrom(way, message.card)) {
      if (clock.now().getTime() < (restsUntil.get(one) ?? 0)) continue
      const result = await sendCard(delivery, message.card, one)
      if (result !== 'unavailable') return result
      restsUntil.set(one, clock.now().getTime() + CARDS_REST_MS)
    }
    return sendLink(delivery, message.card)
  }

  function draw(card: Card, way: CardWay) {
    return way === 'form' ? drawForm(card, options) : drawButtons(card, options)
  }

  async function sendCard({ id, userId }: Delivery, card: Card, way: CardWay): Promise<SendResult | 'unavailable'> {
    const space = {
      openSpaceId: `dtv1.card//IM_ROBOT.${userId}`,
      imRobotOpenDeliverModel: { spaceType: 'IM_ROBOT', robotCode },
    }
    options.onDraw(id, card)
    const again = undelivered.get(id)
    const answer = again
      ? await api.call('/v1.0/card/instances/deliver', { outTrackId: id, userIdType: 1, ...space }, { counted: true })
      : await api.call(
          '/v1.0/card/instances/createAndDeliver',
          {
            cardTemplateId: way === 'form' ? options.formTemplateId : options.cardTemplateId,
            outTrackId: id,
            ...options.callback,
            userIdType: 1,
            cardData: { cardParamMap: draw(card, way) },
            ...space,
            imRobotOpenSpaceModel: {
              supportForward: false,
              lastMessageI18n: { ZH_CN: card.title },
              notification: { alertContent: card.title, notificationOff: false },
            },
          },
          { counted: true },
        )
    if (!answer.ok) {
      const { failure } = answer
      if (failure.code.toLowerCase() === 'param.cardalreadyexist') return sent(id, way)
      if (isCardUnavailable(failure)) {
        options.onCards(way, failure)
        return 'unavailable'
      }
      return verdictOf(failure)
    }
    options.onCards(way, undefined)
    // `success` on top can hide a space that failed (§6.2). The delivery API alone answers with the list itself.
    const result = Array.isArray(answer.data.result) ? { deliverResults: answer.data.result } : answer.data.result
    const spaces = delivered.safeParse({ result }).data?.result.deliverResults ?? []
    const failed = spaces.find(({ success }) => String(success) === 'false')
    if (spaces.length === 0 || failed) {
      undelivered.set(id, true)
      log.warn({ id, reason: failed?.errorMsg ?? 'no deliverResults' }, 'dingtalk card created but not delivered')
      return {
        kind: 'refused',
        reason: '卡片未能送达此人与机器人的会话',
        advice: '请在钉钉开放平台（open-dev.dingtalk.com）的“版本管理与发布”页确认此人在应用可见范围内，然后重新发送',
      }
    }
    undelivered.delete(id)
    return sent(id, way, spaces[0]!.carrierId)
  }

  function sent(id: string, way: Drawn, messageId?: string): SendResult {
    drawn.set(id, way)
    return { kind: 'sent', code: way, ...(messageId && { messageId }) }
  }

  async function sendLink({ id, userId }: Delivery, card: Card): Promise<SendResult> {
    const { msgKey, msgParam } = drawLink(card, options)
    const result = await robotSend(userId, msgKey, msgParam)
    return result.kind === 'sent' ? sent(id, 'link', result.messageId) : result
  }

  async function sendText({ id, userId }: Delivery, text: string): Promise<SendResult> {
    const parts = splitText(text)
    const through = [...(partsSent.get(id) ?? [])]
    for (const content of parts.slice(through.length)) {
      const result = await robotSend(userId, 'sampleText', { content })
      if (result.kind !== 'sent') return result
      through.push(result.messageId)
      if (parts.length > 1) partsSent.set(id, [...through])
    }
    const messageId = through.filter((key) => key !== undefined).join(' ')
    return { kind: 'sent', ...(messageId && { messageId }) }
  }

  async function sendImage({ id, userId }: Delivery, png: Buffer): Promise<SendResult> {
    let mediaId = uploaded.get(id)
    if (mediaId === undefined) {
      const file = { name: 'picture.png', type: 'image/png', bytes: png }
      const answer = await api.upload('/media/upload', 'image', file)
      if (!answer.ok) return verdictOf(answer.failure)
      const parsed = mediaUploaded.safeParse(answer.data).data
      if (!parsed) return { kind: 'later', reason: '钉钉没有返回图片编号', afterMs: 5_000 }
      mediaId = parsed.media_id
      uploaded.set(id, mediaId)
    }
    return robotSend(userId, 'sampleImageMsg', { photoURL: mediaId })
  }

  async function robotSend(userId: string, msgKey: string, msgParam: object): Promise<SendResult> {
    const body = { robotCode, userIds: [userId], msgKey, msgParam: JSON.stringify(msgParam) }
    const answer = await api.call('/v1.0/robot/oToMessages/batchSend', body, { counted: true })
    if (!answer.ok) return verdictOf(answer.failure)
    const parsed = batchSent.safeParse(answer.data).data
    // HTTP 200 even if the only person was skipped (§5.2).
    if (parsed?.invalidStaffIdList?.includes(userId))
      return {
        kind: 'refused',
        reason: '此人无法接收机器人消息',
        advice: '如仍在职，请在钉钉开放平台（open-dev.dingtalk.com）的“版本管理与发布”页检查应用可见范围',
        personGone: true,
      }
    if (parsed?.flowControlledStaffIdList?.includes(userId))
      return { kind: 'later', reason: '钉钉对此人的消息限流', afterMs: 60_000 }
    return { kind: 'sent', ...(parsed?.processQueryKey && { messageId: parsed.processQueryKey }) }
  }

  /** The carrier id of a card recalls as the key of a message does (dingtalk.md §5.2, §6.2). */
  async function recall(messageId: string): Promise<RecallResult> {
    const processQueryKeys = messageId.split(' ')
    // In small letters here, unlike in the other calls.
    const answer = await api.call(
      '/v1.0/robot/otoMessages/batchRecall',
      { robotCode, processQueryKeys },
      { counted: true },
    )
    if (!answer.ok) return verdictOf(answer.failure)
    const { successResult } = recalled.parse(answer.data)
    if (processQueryKeys.every((key) => successResult.includes(key))) return { kind: 'recalled' }
    return { kind: 'refused', reason: '钉钉没有撤回这条消息', advice: '可能已超过24小时或已经撤回，请在手机上核对' }
  }

  /**
   * A card goes to one person and has its own id, so that changing its public data changes it for exactly those who got
   * it; private data would hide every later public change (§6.3). A card that has to change between buttons and form
   * cannot be changed: it keeps its template.
   */
  async function update({ id, card, code }: CardUpdate): Promise<UpdateResult> {
    const was = asDrawn(code) ?? drawn.get(id) ?? 'buttons'
    if (was === 'link') return { kind: 'expired' }
    const way = card.closed ? was : wayOf(card, options)
    const plain = !card.input && (card.buttons ?? []).length === 0
    if (way !== was && !(was === 'form' && plain)) return { kind: 'expired' }
    options.onDraw(id, card)
    const answer = await api.call(
      '/v1.0/card/instances',
      {
        outTrackId: id,
        userIdType: 1,
        cardData: { cardParamMap: draw(card, was) },
        cardUpdateOptions: { updateCardDataByKey: true },
      },
      { method: 'PUT', counted: true },
    )
    if (answer.ok) return { kind: 'sent', code: was }
    if (answer.failure.code.toLowerCase() === 'param.cardnotexist') return { kind: 'expired' }
    return verdictOf(answer.failure)
  }

  return { send, update, recall }
}

/** Without the form template a card may still do as one with buttons. */
function waysFrom(way: CardWay, card: Card): CardWay[] {
  return way === 'form' && wayOf(card, { hasFormTemplate: false }) ? ['form', 'buttons'] : [way]
}

function asDrawn(code: string | undefined): Drawn | undefined {
  return code === 'buttons' || code === 'form' || code === 'link' ? code : undefined
}

/** A map that forgets its oldest entries. */
export function remember<T>(most = MOST_REMEMBERED) {
  const entries = new Map<string, T>()
  return {
    get: (key: string) => entries.get(key),
    set(key: string, value: T) {
      entries.delete(key)
      entries.set(key, value)
      if (entries.size > most) entries.delete(entries.keys().next().value!)
    },
    delete: (key: string) => entries.delete(key),
  }
}

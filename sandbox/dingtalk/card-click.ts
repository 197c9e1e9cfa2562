import { applyAnswer, type CardInstance, type ParamMap, updatePrivate, viewOf } from './card-data.ts'
import type { Cards } from './cards.ts'
import type { Core } from './core.ts'
import type { Deliveries } from './deliveries.ts'
import { drawCard } from './draw-card.ts'
import { fillForm, readForm } from './forms.ts'
import { isRecord, type Json } from './json.ts'
import type { ChatId } from './phones.ts'
import { opaque } from './random.ts'

export interface Click {
  card: CardInstance
  chat: ChatId
  userId: string
  key: string
  /** Field name to what is filled in. */
  filled: Record<string, string[]>
}

interface Parts {
  core: Core
  cards: Cards
  deliveries: Deliveries
  unionIdOf(userId: string): string
  /** What the client shows over the card for a moment. */
  toast(userId: string, text: string): void
}

/**
 * A press of a button that calls back. Nothing is sent for a card without a callback type. Without an answer in two
 * seconds the click fails; what the answer changes is shown to the clicker alone (dingtalk.md §6.6).
 *
 * @throws Error when the person's card has no such button or the form is not filled in
 */
export async function clickCard({ core, cards, deliveries, unionIdOf, toast }: Parts, click: Click): Promise<void> {
  const { card, chat, userId, key, filled } = click
  const seen = drawCard(card, userId)
  const button = seen.buttons.find((b) => b.key === key)
  if (!button) throw new Error(`the card has no button ${key}`)
  const params: Json = {}
  let actionId = `single_button_node_ocl${opaque('node', key).slice(0, 8)}`
  if (card.template.kind === 'form') {
    actionId = 'form'
    params.form = fillForm(readForm(viewOf(card, userId).form)!, filled)
  } else {
    params.id = key
    params.text = button.text
  }
  if (!card.callbackType) return
  const via =
    card.callbackType === 'STREAM'
      ? ({ type: 'STREAM' } as const)
      : ({ type: 'HTTP', routeKey: card.callbackRouteKey! } as const)
  const { variants } = core
  const data = (actionIds: string[], params: Json): Json => ({
    type: 'actionCallback',
    outTrackId: card.outTrackId,
    corpId: core.app.corpId,
    userId: card.userIdType === 2 ? unionIdOf(userId) : userId,
    userIdType: card.userIdType,
    ...spaceOf(chat, variants.clickPrefixedSpace),
    extension: '{}',
    ...contentOf(actionIds, params, variants.clickValueOnly),
  })
  const suffix = variants.clickSuffixedActionId ? '1' : ''
  if (variants.clickFromConfig) void deliveries.click(via, data([actionId], { fromConfig: true }))
  const answer = await deliveries.click(via, data([`${actionId}${suffix}`], params))
  if (!answer) {
    toast(userId, '操作失败，请稍后重试')
    return
  }
  applyClickAnswer(core, card, userId, answer)
  cards.touch(card)
}

function spaceOf(chat: ChatId, prefixed: boolean): Json {
  const id = 'userId' in chat ? chat.userId : chat.groupId
  if (!prefixed) return { spaceType: 'im', spaceId: id }
  return { spaceType: 'userId' in chat ? 'IM_ROBOT' : 'IM_GROUP', spaceId: `dtv1.card//im.${id}` }
}

function contentOf(actionIds: string[], params: Json, valueOnly: boolean): Json {
  if (valueOnly) return { value: JSON.stringify({ cardPrivateData: { actionIds }, params }) }
  const content = JSON.stringify({ cardPrivateData: { actionIds, params } })
  return { content, value: content }
}

function applyClickAnswer(core: Core, card: CardInstance, userId: string, answer: Json) {
  const options = isRecord(answer.cardUpdateOptions) ? answer.cardUpdateOptions : {}
  const shared = mapOf(core, answer.cardData, 'cardData')
  const own = mapOf(core, answer.userPrivateData, 'userPrivateData')
  if (shared) applyAnswer(card, userId, shared, options.updateCardDataByKey === true)
  if (own) updatePrivate(card, userId, own, options.updatePrivateDataByKey === true)
}

/** `userPrivateData` is not keyed by user: anything but `{cardParamMap: texts}` is not applied. */
function mapOf(core: Core, given: unknown, name: string): ParamMap | undefined {
  if (given === undefined || given === null) return undefined
  const map = isRecord(given) ? given.cardParamMap : undefined
  if (isRecord(map) && Object.values(map).every((v) => typeof v === 'string')) return map as ParamMap
  core.violation(`card: ${name} of the answer is not {cardParamMap: texts}`)
  return undefined
}

import type { ChatId } from './phones.ts'
import type { Template } from './templates.ts'

export type ParamMap = Record<string, string>

/** One card, wherever it was delivered to. */
export interface CardInstance {
  outTrackId: string
  template: Template
  callbackType: 'STREAM' | 'HTTP' | undefined
  callbackRouteKey: string | undefined
  userIdType: number
  publicData: ParamMap
  /** By userId. */
  privateData: Map<string, ParamMap>
  /** What the answer to a click changed, for the clicker alone. */
  answers: Map<string, { replacesAll: boolean; data: ParamMap }>
  /** An AI card that had a `flowStatus` shows nothing without it. */
  hadFlowStatus: boolean
  places: { chat: ChatId; messageId: string }[]
}

/** All variables as this person's client has them: public, what only this person was answered, then private. */
export function viewOf(card: CardInstance, userId: string | undefined): ParamMap {
  if (userId === undefined) return { ...card.publicData }
  const answer = card.answers.get(userId)
  const shared = answer?.replacesAll ? answer.data : { ...card.publicData, ...answer?.data }
  return { ...shared, ...card.privateData.get(userId) }
}

/** A PUT of public data: everybody sees it, also who had been answered otherwise. */
export function updatePublic(card: CardInstance, data: ParamMap, byKey: boolean): void {
  card.publicData = byKey ? { ...card.publicData, ...data } : { ...data }
  if (!byKey) card.answers.clear()
  else
    for (const answer of card.answers.values())
      for (const [key, value] of Object.entries(data))
        if (answer.replacesAll) answer.data[key] = value
        else delete answer.data[key]
  noteFlowStatus(card, data)
}

export function updatePrivate(card: CardInstance, userId: string, data: ParamMap, byKey: boolean): void {
  card.privateData.set(userId, byKey ? { ...card.privateData.get(userId), ...data } : { ...data })
  noteFlowStatus(card, data)
}

/** The synchronous answer to a click: shown to the clicker only (dingtalk.md §6.6). */
export function applyAnswer(card: CardInstance, userId: string, data: ParamMap, byKey: boolean): void {
  const before = card.answers.get(userId)
  card.answers.set(
    userId,
    byKey
      ? { replacesAll: before?.replacesAll ?? false, data: { ...before?.data, ...data } }
      : { replacesAll: true, data: { ...data } },
  )
}

export function noteFlowStatus(card: CardInstance, data: ParamMap): void {
  if (data.flowStatus !== undefined) card.hadFlowStatus = true
}

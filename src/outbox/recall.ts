import type { Model } from 'mongoose'
import type { Platform, PlatformName } from '../platforms/port.ts'
import type { Cards } from '../store/cards.ts'
import { deliveryId } from './outbox.ts'
import type { OutboxRow } from './rows.ts'

/** Both platforms let an app take a message back for so long (wecom.md §3.3, dingtalk.md §5.2). */
export const RECALL_MS = 24 * 3_600_000

export interface RecallDeps {
  model: Model<OutboxRow>
  cards: Pick<Cards, 'change'>
  platforms: Partial<Record<PlatformName, Platform>>
  now: Date
}

export type Recalled =
  | { kind: 'recalled' }
  /** It stays where it is, and why, in words for the administrator. */
  | { kind: 'not-possible'; reason: string; advice: string }
  | { kind: 'try-again'; reason: string }

const no = (reason: string, advice: string): Recalled => ({ kind: 'not-possible', reason, advice })

/** Why this row cannot be taken back, as far as can be known without asking the platform. */
export function whyNotRecall(
  row: Omit<OutboxRow, 'content'>,
  kind: OutboxRow['content']['kind'],
  now: Date,
): Recalled | undefined {
  if (row.state !== 'sent' || !row.sentAt || !row.sentOn) return no('消息没有发出', '不需要撤回')
  if (kind === 'group-reply' || kind === 'group-notice')
    return no('群消息不能由后台撤回', '请由群主或群管理员在群里处理')
  if (kind === 'update' && !row.messageId) return no('这是对已发卡片的更新，不是单独的消息', '请撤回原来的卡片')
  if (now.getTime() - row.sentAt.getTime() > RECALL_MS)
    return no('发出已超过24小时，平台不再允许撤回', '如内容有误，请另发消息说明')
  return row.messageId ? undefined : no('平台没有给出消息编号', '无法撤回；如内容有误，请另发消息说明')
}

/** Takes a message back from the phone of whoever got it, and takes no answer on its card any more. */
export async function recallDelivery(deps: RecallDeps, key: string): Promise<Recalled | undefined> {
  const { model, cards, platforms, now } = deps
  const row = await model.findById(String(key)).lean<OutboxRow>()
  if (!row) return undefined
  if (row.recalledAt) return { kind: 'recalled' }
  const refused = whyNotRecall(row, row.content.kind, now)
  if (refused) return refused
  const platform = platforms[row.sentOn!]
  if (!platform?.recall) return no('该平台未配置', '请检查平台设置')
  const result = await platform.recall(row.messageId!)
  switch (result.kind) {
    case 'recalled':
      await model.updateOne({ _id: row._id }, { $set: { recalledAt: now } })
      await cards.change(deliveryId(row._id, platform.name), { state: 'closed' })
      return result
    case 'refused':
      return no(result.reason, result.advice)
    default:
      return { kind: 'try-again', reason: result.reason }
  }
}

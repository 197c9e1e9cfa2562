import type { Clock } from '../../clock.ts'
import type { Chat, SendResult } from '../port.ts'
import type { Api } from './api.ts'
import { verdictOf } from './codes.ts'
import { splitText } from './split-text.ts'

export interface ReplyOptions {
  api: Api
  clock: Clock
  robotCode: string
  apiBase: string
  oapiBase: string
}

/** A webhook that ends within this is not used any more. */
const WEBHOOK_MARGIN_MS = 10_000

/**
 * Answers in a group: through the session webhook of the message while it lasts (about 90 minutes, dingtalk.md §4),
 * afterwards as the robot.
 */
export function createReply({ api, clock, robotCode, apiBase, oapiBase }: ReplyOptions) {
  const ours = new Set([apiBase, oapiBase].map((base) => new URL(base).origin))

  /** The address came in from outside: only the platform's own hosts are called. */
  function usable({ replyUrl, replyUntil }: Chat & { kind: 'group' }): string | undefined {
    if (!replyUrl || !replyUntil || replyUntil.getTime() - clock.now().getTime() < WEBHOOK_MARGIN_MS) return undefined
    if (!URL.canParse(replyUrl)) return undefined
    const url = new URL(replyUrl)
    const dingtalk = url.protocol === 'https:' && url.hostname.endsWith('.dingtalk.com')
    return dingtalk || ours.has(url.origin) ? url.href : undefined
  }

  async function one(chat: Chat & { kind: 'group' }, text: string): Promise<SendResult> {
    const webhook = usable(chat)
    if (webhook) {
      const answer = await api.bare('oapi', webhook, { msgtype: 'text', text: { content: text } })
      if (answer.ok) return { kind: 'sent' }
      const verdict = verdictOf(answer.failure)
      // Expired or refused: nothing was posted, so that the other way is safe.
      if (verdict.kind !== 'refused') return verdict
    }
    const answer = await api.call(
      '/v1.0/robot/groupMessages/send',
      {
        robotCode,
        openConversationId: chat.groupId,
        msgKey: 'sampleText',
        msgParam: JSON.stringify({ content: text }),
      },
      { counted: true },
    )
    if (!answer.ok) return verdictOf(answer.failure)
    const key = answer.data.processQueryKey
    return { kind: 'sent', ...(typeof key === 'string' && { messageId: key }) }
  }

  return async (chat: Chat & { kind: 'group' }, text: string): Promise<SendResult> => {
    let last: SendResult = { kind: 'sent' }
    for (const part of splitText(text)) {
      last = await one(chat, part)
      if (last.kind !== 'sent') break
    }
    return last
  }
}

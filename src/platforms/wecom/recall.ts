import type { RecallResult } from '../port.ts'
import type { Api } from './api.ts'

const TOO_OLD = 42052
const UNKNOWN_MESSAGE = 40058

/** Takes back what `send` sent (message/recall, wecom.md §3.3): within 24 hours, by the app that sent it. */
export async function recallMessages(api: Api, messageId: string): Promise<RecallResult> {
  // Equal parts of a text may be one message for the platform.
  for (const msgid of new Set(messageId.split(' '))) {
    const reply = await api.post('/cgi-bin/message/recall', { msgid })
    if (reply.kind === 'ok') continue
    if (reply.code === TOO_OLD)
      return { kind: 'refused', reason: '发出已超过24小时，企业微信不再允许撤回', advice: '如内容有误，请另发消息说明' }
    if (reply.code === UNKNOWN_MESSAGE)
      return { kind: 'refused', reason: '企业微信找不到这条消息', advice: '可能已经撤回，请在手机上核对' }
    return reply.failure
  }
  return { kind: 'recalled' }
}

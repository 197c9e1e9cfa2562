import { isRecord, parseJson } from './json.ts'

export const ROBOT_TOPIC = '/v1.0/im/bot/messages/get'
export const CARD_TOPIC = '/v1.0/card/instances/callback'

/** Topics a client may subscribe to (dingtalk.md §2.3). */
export const CALLBACK_TOPICS: readonly string[] = [
  ROBOT_TOPIC,
  CARD_TOPIC,
  '/v1.0/graph/api/invoke',
  '/v1.0/im/bot/messages/delegate',
]

export interface FrameHead {
  type: 'SYSTEM' | 'EVENT' | 'CALLBACK'
  topic: string
  messageId: string
  connectionId: string
  appId: string
  timeMs: number
  /** Of an event: eventType, eventId, eventCorpId, eventBornTime, eventUnifiedAppId. */
  event?: Record<string, string>
}

/** A frame as the platform sends it: `data` and every header are strings (dingtalk.md §2.2). */
export function makeFrame(head: FrameHead, data: unknown): string {
  return JSON.stringify({
    specVersion: '1.0',
    type: head.type,
    headers: {
      appId: head.appId,
      connectionId: head.connectionId,
      contentType: 'application/json',
      messageId: head.messageId,
      time: String(head.timeMs),
      topic: head.topic,
      ...head.event,
    },
    data: JSON.stringify(data),
  })
}

export type Ack = { ok: true; messageId: string; code: number; data: unknown } | { ok: false; why: string }

/** Reads the answer of a client (dingtalk.md §2.4). `data` must be a string that holds JSON. */
export function readAck(text: string): Ack {
  const frame = parseJson(text)
  if (!isRecord(frame)) return { ok: false, why: 'ack is no JSON object' }
  const headers = frame.headers
  if (!isRecord(headers) || typeof headers.messageId !== 'string') return { ok: false, why: 'ack without messageId' }
  if (headers.contentType !== 'application/json') return { ok: false, why: 'ack contentType is not application/json' }
  if (typeof frame.code !== 'number') return { ok: false, why: 'ack code is no number' }
  if (typeof frame.message !== 'string') return { ok: false, why: 'ack message is no string' }
  if (typeof frame.data !== 'string') return { ok: false, why: 'ack data is no string' }
  const data = parseJson(frame.data)
  if (data === undefined) return { ok: false, why: 'ack data holds no JSON' }
  return { ok: true, messageId: headers.messageId, code: frame.code, data }
}

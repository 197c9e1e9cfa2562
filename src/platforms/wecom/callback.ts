import type { Clock } from '../../clock.ts'
import type { Incoming, Receive } from '../port.ts'
import { type CallbackKeys, CryptoError, decrypt, verify } from './crypto.ts'
import { kindOf, toIncoming } from './receive.ts'
import { cutEncrypt, parseXml, textOf, XmlError } from './xml.ts'

/** An HTTP request as far as a callback needs it; a doubled query parameter is an array. */
export interface CallbackRequest {
  method: string
  query: Record<string, string | string[] | undefined>
  body: Buffer
}

/** `body` is plain text, or XML when it is a passive reply. */
export interface CallbackResponse {
  status: number
  body: string
}

export interface CallbackOptions {
  keys: CallbackKeys
  /** The app that this URL belongs to; absent for the contact assistant, whose callbacks name none. */
  agentId?: number
  clock: Clock
  log: Log
  /** Undefined while nothing may be taken in: such callbacks are answered 503, and the platform repeats them. */
  receive: () => Receive | undefined
  /** XML to answer a stored event with; only asked when given. */
  passiveReply?: (event: Incoming) => Promise<string | undefined>
}

export interface Log {
  info(obj: object, msg: string): void
  warn(obj: object, msg: string): void
  error(obj: object, msg: string): void
}

const MAX_BODY = 64 * 1024
/**
 * How far the signed timestamp may be from our clock. WeCom repeats within seconds (three times, 5 s each, wecom.md
 * §1.6); ten minutes leave room for a badly set clock and end the life of a captured request (reliability.md K5).
 */
const TOLERANCE_MS = 10 * 60_000

const empty = (status: number): CallbackResponse => ({ status, body: '' })

/**
 * Builds the handler of one callback URL. It never throws.
 *
 * Answers: 200 stored or nothing to store · 400 not a callback · 403 not from the platform, or too old ·
 * 405 · 413 over 64 KiB · 500 could not be stored · 503 not taking anything in. Up to the signature it does nothing
 * but cut the Encrypt field out.
 */
export function createCallback(options: CallbackOptions): (request: CallbackRequest) => Promise<CallbackResponse> {
  const { keys, agentId, clock, log } = options
  const unknownKinds = new Set<string>()
  let clockComplaintAt = Number.NEGATIVE_INFINITY

  function proven(request: CallbackRequest, encrypted: string): number {
    const { msg_signature: signature, timestamp, nonce } = request.query
    if (typeof signature !== 'string' || typeof timestamp !== 'string' || typeof nonce !== 'string') return 400
    if (!verify(keys.token, timestamp, nonce, encrypted, signature)) return 403
    const apartMs = Math.abs(clock.now().getTime() - Number(timestamp) * 1000)
    if (apartMs <= TOLERANCE_MS) return 200
    // Signed but old: a replay, or one of the two clocks is wrong. Said at most once a minute.
    if (performance.now() - clockComplaintAt > 60_000) {
      clockComplaintAt = performance.now()
      const apartMinutes = Math.round(apartMs / 60_000)
      log.warn({ apartMinutes }, '企业微信回调的时间与本机相差超过 10 分钟，已拒绝；如持续出现，请校准服务器时间')
    }
    return 403
  }

  /** The verification that the console makes when a URL is saved: the bare text, within a second. */
  function verifyUrl(request: CallbackRequest): CallbackResponse {
    const { echostr } = request.query
    if (typeof echostr !== 'string') return empty(400)
    const status = proven(request, echostr)
    if (status !== 200) return empty(status)
    const said = decrypt(keys, echostr)
    // A captured message under its own signature: we are nobody's way to read it.
    return said.includes('<') ? empty(403) : { status, body: said }
  }

  async function take(request: CallbackRequest): Promise<CallbackResponse> {
    if (request.body.length > MAX_BODY) return empty(413)
    const encrypted = cutEncrypt(request.body)
    if (encrypted === undefined) return empty(400)
    const status = proven(request, encrypted)
    if (status !== 200) return empty(status)
    const xml = parseXml(decrypt(keys, encrypted))
    const agent = textOf(xml, 'AgentID')
    if (agentId !== undefined && agent !== '' && agent !== String(agentId)) {
      log.warn({ agent: Number(agent) }, '收到其他应用的回调，已拒绝；请检查管理后台中各应用的“接收消息”URL')
      return empty(403)
    }
    const event = toIncoming(xml, clock.now())
    if (event?.type === 'notice' && event.what === 'unknown-event') logUnknown(kindOf(xml))
    if (!event) return empty(200)
    const receive = options.receive()
    if (!receive) return empty(503)
    try {
      await receive(event)
    } catch (error) {
      log.error(
        { id: event.id, error: error instanceof Error ? error.message : 'unknown' },
        '回调未能保存，等待平台重发',
      )
      return empty(500)
    }
    return { status: 200, body: (await options.passiveReply?.(event)) ?? '' }
  }

  function logUnknown(kind: string) {
    if (unknownKinds.has(kind) || unknownKinds.size >= 100) return
    unknownKinds.add(kind)
    log.info({ kind }, '收到未知类型的企业微信回调，已确认')
  }

  return async (request) => {
    try {
      if (request.method === 'POST') return await take(request)
      return request.method === 'GET' ? verifyUrl(request) : empty(405)
    } catch (error) {
      if (error instanceof CryptoError) return empty(403)
      if (error instanceof XmlError) return empty(400)
      log.error({ error: error instanceof Error ? error.name : 'unknown' }, '处理企业微信回调时出错')
      return empty(500)
    }
  }
}

import { createHash, createHmac, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import type { Incoming, Receive } from '../port.ts'
import type { Api, Log } from './api.ts'
import { verdictOf } from './codes.ts'
import { cardSign, decryptEvent, encryptEvent, eventSign, robotSign, sameText } from './crypto.ts'
import { type ReadContext, readCardClick, readEvent, readRobotMessage } from './receive.ts'

export interface HttpRequest {
  /** Names in lower case, as Node gives them. */
  headers: Record<string, string | string[] | undefined>
  query: Record<string, string | string[] | undefined>
  body: Buffer
}

export interface HttpReply {
  status: number
  body: string
  headers?: Record<string, string>
}

export interface HttpModeOptions {
  clientId: string
  clientSecret: string
  corpId: string
  eventToken?: string
  eventAesKey?: string
  clock: Clock
  log: Log
  context: () => ReadContext
  receive: Receive
}

const MOST_BODY_BYTES = 64 * 1024
/** Docs give an hour (dingtalk.md §3.1). */
const SIGNATURE_LASTS_MS = 3_600_000

const json = { 'content-type': 'application/json' }
const empty: HttpReply = { status: 200, body: '{}', headers: json }
const refuse = (status: number): HttpReply => ({ status, body: '' })

/** Secret with which the platform signs card clicks: chosen by us when the address is registered, the same on every replica. */
export function cardApiSecret(clientSecret: string): string {
  return createHmac('sha256', clientSecret).update('jixiao-bot card callback').digest('hex')
}

/** One address per key and application. */
export const cardRouteKey = (clientId: string) => `jixiao-${clientId}`

/** The three callback addresses of HTTP mode. A wrong signature is refused before anything of the body is read. */
export function createHttpMode(options: HttpModeOptions) {
  const { clientId, clientSecret, corpId, clock, log } = options
  const apiSecret = cardApiSecret(clientSecret)

  const fresh = (timestamp: string) =>
    /^\d{13}$/.test(timestamp) && Math.abs(clock.now().getTime() - Number(timestamp)) <= SIGNATURE_LASTS_MS

  /** Stores all, then answers; what is not stored is an error to the platform, which sends events again. */
  async function store(events: Incoming[], reply: () => HttpReply): Promise<HttpReply> {
    try {
      await Promise.all(events.map((event) => options.receive(event)))
    } catch (error) {
      log.error({ err: String(error) }, 'dingtalk callback not stored')
      return refuse(500)
    }
    return reply()
  }

  async function handleRobot({ headers, body }: HttpRequest): Promise<HttpReply> {
    const timestamp = first(headers.timestamp)
    if (!fresh(timestamp) || !sameText(first(headers.sign), robotSign(timestamp, clientSecret))) return refuse(401)
    if (body.length > MOST_BODY_BYTES) return refuse(413)
    const events = readRobotMessage(parseJson(body.toString('utf8')), options.context())
    return store(events, () => empty)
  }

  async function handleCards({ headers, body }: HttpRequest): Promise<HttpReply> {
    const timestamp = first(headers['x-ddpaas-signature-timestamp'])
    if (!fresh(timestamp) || !sameText(first(headers['x-ddpaas-signature']), cardSign(timestamp, apiSecret)))
      return refuse(401)
    if (body.length > MOST_BODY_BYTES) return refuse(413)
    const deliveryId = createHash('sha256').update(timestamp).update('\n').update(body).digest('base64url')
    const events = readCardClick(parseJson(body.toString('utf8')), deliveryId, timestamp, options.context())
    return store(events, () => empty)
  }

  async function handleEvents({ query, body }: HttpRequest): Promise<HttpReply> {
    const { eventToken, eventAesKey } = options
    if (!eventToken || !eventAesKey) return refuse(404)
    if (body.length > MOST_BODY_BYTES) return refuse(413)
    // Older senders spell two of the names differently (§3.3).
    const signature = first(query.msg_signature) || first(query.signature)
    const timestamp = first(query.timestamp) || first(query.timeStamp)
    const nonce = first(query.nonce)
    const sealed = z.object({ encrypt: z.string() }).safeParse(parseJson(body.toString('utf8')))
    if (!sealed.success) return refuse(400)
    if (!sameText(signature, eventSign(eventToken, timestamp, nonce, sealed.data.encrypt))) return refuse(401)
    const opened = decryptEvent(sealed.data.encrypt, eventAesKey)
    // Newer pages say that the owner is the app, an older one the company (§3.3).
    if (!opened || ![clientId, corpId].includes(opened.ownerKey)) return refuse(401)
    const event = envelope.safeParse(parseJson(opened.message))
    if (!event.success) return refuse(400)
    const { EventType, CorpId, EventTime, eventId, EventId } = event.data
    const id = eventId ?? EventId ?? createHash('sha256').update(opened.message).digest('base64url')
    const incoming = readEvent(
      { type: EventType, id, corpId: CorpId, bornMs: EventTime },
      event.data,
      options.context(),
    )
    return store(incoming, () => sealedSuccess(eventToken, eventAesKey, opened.ownerKey))
  }

  function sealedSuccess(token: string, aesKey: string, ownerKey: string): HttpReply {
    const timeStamp = String(clock.now().getTime())
    const nonce = randomBytes(8).toString('hex')
    const encrypt = encryptEvent('success', ownerKey, aesKey)
    const msg_signature = eventSign(token, timeStamp, nonce, encrypt)
    return { status: 200, headers: json, body: JSON.stringify({ msg_signature, encrypt, timeStamp, nonce }) }
  }

  return { handleRobot, handleCards, handleEvents }
}

/**
 * Tells the platform where clicks go (§3.2). Forced: after a move of the service the old address must not stay.
 *
 * @returns what to tell an admin when it failed
 */
export async function registerCardCallback(
  api: Api,
  { clientId, clientSecret, publicBaseUrl }: { clientId: string; clientSecret: string; publicBaseUrl: string },
): Promise<string | undefined> {
  const answer = await api.call('/v1.0/card/callbacks/register', {
    callbackRouteKey: cardRouteKey(clientId),
    callbackUrl: `${publicBaseUrl.replace(/\/+$/, '')}/dingtalk/cards`,
    apiSecret: cardApiSecret(clientSecret),
    forceUpdate: true,
  })
  if (answer.ok) return undefined
  const verdict = verdictOf(answer.failure)
  return `卡片回调地址注册失败：${verdict.reason}${'advice' in verdict ? `。${verdict.advice}` : ''}`
}

const envelope = z.looseObject({
  EventType: z.string(),
  CorpId: z.string().optional().catch(undefined),
  EventTime: z.union([z.string(), z.number()]).optional().catch(undefined),
  eventId: z.string().min(1).max(200).optional().catch(undefined),
  EventId: z.string().min(1).max(200).optional().catch(undefined),
})

/** A doubled header or parameter is nobody's honest request: it counts as missing. */
function first(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

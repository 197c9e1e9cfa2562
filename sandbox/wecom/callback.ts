import http from 'node:http'
import https from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import { encryptPadded, frame, pad, padSize, sign } from './crypto.ts'
import { shuffled } from './random.ts'
import type { Callback, TokenKind, World } from './state.ts'
import { toXml, type XmlNode } from './xml.ts'

export interface Timing {
  /** The platform hangs up after so long; 5 s in life (wecom.md §1.6). */
  deadlineMs: number
  /** For the URL verification; 1 s in life. */
  verifyDeadlineMs: number
  retryDelayMs: number
}

export interface Attempt {
  /** Undefined when there was no answer in time. */
  status?: number
  problem?: 'timeout' | 'connection'
  tookMs: number
}

/** One event and how its delivery went. */
export interface CallbackRecord {
  to: TokenKind
  at: Date
  fields: XmlNode
  attempts: Attempt[]
  acknowledged: boolean
  /** Kind of a passive reply that was accepted, e.g. `text`. */
  reply?: string
  /** Why a non-empty answer was thrown away. */
  replyProblem?: string
}

export interface Sender {
  world: World
  timing: Timing
  records: CallbackRecord[]
  agents: { http: http.Agent; https: https.Agent }
  /** The last signed request to each target, for replays. */
  last: Partial<Record<TokenKind, SignedRequest>>
  /** Reads the answer; returns the kind of reply that it applied. */
  onReply(record: CallbackRecord, callback: Callback, body: string): string | undefined
}

export interface SignedRequest {
  url: string
  body: string
}

const RECORDS = 20_000

/**
 * Delivers one event, repeating it as the platform does; undefined when no URL is configured.
 * @param rebuild gives the fields anew for a repetition (a fresh response code), used when `retryRebuilds` is on
 */
export async function deliver(
  sender: Sender,
  to: TokenKind,
  fields: XmlNode,
  rebuild: () => XmlNode = () => fields,
): Promise<CallbackRecord | undefined> {
  const { world } = sender
  if (!world.callbacks[to]) return undefined
  const record: CallbackRecord = { to, at: world.clock.now(), fields, attempts: [], acknowledged: false }
  if (sender.records.push(record) > RECORDS) sender.records.shift()
  const plain = plaintext(world, fields)
  const again = (): string => (world.quirks.retryRebuilds ? plaintext(world, rebuild()) : plain)
  if (world.quirks.duplicateDeliveries === 'together')
    await Promise.all([deliverOnce(sender, record, plain, again), deliverOnce(sender, record, plain, again)])
  else await deliverOnce(sender, record, plain, again)
  if (world.quirks.duplicateDeliveries === 'after' && record.acknowledged)
    await deliverOnce(sender, record, again(), again)
  return record
}

async function deliverOnce(sender: Sender, record: CallbackRecord, first: string, again: () => string): Promise<void> {
  const { world, timing } = sender
  let plain = first
  for (let round = 0; round <= world.quirks.retries; round++) {
    if (round > 0) {
      await wait(timing.retryDelayMs)
      plain = again()
    }
    const callback = world.callbacks[record.to]
    if (!callback) return
    const request = signedRequest(world, record.to, callback, plain)
    sender.last[record.to] = request
    const answer = await exchange(sender, { ...request, method: 'POST', deadlineMs: timing.deadlineMs })
    const { body, ...attempt } = answer
    record.attempts.push(attempt)
    if (attempt.status === undefined || (attempt.status !== 200 && world.quirks.retryOnNon200)) continue
    record.acknowledged = attempt.status === 200
    if (attempt.status === 200 && body) {
      try {
        const reply = sender.onReply(record, callback, body)
        if (reply) record.reply = reply
      } catch (error) {
        record.replyProblem = (error as Error).message
      }
    }
    return
  }
}

/** Both styles of XML that the documentation shows, with every pad from 1 to 32 equally likely (wecom.md §1.3, §1.5). */
export function plaintext(world: World, fields: XmlNode): string {
  const style = { cdata: world.random() < 0.5, gap: world.random() < 0.5 ? '\n' : '' }
  const ordered = Object.fromEntries(shuffled(Object.entries(fields), world.random))
  const xml = toXml(ordered, style)
  const wanted = 1 + Math.floor(world.random() * 32)
  const now = padSize(frame(xml, world.corpId).length)
  const filler = '\n'.repeat((now - wanted + 32) % 32)
  return xml.replace(/<\/xml>$/, `${filler}</xml>`)
}

export function signedRequest(world: World, to: TokenKind, callback: Callback, plain: string): SignedRequest {
  return signedFrame(world, to, callback, pad(frame(plain, world.corpId)))
}

/** Encrypts and signs a padded frame as it is; probes hand over broken ones. */
export function signedFrame(world: World, to: TokenKind, callback: Callback, padded: Buffer): SignedRequest {
  const encrypted = encryptPadded(callback.aesKey, padded)
  return { url: signedUrl(world, callback, encrypted), body: envelope(world, to, encrypted) }
}

export function envelope(world: World, to: TokenKind, encrypted: string): string {
  const cdata = world.random() < 0.5
  const fields: [string, string][] = [
    ['ToUserName', world.corpId],
    ['Encrypt', encrypted],
  ]
  if (to === 'app') fields.push(['AgentID', String(world.agentId)])
  const gap = world.random() < 0.5 ? '\n' : ''
  return toXml(Object.fromEntries(shuffled(fields, world.random)), { cdata, gap })
}

/** The callback URL with its signature; its own query, if any, stays. */
export function signedUrl(
  world: World,
  callback: Callback,
  signed: string,
  extra: Record<string, string> = {},
): string {
  const timestamp = String(Math.floor(world.clock.now().getTime() / 1000))
  const nonce = String(Math.floor(world.random() * 2 ** 31))
  const query = { msg_signature: sign(callback.token, timestamp, nonce, signed), timestamp, nonce, ...extra }
  const text = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `${callback.url}${callback.url.includes('?') ? '&' : '?'}${text.join('&')}`
}

/**
 * Verifies a URL as the console does when it is saved (wecom.md §1.2).
 * @throws Error saying what the bot did wrong
 */
export async function verifyUrl(sender: Sender, callback: Callback): Promise<void> {
  const { world, timing } = sender
  const message = String(Math.floor(world.random() * 2 ** 52) + 2 ** 52)
  const echo = encryptPadded(callback.aesKey, pad(frame(message, world.corpId)))
  const url = signedUrl(world, callback, echo, { echostr: echo })
  const answer = await exchange(sender, { url, method: 'GET', body: '', deadlineMs: timing.verifyDeadlineMs })
  const why = answer.problem ?? (answer.status === 200 ? undefined : `status ${answer.status}`)
  if (why) throw new Error(`openapi回调地址请求不通过: ${why}`)
  if (answer.body !== message) throw new Error('openapi回调地址请求不通过: the answer is not the plain echostr')
}

export interface Exchange extends SignedRequest {
  method: 'GET' | 'POST'
  deadlineMs: number
}

/** Sends a request of the platform to the bot; the deadline covers the whole answer. Never rejects. */
export function exchange(sender: Sender, o: Exchange): Promise<Attempt & { body?: string }> {
  const secure = o.url.startsWith('https:')
  const started = performance.now()
  return new Promise((resolve) => {
    const finish = (result: Omit<Attempt, 'tookMs'> & { body?: string }): void => {
      clearTimeout(timer)
      resolve({ ...result, tookMs: performance.now() - started })
    }
    const headers: http.OutgoingHttpHeaders = { 'user-agent': 'Mozilla/4.0' }
    if (o.method === 'POST') {
      headers['content-type'] = 'text/xml'
      headers['content-length'] = Buffer.byteLength(o.body)
    }
    const options = { method: o.method, agent: secure ? sender.agents.https : sender.agents.http, headers }
    const request = (secure ? https : http).request(o.url, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => finish({ problem: 'connection' }))
      response.on('end', () => finish({ status: response.statusCode!, body: Buffer.concat(chunks).toString('utf8') }))
    })
    const timer = setTimeout(() => {
      finish({ problem: 'timeout' })
      request.destroy()
    }, o.deadlineMs)
    request.on('error', () => finish({ problem: 'connection' }))
    request.end(o.body)
  })
}

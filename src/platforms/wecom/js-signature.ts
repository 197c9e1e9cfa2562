import { hash, randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Api } from './api.ts'
import { createTokenSource, type Pace } from './token.ts'

/** `config`: as the company. `agentConfig`: as the app. Each has a ticket of its own (42012 when confused). */
export type JsSignatureKind = 'config' | 'agentConfig'

export interface JsSignature {
  /** Seconds. */
  timestamp: number
  nonceStr: string
  signature: string
}

/** 100 tickets an hour for an app, 400 for a company (wecom.md §8.1): even when all goes wrong we stay at 60. */
const MIN_INTERVAL_MS = 60_000

/** SHA-1 in hex over the four values in the documented order, raw, the url without its fragment. */
export function signUrl(ticket: string, nonceStr: string, timestamp: number, url: string): string {
  const bare = url.split('#', 1)[0]
  return hash('sha1', `jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${bare}`, 'hex')
}

/**
 * Signs addresses of our own pages for `ww.register`.
 *
 * The returned function rejects with RangeError for an address that is not ours, and with a reason in Chinese while
 * no ticket can be had.
 */
export function createJsSignature(options: { api: Api; publicBaseUrl: string; clock: Clock; pace?: Pace }) {
  const { api, publicBaseUrl, clock, pace } = options
  const ownOrigin = new URL(publicBaseUrl).origin
  const ticketOf = (path: string, query: Record<string, string>) =>
    createTokenSource({
      clock,
      ...(pace && { pace }),
      minIntervalMs: MIN_INTERVAL_MS,
      waits: false,
      fetch: async () => {
        const reply = await api.get(path, query)
        if (reply.kind === 'failed') return { kind: 'failed', failure: reply.failure, stop: false }
        const { ticket: value, expires_in: lifeSeconds } = reply.body
        return typeof value === 'string' && typeof lifeSeconds === 'number'
          ? { kind: 'ok', value, lifeSeconds }
          : { kind: 'failed', failure: { kind: 'later', reason: '企业微信没有返回票据', afterMs: 60_000 }, stop: false }
      },
    })
  const tickets = {
    config: ticketOf('/cgi-bin/get_jsapi_ticket', {}),
    agentConfig: ticketOf('/cgi-bin/ticket/get', { type: 'agent_config' }),
  }
  return async (url: string, kind: JsSignatureKind): Promise<JsSignature> => {
    if (!URL.canParse(url) || new URL(url).origin !== ownOrigin) throw new RangeError('not an address of ours')
    const ticket = await tickets[kind].get()
    if (ticket.kind === 'failed') throw new Error(`页面签名失败：${ticket.failure.reason}`)
    const timestamp = Math.floor(clock.now().getTime() / 1000)
    const nonceStr = randomBytes(8).toString('hex')
    return { timestamp, nonceStr, signature: signUrl(ticket.value, nonceStr, timestamp, url) }
  }
}

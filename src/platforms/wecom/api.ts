import type { Clock } from '../../clock.ts'
import { type Measure, noMeasure } from '../measure.ts'
import type { Upload } from '../multipart.ts'
import { type Failure, failureOf, needsAdmin, needsNewToken } from './errors.ts'
import { createHttp, type Http, type HttpAnswer } from './http.ts'
import { createTokenSource, type Fetched, type Pace, type TokenSource } from './token.ts'

/** `code` is the platform's errcode, where there was one. */
export type Reply = { kind: 'ok'; body: Record<string, unknown> } | { kind: 'failed'; code?: number; failure: Failure }

export interface Api {
  /** @param path e.g. `/cgi-bin/user/get`; the token is added */
  get(path: string, query?: Record<string, string | number>): Promise<Reply>
  post(path: string, body: unknown, query?: Record<string, string | number>): Promise<Reply>
  upload(path: string, file: Upload, query?: Record<string, string | number>): Promise<Reply>
  /** A file, e.g. of `/cgi-bin/media/get`; undefined: not to be had. */
  bytes(
    path: string,
    query: Record<string, string>,
    most: number,
  ): Promise<{ bytes: Buffer } | { tooBig: true } | undefined>
  /** What is wrong now, in words for an administrator. */
  problem(): string | undefined
  close(): Promise<void>
}

export interface ApiOptions {
  base: string
  corpId: string
  secret: string
  clock: Clock
  pace?: Pace
  measure?: Measure
}

/** How long an answer may keep the API from being called healthy: a single lost answer is no problem yet. */
const SILENT_TIMES = 3

/**
 * The app's own API: adds the token, refreshes it once when the platform says so, judges by `errcode`, never throws.
 * Neither secret nor token nor URL is in anything it returns.
 */
export function createApi(options: ApiOptions): Api {
  const { measure = noMeasure } = options
  const http = createHttp(options.base)
  const token = createTokenSource({
    async fetch() {
      const fetched = await fetchToken(http, options.corpId, options.secret)
      measure.token(fetched.kind)
      return fetched
    },
    clock: options.clock,
    ...(options.pace && { pace: options.pace }),
  })
  let adminProblem: string | undefined
  let silent = 0
  let silentReason = ''

  function note(answer: HttpAnswer, reply: Reply): Reply {
    measure.call(answer.kind !== 'json' ? answer.kind : reply.kind === 'ok' ? 'ok' : String(reply.code))
    if (answer.kind === 'json') silent = 0
    else {
      silent++
      silentReason = answer.reason
    }
    if (reply.kind === 'ok') adminProblem = undefined
    else if (reply.code !== undefined && needsAdmin(reply.code) && reply.failure.kind === 'refused')
      adminProblem = `${reply.failure.reason}：${reply.failure.advice}`
    return reply
  }

  const call = (method: 'GET' | 'POST', path: string, query: string, body?: unknown): Promise<Reply> =>
    withToken(path, query, (whole) => http.request(method, whole, body))

  async function withToken(
    path: string,
    query: string,
    exchange: (path: string) => Promise<HttpAnswer>,
  ): Promise<Reply> {
    for (let attempt = 0; ; attempt++) {
      const got = await token.get()
      if (got.kind === 'failed') return got
      const answer = await exchange(`${path}?access_token=${encodeURIComponent(got.value)}${query}`)
      const reply = note(answer, replyOf(answer))
      const stale = reply.kind === 'failed' && reply.code !== undefined && needsNewToken(reply.code)
      if (!stale) return reply
      token.invalidate(got.value)
      if (attempt > 0) return reply
    }
  }

  return {
    get: (path, query) => call('GET', path, queryString(query)),
    post: (path, body, query) => call('POST', path, queryString(query), body),
    upload: (path, file, query) => withToken(path, queryString(query), (whole) => http.upload(whole, file)),
    async bytes(path, query, most) {
      let got: { bytes: Buffer } | { tooBig: true } | undefined
      const reply = await withToken(path, queryString(query), async (whole) => {
        const answer = await http.download(whole, most)
        if (answer.kind !== 'bytes' && answer.kind !== 'too-big') return answer
        got = answer.kind === 'bytes' ? { bytes: answer.bytes } : { tooBig: true }
        return { kind: 'json', body: {} }
      })
      return reply.kind === 'ok' ? got : undefined
    },
    problem: () => token.problem() ?? adminProblem ?? (silent >= SILENT_TIMES ? silentReason : undefined),
    close: () => http.close(),
  }
}

function queryString(query: Record<string, string | number> = {}): string {
  let text = ''
  for (const name in query) text += `&${name}=${encodeURIComponent(query[name]!)}`
  return text
}

function replyOf(answer: HttpAnswer): Reply {
  if (answer.kind === 'unsent')
    return { kind: 'failed', failure: { kind: 'later', reason: answer.reason, afterMs: 5_000, outage: true } }
  if (answer.kind === 'unknown') return { kind: 'failed', failure: { kind: 'unknown', reason: answer.reason } }
  // Some good answers have no errcode at all (wecom.md §6.1).
  const code = Number(answer.body.errcode ?? 0)
  if (code === 0) return { kind: 'ok', body: answer.body }
  const errmsg = typeof answer.body.errmsg === 'string' ? answer.body.errmsg : ''
  return { kind: 'failed', code, failure: failureOf(code, errmsg) }
}

/** wecom.md §6.1. */
async function fetchToken(http: Http, corpId: string, secret: string): Promise<Fetched> {
  const query = `corpid=${encodeURIComponent(corpId)}&corpsecret=${encodeURIComponent(secret)}`
  const reply = replyOf(await http.request('GET', `/cgi-bin/gettoken?${query}`))
  if (reply.kind === 'failed') {
    // An IP that is missing on the list is soon added; a wrong secret is not soon right.
    const stop = reply.failure.kind === 'refused' && reply.code !== 60020 && reply.code !== 301042
    return { kind: 'failed', failure: reply.failure, stop }
  }
  const { access_token: value, expires_in: lifeSeconds } = reply.body
  if (typeof value !== 'string' || value === '' || typeof lifeSeconds !== 'number')
    return {
      kind: 'failed',
      failure: { kind: 'later', reason: '企业微信没有返回访问凭证', afterMs: 5_000 },
      stop: false,
    }
  return { kind: 'ok', value, lifeSeconds }
}

export type { TokenSource }

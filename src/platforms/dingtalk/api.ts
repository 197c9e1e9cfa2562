import { Agent, type Dispatcher, request } from 'undici'
import type { Clock } from '../../clock.ts'
import { type Measure, noMeasure } from '../measure.ts'
import { multipart, type Upload } from '../multipart.ts'
import { isSilence, isTokenRefused, isUncounted } from './codes.ts'
import { type Answer, DingtalkError, type Failure, readAnswer } from './failure.ts'
import type { Pace, Quota } from './quota.ts'
import { createTokens } from './token.ts'

export interface Log {
  info(obj: object, msg: string): void
  warn(obj: object, msg: string): void
  error(obj: object, msg: string): void
}

export interface ApiOptions {
  clientId: string
  clientSecret: string
  apiBase: string
  oapiBase: string
  clock: Clock
  log: Log
  quota: Quota
  pace: Pace
  /** Every call is over after this; 10 s unless told. */
  timeoutMs?: number
  measure?: Measure
  /** The outcome of every call of an API (`POST /v1.0/...`). */
  onOutcome?: (api: string, failure: Failure | undefined) => void
}

export interface CallOptions {
  method?: 'POST' | 'PUT' | 'GET'
  /** Counts against the monthly quota (dingtalk.md §1.5). */
  counted?: boolean
  /** How long to wait for a turn at the limiter; 3 s unless told. */
  waitMs?: number
}

export interface Api {
  /** New host: token in the header. Path begins with `/v1.0/`. Never rejects. */
  call(path: string, body: object | undefined, options?: CallOptions): Promise<Answer>
  /** Old host: token in the query. Never rejects. */
  old(path: string, body: object | undefined, options?: CallOptions): Promise<Answer>
  /** Old host: one file as a form; `type` stands in the address (dingtalk.md §10). Never rejects. */
  upload(path: string, type: string, file: Upload): Promise<Answer>
  /** A file at an address of the platform's storage, without a token. Never rejects; undefined: not to be had. */
  file(url: string, most: number): Promise<{ bytes: Buffer } | { tooBig: true } | undefined>
  /** Any address without a token: the Stream gateway, a session webhook. Never rejects. */
  bare(host: Failure['host'], url: string, body: object): Promise<Answer>
  /** Whether the platform answers at all; costs nothing of the quota. Never rejects. */
  answers(): Promise<boolean>
  close(): Promise<void>
}

const MAX_ANSWER_BYTES = 8 * 1024 * 1024
/** The connection never came about: the platform cannot have acted. */
const NOT_REACHED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_CLOSED',
])

/** Both hosts of the platform over one pool of connections. Secrets and tokens appear in no log line and no failure. */
export function createApi(options: ApiOptions): Api {
  const { clientId, clientSecret, clock, log, quota, pace, timeoutMs = 10_000, measure = noMeasure } = options
  const apiBase = options.apiBase.replace(/\/+$/, '')
  const oapiBase = options.oapiBase.replace(/\/+$/, '')
  const agent = new Agent({ connections: 32, connect: { timeout: 5_000 }, maxResponseSize: MAX_ANSWER_BYTES })

  /** Tokens of late, so that no failure quotes one. */
  const lent: string[] = []

  async function exchange(
    host: Failure['host'],
    url: string,
    method: Dispatcher.HttpMethod,
    content: object | { contentType: string; body: Buffer } | undefined,
    token?: string,
  ): Promise<Answer> {
    const headers: Record<string, string> = { accept: 'application/json' }
    const form = content && 'contentType' in content ? content : undefined
    if (content) headers['content-type'] = form ? form.contentType : 'application/json'
    if (token && host === 'api') headers['x-acs-dingtalk-access-token'] = token
    const mark = url.includes('?') ? '&' : '?'
    const query = token && host === 'oapi' ? `${mark}access_token=${encodeURIComponent(token)}` : ''
    try {
      const response = await request(url + query, {
        dispatcher: agent,
        method,
        headers,
        body: form ? form.body : content && JSON.stringify(content),
        signal: AbortSignal.timeout(timeoutMs),
      })
      const answer = readAnswer(host, response.statusCode, await response.body.text())
      if (answer.ok) return answer
      // An answer may quote what it was asked with.
      const hidden = [clientSecret, ...lent, new URL(url).search].filter((secret) => secret)
      const message = hidden.reduce((text, secret) => text.replaceAll(secret, '***'), answer.failure.message)
      return { ok: false, failure: { ...answer.failure, message } }
    } catch (error) {
      // Only the error's code is kept: a message may quote the address, and with it a token.
      const cause = String((error as { code?: unknown }).code ?? (error as Error).name)
      const code = NOT_REACHED.has(cause) ? 'not-reached' : 'no-answer'
      return { ok: false, failure: { host, status: 0, code, message: cause, requestId: '', scopes: [] } }
    }
  }

  const tokens = createTokens(clock, async () => {
    const answer = await exchange('api', `${apiBase}/v1.0/oauth2/accessToken`, 'POST', {
      appKey: clientId,
      appSecret: clientSecret,
    })
    measure.token(answer.ok ? 'ok' : 'failed')
    if (!answer.ok) throw new DingtalkError('获取访问凭证失败', answer.failure)
    const { accessToken, expireIn } = answer.data
    if (typeof accessToken !== 'string' || accessToken === '')
      throw new DingtalkError('获取访问凭证失败', {
        host: 'api',
        status: 200,
        code: 'bad-answer',
        message: 'no accessToken',
        requestId: '',
        scopes: [],
      })
    lent.splice(0, lent.length - 3)
    lent.push(accessToken)
    const livesMs = Number(expireIn) * 1_000
    return { value: accessToken, livesMs: livesMs > 0 ? livesMs : 7_200_000 }
  })

  async function withToken(doing: string, exchangeWith: (token: string) => Promise<Answer>): Promise<Answer> {
    let answer: Answer | undefined
    for (let attempt = 0; attempt < 2; attempt++) {
      let token: string
      try {
        token = await tokens.get()
      } catch (error) {
        if (!(error instanceof DingtalkError)) throw error
        // Whatever happened to the token request, the call itself was surely not made.
        const failure =
          error.failure.code === 'no-answer' || error.failure.code === 'bad-answer'
            ? { ...error.failure, code: 'not-reached' }
            : error.failure
        answer = { ok: false, failure }
        break
      }
      answer = await exchangeWith(token)
      if (answer.ok || !isTokenRefused(answer.failure)) break
      tokens.drop(token)
    }
    if (!answer!.ok) {
      const { code, message, requestId, status } = answer!.failure
      log.warn({ api: doing, code, reason: message, requestId, status }, 'dingtalk call failed')
    }
    measure.call(answer!.ok ? 'ok' : answer!.failure.code)
    options.onOutcome?.(doing, answer!.ok ? undefined : answer!.failure)
    return answer!
  }

  async function paced(
    host: Failure['host'],
    path: string,
    { method = 'POST', counted = false, waitMs = 3_000 }: CallOptions,
    exchangeWith: (token: string) => Promise<Answer>,
  ): Promise<Answer> {
    const api = `${method} ${path}`
    if (!(await pace.turn(api, waitMs)))
      return {
        ok: false,
        failure: { host, status: 0, code: 'too-fast', message: 'own limit', requestId: '', scopes: [] },
      }
    const answer = await withToken(api, exchangeWith)
    if (counted && (answer.ok || !isUncounted(answer.failure))) quota.count(1)
    return answer
  }

  let closing: Promise<void> | undefined
  async function closeNow() {
    const slow = setTimeout(() => void agent.destroy(), 2_000)
    await agent.close().finally(() => clearTimeout(slow))
  }

  return {
    call: (path, body, call = {}) =>
      paced('api', path, call, (token) => exchange('api', apiBase + path, call.method ?? 'POST', body, token)),
    old: (path, body, call = {}) =>
      paced('oapi', path, call, (token) => exchange('oapi', oapiBase + path, call.method ?? 'POST', body, token)),
    upload: (path, type, file) =>
      paced('oapi', path, { counted: true }, (token) =>
        exchange('oapi', `${oapiBase}${path}?type=${type}`, 'POST', multipart(file), token),
      ),
    async file(url, most) {
      try {
        const { statusCode, body } = await request(url, { dispatcher: agent, signal: AbortSignal.timeout(timeoutMs) })
        const chunks: Buffer[] = []
        let size = 0
        for await (const chunk of body) {
          size += (chunk as Buffer).length
          if (size > most) return { tooBig: true }
          chunks.push(chunk as Buffer)
        }
        return statusCode === 200 ? { bytes: Buffer.concat(chunks) } : undefined
      } catch (error) {
        log.warn(
          { code: String((error as { code?: unknown }).code ?? (error as Error).name) },
          'dingtalk file not fetched',
        )
        return undefined
      }
    },
    async answers() {
      const answer = await exchange('api', `${apiBase}/v1.0/oauth2/accessToken`, 'POST', {
        appKey: clientId,
        appSecret: clientSecret,
      })
      return answer.ok || !isSilence(answer.failure)
    },
    bare: (host, url, body) => exchange(host, url, 'POST', body),
    close() {
      closing ??= closeNow()
      return closing
    },
  }
}

import { verdictOf } from './codes.ts'

/**
 * A call that did not succeed. `code` is the platform's, or one of ours:
 * `not-reached` (surely not carried out), `no-answer` (may have been), `bad-answer` (not the agreed form), `banned` (§1.4),
 * `too-fast` (our own limiter).
 */
export interface Failure {
  host: 'api' | 'oapi'
  status: number
  code: string
  message: string
  requestId: string
  scopes: string[]
}

export type Answer = { ok: true; data: Record<string, unknown> } | { ok: false; failure: Failure }

/** For callers that cannot return a result. Its text is fit for an admin: no token, no personal data. */
export class DingtalkError extends Error {
  readonly failure: Failure
  constructor(doing: string, failure: Failure) {
    const verdict = verdictOf(failure)
    const advice = 'advice' in verdict ? `。${verdict.advice}` : ''
    super(`${doing}：${verdict.reason}${advice}（${failure.code}，请求号 ${failure.requestId || '无'}）`)
    this.name = 'DingtalkError'
    this.failure = failure
  }
}

/**
 * Reads an answer of either host in either error shape (dingtalk.md §1.2), keys in any case, and the ban page (§1.4).
 *
 * @param status HTTP status
 * @param body   text as it came
 */
export function readAnswer(host: Failure['host'], status: number, body: string): Answer {
  const fail = (code: string, message: string, requestId = '', scopes: string[] = []): Answer => ({
    ok: false,
    failure: { host, status, code, message: message.slice(0, 300), requestId, scopes },
  })
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    if (/^\s*</.test(body) && status < 500) return fail('banned', 'an HTML page instead of JSON')
    return fail('bad-answer', `HTTP ${status} without JSON`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return fail('bad-answer', `HTTP ${status} with JSON that is no object`)
  const data = parsed as Record<string, unknown>
  const lower = new Map(Object.entries(data).map(([key, value]) => [key.toLowerCase(), value]))
  const text = (...keys: string[]) => {
    for (const key of keys) {
      const value = lower.get(key)
      if (typeof value === 'string' || typeof value === 'number') return String(value)
    }
    return ''
  }
  const requestId = text('requestid', 'request_id')
  if (text('punish') === 'deny' || text('status') === '1111') return fail('banned', 'egress address banned', requestId)
  if (lower.has('errcode')) {
    const code = text('errcode')
    if (code === '0') return { ok: true, data }
    const sub = text('sub_code')
    return fail(
      code === '88' && sub ? sub : code,
      [text('errmsg'), text('sub_msg')].filter(Boolean).join(' '),
      requestId,
    )
  }
  if (status >= 200 && status < 300) return { ok: true, data }
  return fail(text('code') || `http-${status}`, text('message'), requestId, scopesIn(data))
}

/** The scopes that a permission error asks for; where they stand and how they are spelt is unconfirmed (§1.2). */
function scopesIn(data: unknown, depth = 0): string[] {
  if (typeof data !== 'object' || data === null || depth > 4) return []
  return Object.entries(data).flatMap(([key, value]) => {
    if (key.toLowerCase() !== 'requiredscopes') return scopesIn(value, depth + 1)
    return Array.isArray(value) ? value.filter((scope): scope is string => typeof scope === 'string') : []
  })
}

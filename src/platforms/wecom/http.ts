import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { multipart, type Upload } from '../multipart.ts'

export type HttpAnswer =
  | { kind: 'json'; body: Record<string, unknown> }
  /** Certainly not acted upon: nothing was sent. */
  | { kind: 'unsent'; reason: string }
  /** May or may not have been acted upon. */
  | { kind: 'unknown'; reason: string }

export interface Http {
  /** @param path below the base, with its query; it holds secrets and never reaches an error text */
  request(method: 'GET' | 'POST', path: string, body?: unknown): Promise<HttpAnswer>
  /** Posts one file as a form. */
  upload(path: string, file: Upload): Promise<HttpAnswer>
  /** Gets a file; a refusal comes as JSON. @param most bytes; what is longer is not read to its end */
  download(path: string, most: number): Promise<HttpAnswer | { kind: 'bytes'; bytes: Buffer } | { kind: 'too-big' }>
  close(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 5_000
const ANSWER_TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 32 * 1024 * 1024
/** Addresses behind the host change (wecom.md §13 row 33): no connection outlives this. */
const CONNECTION_LIFE_MS = 5 * 60_000
const CLOSE_GRACE_MS = 5_000
const MAX_CONNECTIONS = 64

const UNSENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_CLOSED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** JSON over kept-alive connections to one host. Never throws; judges HTTP only, `errcode` is the caller's. */
export function createHttp(base: string): Http {
  const url = new URL(base)
  const prefix = url.pathname.replace(/\/+$/, '')
  const pool = new Pool(url.origin, {
    connections: MAX_CONNECTIONS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
    maxResponseSize: MAX_ANSWER_BYTES,
    clientTtl: CONNECTION_LIFE_MS,
  })
  let closing: Promise<void> | undefined

  const noAnswer = (error: unknown): HttpAnswer => {
    const code = codeOf(error)
    return UNSENT.has(code)
      ? { kind: 'unsent', reason: `无法连接企业微信接口（${code}）` }
      : { kind: 'unknown', reason: `企业微信接口没有应答（${code}）` }
  }

  async function exchange(
    method: 'GET' | 'POST',
    path: string,
    content?: { body: string | Buffer; type: string },
  ): Promise<HttpAnswer> {
    try {
      const answer = await pool.request({
        method,
        path: prefix + path,
        ...(content && { body: content.body, headers: { 'content-type': content.type } }),
      })
      const text = await answer.body.text()
      return readAnswer(answer.statusCode, text)
    } catch (error) {
      return noAnswer(error)
    }
  }

  async function download(path: string, most: number): ReturnType<Http['download']> {
    try {
      const { statusCode, headers, body } = await pool.request({ method: 'GET', path: prefix + path })
      if (statusCode !== 200 || /json|text/.test(String(headers['content-type'])))
        return readAnswer(statusCode, await body.text())
      const chunks: Buffer[] = []
      let size = 0
      for await (const chunk of body) {
        size += (chunk as Buffer).length
        if (size > most) return { kind: 'too-big' }
        chunks.push(chunk as Buffer)
      }
      return { kind: 'bytes', bytes: Buffer.concat(chunks) }
    } catch (error) {
      return noAnswer(error)
    }
  }

  return {
    request: (method, path, body) =>
      exchange(method, path, body === undefined ? undefined : { body: JSON.stringify(body), type: 'application/json' }),
    upload(path, file) {
      const { body, contentType } = multipart(file)
      return exchange('POST', path, { body, type: contentType })
    },
    download,
    close() {
      // What is still unanswered then is told as unknown.
      closing ??= Promise.race([pool.close(), sleep(CLOSE_GRACE_MS, undefined, { ref: false })]).then(() =>
        pool.destroy(),
      )
      return closing
    },
  }
}

function readAnswer(status: number, text: string): HttpAnswer {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null && !Array.isArray(body))
      return { kind: 'json', body: body as Record<string, unknown> }
  } catch {
    // Not the interface itself but something in front of it: judged by its status below.
  }
  const reason = `企业微信接口返回了无法识别的内容（HTTP ${status}）`
  // A gateway that refuses has passed nothing on; one that lost its backend may have.
  return status >= 400 && status < 500 ? { kind: 'unsent', reason } : { kind: 'unknown', reason }
}

/** Only the code: undici's messages may quote an address or a path. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown'
  const { code, cause } = error as { code?: unknown; cause?: unknown }
  if (typeof code === 'string') return code
  return cause === undefined || cause === error ? 'unknown' : codeOf(cause)
}

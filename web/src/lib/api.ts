import type { ApiErrorBody, Me } from '../../../src/http/api/contract.ts'
import { NotSignedIn, signedIn, signIn } from './sign-in.ts'

/** The server said no; `message` is for the person. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: { path: string; message: string }[] = [],
    readonly current?: unknown,
  ) {
    super(message)
  }
}

/** No answer, or one that says nothing of the matter: the same may be sent again. */
export class Unreachable extends Error {
  constructor() {
    super('网络不可用，请检查后重试')
  }
}

const PATIENCE_MS = 15_000

let mine: Promise<Me> | undefined

/** Who is signed in; signs in where nobody is. Asked once. @throws Refused, Unreachable, NotSignedIn */
export function me(): Promise<Me> {
  mine ??= request<Me>('GET', '/api/me').then((answer) => {
    signedIn()
    return answer
  })
  mine.catch(() => {
    mine = undefined
  })
  return mine
}

export const get = <T>(path: string): Promise<T> => request<T>('GET', path)

/** Changes something; `body` carries its `requestId`. */
export const send = <T>(method: 'POST' | 'PUT', path: string, body: object): Promise<T> =>
  request<T>(method, path, body)

async function request<T>(method: string, path: string, body?: object, again = true): Promise<T> {
  const headers: Record<string, string> = {}
  if (body) {
    headers['content-type'] = 'application/json'
    headers['x-csrf-token'] = (await me()).csrf
  }
  let answer: Response
  try {
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), PATIENCE_MS)
    answer = await fetch(path, {
      method,
      headers,
      signal: abort.signal,
      ...(body && { body: JSON.stringify(body) }),
    }).finally(() => clearTimeout(timer))
  } catch {
    throw new Unreachable()
  }
  if (answer.ok) return (await answer.json().catch(() => Promise.reject(new Unreachable()))) as T
  const said = (await answer.json().catch(() => undefined)) as ApiErrorBody | undefined
  if (!said?.error)
    throw answer.status >= 500 ? new Unreachable() : new Refused(answer.status, 'failed', '请求没有成功，请重试')
  const { code, message, fields } = said.error
  if (answer.status === 401 && again) {
    await signIn()
    mine = undefined
    return request<T>(method, path, body, false)
  }
  if (code === 'csrf' && again) {
    mine = undefined
    return request<T>(method, path, body, false)
  }
  if (answer.status >= 500 || answer.status === 429) throw new Unreachable()
  throw new Refused(answer.status, code, message, fields, said.current)
}

/** A sentence for whatever went wrong. */
export function sentence(error: unknown): string {
  if (error instanceof Refused || error instanceof Unreachable || error instanceof NotSignedIn) return error.message
  return '页面出错，请刷新后重试'
}

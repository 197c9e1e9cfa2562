import { ref } from 'vue'
import type { AdminDone, AdminRehearsalLine } from '../../../src/http/admin/contract.ts'
import type { ApiErrorBody } from '../../../src/http/api/contract.ts'

const KEY = 'jixiao-admin'

/** Kept for this tab only, and sent in a header only. */
export const token = ref(sessionStorage.getItem(KEY) ?? '')
/** Why the token is asked for again. */
export const refusal = ref('')

export function enter(given: string): void {
  sessionStorage.setItem(KEY, given)
  token.value = given
  refusal.value = ''
}

export function leave(why = ''): void {
  sessionStorage.removeItem(KEY)
  token.value = ''
  refusal.value = why
}

/** A sentence for the person in front of the page. */
export class Refused extends Error {}

async function ask(path: string, body: object | undefined): Promise<Response> {
  let answer: Response
  try {
    answer = await fetch(path, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${token.value}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
  } catch {
    throw new Refused('服务没有应答，请稍后重试')
  }
  if (answer.ok) return answer
  const said = (await answer.json().catch(() => undefined)) as ApiErrorBody | undefined
  const message = said?.error.message ?? '服务暂时出错，请稍后重试'
  if (answer.status === 401 || answer.status === 429) leave(message)
  throw new Refused(message)
}

export const get = async <T>(path: string): Promise<T> => (await ask(path, undefined)).json() as Promise<T>
export const post = async <T = AdminDone>(path: string, body: object): Promise<T> =>
  (await ask(path, body)).json() as Promise<T>

/** Calls `onLine` for each line of an answer that comes bit by bit. */
export async function postLines(path: string, body: object, onLine: (line: AdminRehearsalLine) => void): Promise<void> {
  const reader = (await ask(path, body)).body!.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    rest += done ? decoder.decode() : decoder.decode(value, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(JSON.parse(line) as AdminRehearsalLine)
    if (done) return
  }
}

export const sentence = (error: unknown): string =>
  error instanceof Refused ? error.message : '页面出错，请刷新后重试'

import { onScopeDispose, reactive, ref } from 'vue'
import { formatDay } from '../../../../src/domain/time.ts'
import type { InterviewLine, InterviewPage } from '../../../../src/http/api/contract-interviews.ts'
import { get, me, Refused, send } from '../../lib/api.ts'
import { newId } from '../../lib/app.ts'
import { fail } from '../../ui/words.ts'

export type InterviewStore = ReturnType<typeof useInterview>

/** Beside words that somebody has typed and that meanwhile cannot be sent. */
export const stillHere = '内容已在别处更新，暂时不能提交。您填写的内容仍保留在这里，可以复制。'

/** 2027年5月28日: a plan reaches into another year. */
export const fullDay = (day: string): string => `${day.slice(0, 4)}年${formatDay(day)}`

/** One interview as the server has it, and what is done with it. What is typed stays in the forms, whatever is loaded. */
export function useInterview(person: string, period: string) {
  const path = `/api/interview/${encodeURIComponent(person)}/${encodeURIComponent(period)}`
  const page = ref<InterviewPage>()
  const busy = ref('')
  const unsent = new Set<() => boolean>()
  // The same words go again under the same id; changed ones are another act.
  let last = { act: '', id: '' }

  async function load() {
    const [, loaded] = await Promise.all([me(), get<InterviewPage>(path)])
    page.value = loaded
  }

  /** @returns undefined when it did not succeed and the person has been told */
  async function post<T>(what: string, body: object): Promise<T | undefined> {
    const act = what + JSON.stringify(body)
    if (last.act !== act) last = { act, id: newId() }
    busy.value = what
    try {
      const answer = await send<T>('POST', `${path}/${what}`, { requestId: last.id, ...body })
      last = { act: '', id: '' }
      return answer
    } catch (error) {
      if (error instanceof Refused && error.current) page.value = error.current as InterviewPage
      fail(error)
      return undefined
    } finally {
      busy.value = ''
    }
  }

  /** For what is answered with the page as it then is. @returns whether it succeeded */
  async function act(what: string, body: object = {}): Promise<boolean> {
    const answer = await post<InterviewPage>(what, { rev: page.value?.rev, ...body })
    if (answer) page.value = answer
    return answer !== undefined
  }

  /** Of a form: whether it holds something that was not sent. */
  function holds(unsaved: () => boolean) {
    unsent.add(unsaved)
    onScopeDispose(() => unsent.delete(unsaved))
  }

  return reactive({ page, busy, load, post, act, holds, unsaved: () => [...unsent].some((u) => u()) })
}

/** The colour of where an interview stands; the words say the same. */
export function interviewTone(line: Pick<InterviewLine, 'state' | 'mine'>): string {
  if (line.mine) return 'warn'
  switch (line.state) {
    case 'objected':
      return 'bad'
    case 'done':
    case 'reviewed':
      return 'good'
    case 'agreed':
    case 'improving':
    case 'to-record':
    case 'to-review':
      return ''
    case 'open':
    case 'asked':
    case 'countered':
    case 'to-allow':
    case 'to-confirm':
    case 'gone':
    case 'waived':
      return 'quiet'
  }
}

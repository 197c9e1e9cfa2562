import { onScopeDispose, reactive, ref, shallowRef } from 'vue'
import { fail } from '../ui/words.ts'
import { get, me, Refused, send } from './api.ts'
import { newId } from './app.ts'

/** Beside words that somebody has typed and that meanwhile cannot be sent. */
export const stillHere = '内容已在别处更新，暂时不能提交。您填写的内容仍保留在这里，可以复制。'

/**
 * One thing as the server has it, and what is done with it: `path/<what>`. What is typed stays in the forms, whatever is
 * loaded.
 */
export function usePageStore<P extends { rev: number }>(path: string) {
  const page = shallowRef<P>()
  const busy = ref('')
  const unsent = new Set<() => boolean>()
  // The same words go again under the same id; changed ones are another act.
  let last = { act: '', id: '' }

  async function load() {
    const [, loaded] = await Promise.all([me(), get<P>(path)])
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
      if (error instanceof Refused && error.current) page.value = error.current as P
      fail(error)
      return undefined
    } finally {
      busy.value = ''
    }
  }

  /** For what is answered with the page as it then is. @returns whether it succeeded */
  async function act(what: string, body: object = {}): Promise<boolean> {
    const answer = await post<P>(what, { rev: page.value?.rev, ...body })
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

import { computed, onScopeDispose, reactive, ref, watch } from 'vue'
import { validateContent, type WeeklyContent } from '../../../src/domain/weekly-report.ts'
import type { Me, Saved, Submitted, WeekPage } from '../../../src/http/api/contract.ts'
import { get, Refused, send, sentence, Unreachable } from './api.ts'
import { local, newId } from './app.ts'
import { onSettled, pending, sendOrKeep } from './pending.ts'
import { contentOf, formOf, type WeekForm } from './week-form.ts'

/** What is kept in the browser while somebody writes; `base` is what the server had when they began. */
interface Kept {
  rev: number
  base: string
  form: WeekForm
}

const AUTOSAVE_MS = 1_200

/**
 * The page of one's own week: what the server has, what is typed, and how the two come together. What is typed is in the browser
 * at once and on the server a moment later, as the same draft that the chat shows.
 */
export function useWeek(me: Me, loaded: WeekPage) {
  const page = ref(loaded)
  const form = reactive(formOf(loaded.content, loaded.planned.length))
  /**
   * `conflict`: somebody, or the chat, wrote the week meanwhile; nothing is overwritten until one is chosen. `refused`: what is
   * written cannot be taken as it is.
   */
  const saving = ref<'idle' | 'typing' | 'saving' | 'saved' | 'offline' | 'conflict' | 'refused'>('idle')
  /** Why it was refused, where no field says so. */
  const refusal = ref('')
  const theirs = ref<WeekPage>()
  const submitting = ref(false)
  const dropUnread = ref(false)
  const key = `${me.id}/week/${loaded.week}`
  const base = ref('')
  let quiet = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let saves: Promise<void> = Promise.resolve()

  const content = computed<WeeklyContent>(() => contentOf(form))
  const problems = computed(() => validateContent(content.value, page.value.planned.length))
  const changed = computed(() => JSON.stringify(content.value) !== base.value)
  const waiting = computed(() => pending.list.some((p) => p.about === key))

  function fill(next: WeekForm): void {
    quiet = true
    Object.assign(form, next)
    queueMicrotask(() => {
      quiet = false
    })
  }

  /** The server's state becomes ours. */
  function take(next: WeekPage): void {
    page.value = next
    theirs.value = undefined
    base.value = JSON.stringify(contentOf(formOf(next.content, next.planned.length)))
    fill(formOf(next.content, next.planned.length))
    local.drop(key)
    saving.value = 'idle'
  }

  // Beginning: what was left unsent in this browser comes first, unless the server has moved on since.
  base.value = JSON.stringify(content.value)
  const kept = local.read<Kept>(key)
  if (kept?.form?.rows && kept.form.outcomes.length === loaded.planned.length) {
    const mine = JSON.stringify(contentOf(kept.form))
    if (mine === base.value) local.drop(key)
    else {
      fill(kept.form)
      if (kept.base === base.value || kept.rev === loaded.rev) schedule()
      else conflict(loaded)
    }
  }

  function conflict(current: WeekPage): void {
    theirs.value = current
    saving.value = 'conflict'
  }

  function schedule(): void {
    if (saving.value !== 'conflict') saving.value = 'typing'
    clearTimeout(timer)
    timer = setTimeout(() => void save(), AUTOSAVE_MS)
  }

  watch(
    form,
    () => {
      if (quiet || !changed.value) return
      local.write(key, { rev: page.value.rev, base: base.value, form } satisfies Kept)
      schedule()
    },
    { deep: true, flush: 'sync' },
  )

  /** One after the other, the newest content each time. */
  function save(): Promise<void> {
    clearTimeout(timer)
    saves = saves.then(async () => {
      if (!changed.value && !dropUnread.value) return
      if (saving.value === 'conflict' || submitting.value || waiting.value) return
      const sent = content.value
      saving.value = 'saving'
      try {
        await put(sent)
        base.value = JSON.stringify(sent)
        dropUnread.value = false
        saving.value = changed.value ? 'typing' : 'saved'
        if (changed.value) schedule()
        else local.drop(key)
      } catch (error) {
        if (error instanceof Unreachable) saving.value = 'offline'
        else if (error instanceof Refused && error.code === 'conflict') conflict(error.current as WeekPage)
        else {
          refusal.value = error instanceof Refused && error.fields.length > 0 ? '' : sentence(error)
          saving.value = 'refused'
        }
      }
    })
    return saves
  }

  /** A change that is only a new version, not new words (a message, a decision), is no conflict. */
  async function put(sent: WeeklyContent): Promise<void> {
    const path = `/api/week/${page.value.week}/draft`
    const body = () => ({
      requestId: newId(),
      rev: page.value.rev,
      content: sent,
      ...(dropUnread.value && { dropUnread: true }),
    })
    try {
      page.value.rev = (await send<Saved>('PUT', path, body())).rev
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'conflict') throw error
      const current = error.current as WeekPage
      if (JSON.stringify(contentOf(formOf(current.content, current.planned.length))) !== base.value) throw error
      page.value = current
      page.value.rev = (await send<Saved>('PUT', path, body())).rev
    }
  }

  /** Ours is to stand: it is saved over what is there, which stays in the history once submitted. */
  function keepMine(): void {
    if (!theirs.value) return
    page.value = theirs.value
    base.value = JSON.stringify(contentOf(formOf(theirs.value.content, theirs.value.planned.length)))
    theirs.value = undefined
    saving.value = 'typing'
    void save()
  }

  /** @returns what came of it; undefined when it waits for the line. @throws Refused */
  async function submit(): Promise<Submitted | undefined> {
    clearTimeout(timer)
    submitting.value = true
    try {
      await saves
      const body = { requestId: newId(), rev: page.value.rev, content: content.value }
      const path = `/api/week/${page.value.week}/submit`
      local.write(key, { rev: page.value.rev, base: base.value, form } satisfies Kept)
      const answer = await sendOrKeep<Submitted>({ path, body, what: '周总结和计划', about: key })
      if (answer) take(answer.page)
      return answer
    } catch (error) {
      if (error instanceof Refused && error.code === 'conflict') conflict(error.current as WeekPage)
      throw error
    } finally {
      submitting.value = false
    }
  }

  async function reload(): Promise<void> {
    take(await get<WeekPage>(`/api/week?week=${page.value.week}`))
  }

  const stop = onSettled((one, result) => {
    if (one.about !== key) return
    if (result.ok) take((result.answer as Submitted).page)
    else if (result.error.code === 'conflict') conflict(result.error.current as WeekPage)
  })
  const onOnline = () => saving.value === 'offline' && void save()
  addEventListener('online', onOnline)
  onScopeDispose(() => {
    clearTimeout(timer)
    stop()
    removeEventListener('online', onOnline)
  })

  return {
    page,
    form,
    content,
    problems,
    changed,
    saving,
    refusal,
    theirs,
    submitting,
    waiting,
    dropUnread,
    take,
    save,
    keepMine,
    submit,
    reload,
  }
}

import { computed, reactive } from 'vue'
import type { PlatformName } from '../../company/people.ts'
import type { ChatSummary, ClockState, SandboxState, TravelReport } from '../../control.ts'
import type { Happening } from '../../journal.ts'
import type { PhoneMessage } from '../../stand-in.ts'
import { act, get } from './api.ts'

/** As JSON carries it. */
export type Message = Omit<PhoneMessage, 'at' | 'updatedAt'> & { at: string; updatedAt?: string }

const keyOf = (platform: PlatformName, id: string) => `${platform}/${id}`

interface Store {
  state: SandboxState | undefined
  connected: boolean
  /** Of chats that a phone shows, by `platform/id`. */
  chats: Record<string, Message[]>
  summaries: Record<string, ChatSummary>
  /** Messages of the bot that were seen in this browser, by `platform/id`. */
  read: Record<string, number>
  happenings: Happening[]
  report: TravelReport | undefined
  /** Business time in milliseconds, running. */
  now: number
  /** A line over everything for a moment. */
  toast: string
}

export const store = reactive<Store>({
  ...{ state: undefined, connected: true, chats: {}, summaries: {}, read: {}, happenings: [], report: undefined },
  ...{ now: 0, toast: '' },
})

export const people = computed(() =>
  (store.state?.platforms ?? []).flatMap((p) => p.people.map((person) => ({ ...person, platform: p.platform }))),
)
export const isOpen = computed(() => store.state?.phase === 'open')
export const isTravelling = computed(() => store.state?.clock.travelling ?? false)

export const personOf = (platform: PlatformName, userId: string) =>
  people.value.find((p) => p.platform === platform && p.userId === userId)

export function unread(platform: PlatformName, id: string): number {
  const key = keyOf(platform, id)
  return Math.max(0, (store.summaries[key]?.bot ?? 0) - (store.read[key] ?? store.state?.baseline[key] ?? 0))
}

const readKey = () => `jixiao-sandbox/read/${store.state?.world}`

/** Everything in this chat has been seen. */
export function markRead(platform: PlatformName, id: string): void {
  const key = keyOf(platform, id)
  const bot = store.summaries[key]?.bot ?? 0
  if ((store.read[key] ?? -1) === bot) return
  store.read[key] = bot
  try {
    localStorage.setItem(readKey(), JSON.stringify(store.read))
  } catch {
    // A browser without storage forgets.
  }
}

let toastTimer: ReturnType<typeof setTimeout> | undefined
export function toast(text: string): void {
  store.toast = text
  clearTimeout(toastTimer)
  toastTimer = setTimeout(() => {
    store.toast = ''
  }, 3500)
}

/** Does something and shows what went wrong. @returns undefined when it did */
export async function attempt<T = Record<string, unknown>>(name: string, body: object): Promise<T | undefined> {
  try {
    return await act<T>(name, body)
  } catch (error) {
    toast((error as Error).message)
    return undefined
  }
}

let anchor = { business: 0, real: 0 }
function setClock(clock: ClockState): void {
  if (store.state) store.state.clock = clock
  anchor = { business: Date.parse(clock.now), real: performance.now() }
  store.now = anchor.business
}
setInterval(() => {
  if (isOpen.value && !isTravelling.value) store.now = anchor.business + performance.now() - anchor.real
}, 500)

export async function loadChat(platform: PlatformName, id: string, as: string): Promise<void> {
  const query = new URLSearchParams(id === as ? { platform, id } : { platform, id, as })
  try {
    store.chats[keyOf(platform, id)] = await get<Message[]>(`/api/chat?${query}`)
  } catch {
    store.chats[keyOf(platform, id)] = []
  }
}

/** Who wants to know of changes in which chat. */
const shown = new Map<symbol, { platform: PlatformName; id: string; as: string }>()
export function show(platform: PlatformName, id: string, as: string): () => void {
  const mark = Symbol(id)
  shown.set(mark, { platform, id, as })
  void loadChat(platform, id, as)
  return () => void shown.delete(mark)
}

function refresh(platform?: PlatformName, id?: string): void {
  for (const chat of shown.values())
    if (platform === undefined || (chat.platform === platform && chat.id === id))
      void loadChat(chat.platform, chat.id, chat.as)
}

export async function loadState(): Promise<void> {
  const before = store.state?.world
  const state = await get<SandboxState>('/api/state')
  store.state = state
  store.summaries = Object.fromEntries(state.chats.map((c) => [keyOf(c.platform, c.id), c]))
  store.happenings = [...state.happenings]
  setClock(state.clock)
  if (before !== state.world) {
    store.report = undefined
    store.read = {}
    try {
      const kept = localStorage.getItem(readKey())
      for (const key of Object.keys(localStorage))
        if (key.startsWith('jixiao-sandbox/read/') && key !== readKey()) localStorage.removeItem(key)
      if (kept) store.read = JSON.parse(kept)
    } catch {
      // A browser without storage forgets.
    }
  }
  refresh()
}

export async function travel(wanted: { to: string } | { minutes: number }): Promise<void> {
  store.report = undefined
  const report = await attempt<TravelReport>('clock', wanted)
  if (report) store.report = report
}

/** Listens to the sandbox for as long as the page is open. */
export function connect(): void {
  const events = new EventSource('/api/events')
  const on = <T>(name: string, then: (data: T) => void) =>
    events.addEventListener(name, (event) => then(JSON.parse((event as MessageEvent<string>).data) as T))
  events.onopen = () => {
    store.connected = true
    void loadState().catch(() => undefined)
  }
  events.onerror = () => {
    store.connected = false
    // A refused connection is not tried again by itself.
    if (events.readyState === EventSource.CLOSED) {
      events.close()
      setTimeout(connect, 1500)
    }
  }
  on<{ share: number; now: string }>('past', ({ share, now }) => {
    if (!store.state) return
    store.state.share = share
    store.now = Date.parse(now)
  })
  on<ClockState>('clock', setClock)
  on('reload', () => void loadState())
  on<ChatSummary>('chat', (summary) => {
    store.summaries[keyOf(summary.platform, summary.id)] = summary
    refreshSoon(summary.platform, summary.id)
  })
  on<Happening>('happening', (happening) => {
    store.happenings.push(happening)
    if (store.happenings.length > 200) store.happenings.shift()
  })
}

/** Several changes of one chat within a moment are one look at it. */
const waiting = new Set<string>()
function refreshSoon(platform: PlatformName, id: string): void {
  const key = keyOf(platform, id)
  if (waiting.has(key)) return
  waiting.add(key)
  setTimeout(() => {
    waiting.delete(key)
    refresh(platform, id)
  }, 40)
}

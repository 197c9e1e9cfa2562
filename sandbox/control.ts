import { z } from 'zod'
import { addDays, dayOf, instantAt, type Weekday, weekday } from '../src/domain/time.ts'
import type { PlatformName } from './company/people.ts'
import { type FaultSwitch, faultSwitches } from './faults.ts'
import { type Happening, headline, type Journal } from './journal.ts'
import { phoneHost } from './phone-browser.ts'
import type { MenuEntry, PhoneMessage, SandboxPerson } from './stand-in.ts'
import type { World } from './world.ts'

export const ZONE = 'Asia/Shanghai'
const DAY_MS = 86_400_000
/** A journey of more than a year is a slip of the finger. */
const MOST_TRAVEL_MS = 400 * DAY_MS

/** Something asked for that cannot be done; the message is for the person who asked. */
export class CannotDo extends Error {}

/** One chat as the list of people shows it. `bot`: how many messages came from the bot. */
export interface ChatSummary {
  platform: PlatformName
  id: string
  bot: number
  lastAt?: string
  preview: string
}

/** What the page needs to draw itself; `world` changes with every start. */
export interface SandboxState {
  world: string
  phase: 'past' | 'open'
  share: number
  clock: ClockState
  platforms: {
    platform: PlatformName
    people: (Pick<SandboxPerson, 'userId' | 'name' | 'title' | 'departments'> & { host: string })[]
    groups: { groupId: string; name: string; members: string[] }[]
    menu: MenuEntry[]
  }[]
  chats: ChatSummary[]
  /** `bot` of each chat when the sandbox opened, by `platform/id`: read already. */
  baseline: Record<string, number>
  faults: (Pick<FaultSwitch, 'name' | 'label' | 'about'> & { once: boolean; on: boolean })[]
  happenings: readonly Happening[]
  publicBaseUrl: string
}

export interface ClockState {
  now: string
  travelling: boolean
  /** Where a journey leads. */
  until?: string
  presets: { label: string; at: string }[]
}

/** What a journey of the clock brought. */
export interface TravelReport {
  from: string
  to: string
  happenings: Happening[]
}

const platform = z.enum(['wecom', 'dingtalk'])
const id = z.string().min(1).max(64)
const who = z.strictObject({ platform, userId: id })
const inGroup = who.extend({ groupId: id.optional() })

export const inputs = {
  type: inGroup.extend({ text: z.string().trim().min(1).max(4000) }),
  media: inGroup.extend({ media: z.enum(['image', 'voice', 'video', 'file', 'location']) }),
  tap: who.extend({
    messageId: z.string().min(1).max(200),
    key: z.string().min(1).max(1200),
    selected: z.record(z.string().max(1200), z.array(z.string().max(4000)).max(50)).default({}),
  }),
  menu: who.extend({ key: z.string().min(1).max(1200) }),
  open: who,
  clock: z.union([
    z.strictObject({ to: z.iso.datetime({ offset: true }) }),
    z.strictObject({
      minutes: z
        .number()
        .int()
        .min(1)
        .max(60 * 24 * 400),
    }),
  ]),
  halt: z.strictObject({}),
  fault: z.strictObject({ name: z.string().max(40), on: z.boolean() }),
  join: z.strictObject({
    name: z.string().trim().min(1).max(20),
    title: z.string().trim().min(1).max(30),
    department: z.string().trim().min(1).max(30),
    platforms: z.array(platform).min(1).max(2),
  }),
  leave: z.strictObject({ userId: id }),
  restart: z.strictObject({}),
}

const weekly: { label: string; weekday: Weekday; time: string }[] = [
  { label: '周五 16:00', weekday: 5, time: '16:00' },
  { label: '周六 9:00', weekday: 6, time: '09:00' },
  { label: '周六 11:30', weekday: 6, time: '11:30' },
  { label: '周六 12:00', weekday: 6, time: '12:00' },
  { label: '周一 10:00', weekday: 1, time: '10:00' },
]

/** The next such instants, strictly after now. */
export function presetsAt(now: Date): ClockState['presets'] {
  const today = dayOf(now, ZONE)
  return weekly.map(({ label, weekday: wanted, time }) => {
    const days = Array.from({ length: 8 }, (_, n) => addDays(today, n)).filter((day) => weekday(day) === wanted)
    const at = days.map((day) => instantAt(day, time, ZONE)).find((instant) => instant > now)!
    return { label, at: at.toISOString() }
  })
}

/** A platform that nobody answers repeats for a minute; the person with the phone has long gone on. Real milliseconds. */
const PATIENCE_MS = 3_000

async function patiently(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise((done) => {
    timer = setTimeout(done, PATIENCE_MS)
  })
  await Promise.race([work, enough]).finally(() => clearTimeout(timer))
  work.catch(() => {})
}

export type Control = ReturnType<typeof createControl>

/** Everything the page can see and do in a world. */
export function createControl(world: World, journal: Journal, worldId: string) {
  let phase: SandboxState['phase'] = 'past'
  let share = 0
  let until: Date | undefined
  let journey = new AbortController()
  let baseline: Record<string, number> = {}
  let joined = 0
  let restarting = false
  const listeners = new Set<(event: string, data: unknown) => void>()
  const tell = (event: string, data: unknown) => {
    for (const listener of listeners) listener(event, data)
  }
  const now = () => world.clock.now().toISOString()
  const note = (text: string) => journal.add({ at: now(), kind: 'note', text })

  const isGroup = (p: PlatformName, chatId: string) =>
    world
      .standIn(p)
      .groups()
      .some((g) => g.groupId === chatId)

  /** A page may still show somebody who has left meanwhile. */
  function knownOn(p: PlatformName, userId: string) {
    const found = world.standIn(p)
    if (!found.people().some((one) => one.userId === userId)) throw new CannotDo('公司里没有这个人')
    return found
  }

  function messagesOf(p: PlatformName, chatId: string, asUserId?: string): PhoneMessage[] {
    if (!isGroup(p, chatId)) return knownOn(p, chatId).chat(chatId)
    return p === 'dingtalk' ? world.dingtalk.groupChat(chatId, asUserId) : world.wecom.groupChat(chatId)
  }

  function summary(p: PlatformName, chatId: string): ChatSummary {
    const messages = messagesOf(p, chatId)
    const last = messages.at(-1)
    return {
      ...{ platform: p, id: chatId, bot: messages.filter((m) => m.from === 'bot').length, preview: headline(last) },
      ...(last && { lastAt: last.at.toISOString() }),
    }
  }

  const everyChat = (): [PlatformName, string][] =>
    world.standIns.flatMap((s) =>
      [...s.people().map((p) => p.userId), ...s.groups().map((g) => g.groupId)].map((chat): [PlatformName, string] => [
        s.platform,
        chat,
      ]),
    )
  const summaries = () => everyChat().map(([p, chat]) => summary(p, chat))

  /** How many messages of the bot each chat had when it was last looked at. */
  const known = new Map<string, number>()
  function changed(p: PlatformName, chatId: string): void {
    // Somebody who has left has no chat any more.
    if (
      !isGroup(p, chatId) &&
      !world
        .standIn(p)
        .people()
        .some((one) => one.userId === chatId)
    )
      return
    const fromBot = messagesOf(p, chatId).filter((m) => m.from === 'bot')
    const key = `${p}/${chatId}`
    const fresh = fromBot.slice(known.get(key) ?? 0)
    known.set(key, fromBot.length)
    const group = world
      .standIn(p)
      .groups()
      .find((g) => g.groupId === chatId)
    const name =
      group?.name ??
      world
        .standIn(p)
        .people()
        .find((one) => one.userId === chatId)?.name ??
      chatId
    for (const m of fresh) {
      const told = { platform: p, to: chatId, name, title: headline(m), group: group !== undefined }
      journal.add({ at: m.at.toISOString(), kind: 'message', ...told })
    }
    // A past of three weeks is looked at when it is over.
    if (phase === 'open') tell('chat', summary(p, chatId))
  }
  const stops = world.standIns.map((s) => s.onChange((chatId) => changed(s.platform, chatId)))
  stops.push(journal.onAdd((happening) => phase === 'open' && tell('happening', happening)))

  const clock = (): ClockState => ({
    ...{ now: now(), travelling: until !== undefined, presets: presetsAt(world.clock.now()) },
    ...(until && { until: until.toISOString() }),
  })

  async function travel(target: Date): Promise<TravelReport> {
    const from = world.clock.now()
    if (until) throw new CannotDo('时钟正在前进，请稍候')
    if (target <= from) throw new CannotDo('时间只能向前走，请选择更晚的时间')
    if (target.getTime() - from.getTime() > MOST_TRAVEL_MS) throw new CannotDo('一次最多前进400天')
    const finish = journal.collect()
    until = target
    journey = new AbortController()
    let told = 0
    tell('clock', clock())
    try {
      await world.clock.travelTo(target, {
        signal: journey.signal,
        onMinute() {
          const real = performance.now()
          if (real - told < 100) return
          told = real
          tell('clock', clock())
        },
      })
      await world.idle()
    } finally {
      until = undefined
      tell('clock', clock())
    }
    return { from: from.toISOString(), to: now(), happenings: finish() }
  }

  return {
    state: (): SandboxState => ({
      world: worldId,
      phase,
      share,
      clock: clock(),
      platforms: world.standIns.map((s) => ({
        platform: s.platform,
        people: s.people().map((p) => ({ ...p, host: phoneHost({ userId: p.userId, platform: s.platform }) })),
        groups: s.groups(),
        menu: s.menu(),
      })),
      chats: phase === 'open' ? summaries() : [],
      baseline,
      faults: faultSwitches.map(({ name, label, about, once, isOn }) => ({
        ...{ name, label, about, once: once ?? false, on: isOn(world) },
      })),
      happenings: phase === 'open' ? journal.all.slice(-100) : [],
      publicBaseUrl: world.publicBaseUrl,
    }),
    /** @param chat a person's or a group's id; `asUserId` who looks at a group */
    chat: (p: PlatformName, chat: string, asUserId?: string) => messagesOf(p, chat, asUserId),
    onEvent(listener: (event: string, data: unknown) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    /** How far the past is lived through, 0…1. */
    progress(done: number) {
      share = done
      tell('past', { share, now: now() })
    },
    /** The past is over: from now on people may act, and time passes. */
    openNow() {
      phase = 'open'
      share = 1
      baseline = Object.fromEntries(summaries().map((s) => [`${s.platform}/${s.id}`, s.bot]))
      tell('reload', {})
    },
    actions: {
      async type({ platform: p, userId, text, groupId }: z.infer<typeof inputs.type>) {
        await patiently(knownOn(p, userId).type(userId, text, groupId))
      },
      async media({ platform: p, userId, media, groupId }: z.infer<typeof inputs.media>) {
        await patiently(knownOn(p, userId).sendMedia(userId, media, groupId))
      },
      async tap({ platform: p, userId, messageId, key, selected }: z.infer<typeof inputs.tap>) {
        const toasts = () => (p === 'dingtalk' ? world.dingtalk.toasts(userId).length : 0)
        const before = toasts()
        await patiently(knownOn(p, userId).tap(userId, messageId, key, selected))
        return toasts() > before ? { toast: world.dingtalk.toasts(userId).at(-1) } : {}
      },
      async menu({ platform: p, userId, key }: z.infer<typeof inputs.menu>) {
        await patiently(knownOn(p, userId).tapMenu(userId, key))
      },
      async open({ platform: p, userId }: z.infer<typeof inputs.open>) {
        await patiently(knownOn(p, userId).open(userId))
      },
      clock: (wanted: z.infer<typeof inputs.clock>) =>
        travel('to' in wanted ? new Date(wanted.to) : new Date(world.clock.now().getTime() + wanted.minutes * 60_000)),
      /** A journey under way ends at the minute it has come to. */
      async halt(_: z.infer<typeof inputs.halt>) {
        journey.abort()
      },
      async fault({ name, on }: z.infer<typeof inputs.fault>) {
        const found = faultSwitches.find((f) => f.name === name)
        if (!found) throw new CannotDo('没有这种故障')
        found.set(world, on)
        note(found.once ? `故障：${found.label}` : `故障“${found.label}”已${on ? '打开' : '关闭'}`)
        tell('reload', {})
      },
      async join({ name, title, department, platforms }: z.infer<typeof inputs.join>) {
        joined++
        const colleagues = world.standIns.flatMap((s) => s.people())
        const home = colleagues.find((c) => c.departments.at(-1) === department)
        const leader = world.people.find((p) => p.leader && p.departments.at(-1) === department)
        const person: SandboxPerson = {
          ...{ userId: `xin${joined}`, name, title, departments: home?.departments ?? [department] },
          ...{ jobNumber: String(9000 + joined), hiredOn: dayOf(world.clock.now(), ZONE) },
          ...(leader && { managerUserId: leader.userId }),
        }
        for (const p of platforms) await world.standIn(p).join(person)
        world.people.push({ ...person, on: platforms })
        note(`${name}加入了公司`)
        tell('reload', {})
        return { userId: person.userId }
      },
      async leave({ userId }: z.infer<typeof inputs.leave>) {
        const homes = world.standIns.filter((s) => s.people().some((p) => p.userId === userId))
        const name = homes[0]?.people().find((p) => p.userId === userId)?.name
        if (!name) throw new CannotDo('公司里没有这个人')
        for (const s of homes) await s.leave(userId)
        note(`${name}离开了公司`)
        tell('reload', {})
      },
      async restart(_: z.infer<typeof inputs.restart>) {
        if (until || restarting) throw new CannotDo('请稍候再重启')
        restarting = true
        try {
          await world.restartBot()
        } finally {
          restarting = false
        }
        note('机器人已重启')
      },
    },
    stop() {
      for (const stop of stops) stop()
      listeners.clear()
    },
  }
}

import { newcomer, type PlatformName, peopleOn } from './company/people.ts'
import { plans, reasons, reflections, type Task } from './company/work.ts'
import type { Phone } from './phone.ts'
import type { World } from './world.ts'

/** The bot starts on a Friday morning, three weeks before the sandbox opens… */
export const PAST_BEGINS_AT = '2026-11-06T08:30:00+08:00'
/** …which is ten minutes before the Friday's reminder. */
export const OPENS_AT = '2026-11-27T15:50:00+08:00'

const fridays = ['2026-11-06', '2026-11-13', '2026-11-20'] as const
const MINUTE = 60_000
const DAY = 86_400_000

/** Where somebody talks to the bot; WeCom when they are on both, unless they prefer DingTalk. */
const prefersDingtalk = new Set(['dengkai', 'caojing', 'guoqiang'])

/** What does not go by the book: week (0, 1, 2) and who. */
const story = {
  /** Hands in after 12:00. */
  late: { 1: ['caojing'], 2: ['fanmeiling'] } as Record<number, string[]>,
  /** Hands in nothing. */
  missing: { 1: ['shenlei'] } as Record<number, string[]>,
  /** Says so, and the superior excuses the week. */
  leave: { 2: ['panxiaoyan'] } as Record<number, string[]>,
  /** Has something unfinished that goes on into the next week. */
  unfinished: { 1: ['zhaomin', 'luopeng', 'qianjin'], 2: ['wangwei2', 'yangfan', 'zhaomin'] } as Record<
    number,
    string[]
  >,
  /** A requirement is not met. */
  deducted: { 1: ['tangxin'], 2: ['qianjin'] } as Record<number, string[]>,
  /** Superiors whose scoring is still open when the sandbox opens. */
  unscored: { 2: ['guoqiang'] } as Record<number, string[]>,
  /** Scores in one message, the way some people prefer. */
  byLine: { 2: ['dengkai'] } as Record<number, string[]>,
}

const happens = (what: Record<number, string[]>, week: number, userId: string) => what[week]?.includes(userId) ?? false

/**
 * Three weeks played through the phones: people write and confirm, some late, one not at all; managers score. The same for
 * the same seed. The clock has to stand at `PAST_BEGINS_AT` and then stands at `OPENS_AT`.
 */
export async function livePast(
  world: World,
  { seed, onProgress }: { seed: number; onProgress?: ((share: number) => void) | undefined },
): Promise<void> {
  /** Everybody's own, because several act side by side. */
  const luckOf = (what: string) => seeded([...what].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) >>> 0, seed))
  const from = new Date(PAST_BEGINS_AT).getTime()
  const until = new Date(OPENS_AT).getTime()
  const go = async (at: number) => {
    await world.clock.travelTo(new Date(at), { onMinute: tell })
    tell(new Date(at))
  }
  const tell = (at: Date) => onProgress?.((at.getTime() - from) / (until - from))

  const authors = Object.keys(plans).filter((userId) => world.people.some((p) => p.userId === userId))
  /** What each has planned for the week that is running, and what waits to be scored. */
  const planned = new Map<string, Task[]>()
  const scored = new Map<string, Task[]>()

  for (const [week, friday] of fridays.entries()) {
    const reminder = new Date(`${friday}T16:00:00+08:00`).getTime()
    const saturday = new Date(`${friday}T00:00:00+08:00`).getTime() + DAY
    await go(reminder)
    for (const userId of authors.filter((u) => happens(story.leave, week, u))) await takeLeave(world, userId)

    const writing = authors.filter((u) => !happens(story.missing, week, u) && !happens(story.leave, week, u))
    for (const userId of authors)
      if (!writing.includes(userId)) for (const book of [planned, scored]) book.delete(userId)
    const moments = writing.map((userId) => {
      const late = happens(story.late, week, userId)
      const random = luckOf(`when/${userId}/${week}`)
      const eager = random() < 0.6
      const minute = Math.floor(random() * (eager ? 12 : 17)) * 10 + 7
      const opens = late ? saturday + 12 * 3_600_000 : eager ? reminder : saturday + 9 * 3_600_000
      return { userId, at: opens + minute * MINUTE }
    })
    for (const { at, group } of together(moments)) {
      await go(at)
      await Promise.all(group.map((userId) => handIn(userId, week)))
    }

    const monday = saturday + 2 * DAY
    await go(monday + 9 * 3_600_000)
    if (week === 2) await world.standIn('wecom').join(peopleOn([newcomer], 'wecom')[0]!)
    await go(monday + 10 * 3_600_000)
    const [top = [], middle = []] = judges(world)
    for (const [i, group] of [middle, top].entries()) {
      await go(monday + 10 * 3_600_000 + (7 + i * 12) * MINUTE)
      await Promise.all(group.map((userId) => judge(userId, week)))
    }
    for (const { userId } of world.people.filter((p) => homePhone(world, p.userId).has('可以支持')))
      await promise(homePhone(world, userId))
    if (week === 2) {
      await go(monday + (11 * 60 + 45) * MINUTE)
      const asked = world.people.filter((p) => homePhone(world, p.userId).has('开始作答'))
      // Two keep silent: they are reminded.
      await Promise.all(asked.slice(2).map((p) => rateCanteen(homePhone(world, p.userId), luckOf(`dine/${p.userId}`))))
      for (const { userId } of asked.slice(-1)) await homePhone(world, userId).type('匿名意见：希望增加素菜和杂粮')
    }
  }
  await go(until)

  async function handIn(userId: string, week: number): Promise<void> {
    const phone = homePhone(world, userId)
    const before = planned.get(userId) ?? []
    // The first time, the bot introduces itself.
    if (week === 0) await world.standIn(homeOf(world, userId)).open(userId)
    const tasks = ordered(plans[userId]![week]!)
    // What is planned anew anyway does not carry over.
    const open = happens(story.unfinished, week, userId)
      ? before.findIndex((task) => !tasks.some(({ text }) => text === task.text))
      : -1
    await phone.type(
      [...summaryText(before.length, open, luckOf(`summary/${userId}/${week}`)), ...planText(tasks, userId)].join('\n'),
    )
    // Somebody who owes an older week as well is asked which one is meant.
    const which = phone.last().card
    if (which && !which.buttons.some((b) => b.text === '提交')) await phone.tap(which.buttons.at(-1)!.text)
    if (open >= 0) await phone.tap('未完成列入下周')
    await phone.tap('提交')
    planned.set(userId, open >= 0 ? [...tasks, before[open]!] : tasks)
    scored.set(userId, before)
  }

  async function judge(userId: string, week: number): Promise<void> {
    if (happens(story.unscored, week, userId)) return
    const phone = homePhone(world, userId)
    if (!phone.has('开始评分')) return
    const team = world.people.filter((p) => p.managerUserId === userId && (scored.get(p.userId) ?? []).length > 0)
    if (happens(story.byLine, week, userId)) {
      const line = ({ userId: id, name }: { userId: string; name: string }, i: number) =>
        `${name} ${scored
          .get(id)!
          .map(({ points }, n) => (n === i ? points - 4 : points))
          .join(' ')}`
      await phone.type(team.map(line).join('\n'))
      await phone.tap('全部确认')
      return
    }
    const random = luckOf(`judge/${userId}/${week}`)
    await phone.tap('开始评分')
    for (let card = phone.last().card; card?.buttons.some((b) => b.text === '全部满分'); card = phone.last().card) {
      const person = team.find((p) => card!.title.startsWith(`${p.name} `))
      if (person && happens(story.deducted, week, person.userId)) await deduct(phone)
      else if (random() < 0.5) await itemByItem(phone)
      else await phone.tap('全部满分')
      await phone.tap('确认评分')
    }
  }
}

async function takeLeave(world: World, userId: string): Promise<void> {
  await homePhone(world, userId).tap('我在请假')
  const manager = world.people.find((p) => p.userId === userId)?.managerUserId
  if (manager) await homePhone(world, manager).tap('同意免计')
}

/** Answers the canteen survey step by step, mostly content; the prices less so. */
async function rateCanteen(phone: Phone, random: () => number): Promise<void> {
  await phone.tap('开始作答')
  for (let card = phone.last().card; card?.buttons.some((b) => b.submit); card = phone.last().card) {
    const inputs = [
      ...card.selects.map((s) => ({ label: s.title, options: s.options.map((o) => o.text) })),
      ...(card.form ?? []).map((f) => ({ label: f.label, options: f.options.map((o) => o.text) })),
      ...(card.checklist ? [{ label: card.checklist.key, options: card.checklist.options.map((o) => o.text) }] : []),
    ]
    const chosen = inputs.map((input) => {
      // Whoever is drawn, the prices come out lowest.
      const dear = `${input.label}${card!.subtitle}`.includes('价格')
      const stars = dear ? 2 + Math.floor(random() * 3) : 4 + Math.floor(random() * 2)
      return [input.label, input.options.find((o) => o.startsWith(`${'★'.repeat(stars)} `)) ?? input.options.at(-1)!]
    })
    await phone.choose(Object.fromEntries(chosen))
  }
}

/** Somebody's plan needs this person, who says when. */
async function promise(phone: Phone): Promise<void> {
  await phone.tap('可以支持')
  await phone.tap('补充一句')
  await phone.type('今天下班前发给您')
}

/** A little less for the first item, the rest in full. */
async function itemByItem(phone: Phone): Promise<void> {
  await phone.tap('逐项打分')
  for (let first = true; phone.last().card?.buttons.some((b) => b.text === '下一步'); first = false) {
    const { selects, form } = phone.last().card!
    const label = selects[0]?.title ?? form?.[0]?.label
    const option = selects[0]?.options[1]?.text ?? form?.[0]?.options[1]?.text
    await phone.tap('下一步', first && label && option ? { [label]: option } : {})
  }
}

async function deduct(phone: Phone): Promise<void> {
  await phone.tap('全部满分')
  await phone.tap('扣分项')
  await phone.tap('下一步', { 总结不完整: '扣2分' })
  await phone.tap('下一步')
}

/** Who has people below them who write plans: whose own superior is the top, and the top. */
function judges(world: World): string[][] {
  const authors = world.people.filter((p) => plans[p.userId])
  const bosses = world.people.filter((p) => authors.some((a) => a.managerUserId === p.userId))
  const ids = (list: typeof bosses) => list.map((p) => p.userId)
  return [ids(bosses.filter((p) => !p.managerUserId)), ids(bosses.filter((p) => p.managerUserId))]
}

/** The platform where somebody talks to the bot. */
function homeOf(world: World, userId: string): PlatformName {
  const on = world.people.find((p) => p.userId === userId)?.on
  const wanted: PlatformName = prefersDingtalk.has(userId) ? 'dingtalk' : 'wecom'
  return on && !on.includes(wanted) ? on[0]! : wanted
}

const homePhone = (world: World, userId: string): Phone => world.phone(userId, homeOf(world, userId))

function planText(tasks: Task[], userId: string): string[] {
  const style = userId.length % 3
  const lines = (list: Task[], from: number) =>
    list.map((task, i) => {
      const n = from + i
      const rest = [task.day, task.support && `需支持${task.support}`].filter(Boolean).join(' ')
      if (style === 1) return `${n}、${task.text}（${task.points}分）${rest}`
      if (style === 2) return `${n}. ${task.text}，${task.points}分，${rest}`
      return `${n}. ${task.text} ${task.points}分 ${rest}`
    })
  const key = tasks.filter((task) => task.key)
  const daily = tasks.slice(key.length)
  const headed = [
    ...(key.length > 0 ? ['重点工作：', ...lines(key, 1)] : []),
    ...(daily.length > 0 ? ['日常工作：', ...lines(daily, key.length + 1)] : []),
  ]
  return ['周计划', ...headed]
}

/** As they are written: 重点 before 日常. */
const ordered = (tasks: Task[]): Task[] => [...tasks.filter((task) => task.key), ...tasks.filter((task) => !task.key)]

function summaryText(count: number, open: number, random: () => number): string[] {
  if (count === 0) return []
  const pick = (list: string[]) => list[Math.floor(random() * list.length)]!
  const outcomes = Array.from({ length: count }, (_, i) =>
    i === open ? `${i + 1}. ${i % 2 === 0 ? '部分完成' : '未完成'}：${pick(reasons)}` : `${i + 1}. 完成`,
  )
  return [
    '周总结',
    ...outcomes,
    `不足：${pick(reflections.shortcomings)}`,
    `问题：${pick(reflections.problems)}`,
    `更好的方法：${pick(reflections.methods)}`,
  ]
}

/** In order, those of one minute together. */
function together(moments: { userId: string; at: number }[]): { at: number; group: string[] }[] {
  const groups = new Map<number, string[]>()
  for (const { userId, at } of moments) groups.set(at, [...(groups.get(at) ?? []), userId])
  return [...groups].sort(([a], [b]) => a - b).map(([at, group]) => ({ at, group }))
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x = (x + Math.imul(x ^ (x >>> 7), x | 61)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296
  }
}

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PhoneMessage } from '../sandbox/stand-in.ts'
import { connect, type Db } from '../src/store/connect.ts'
import { companyYaml } from './company-of-five.ts'
import { testDatabase } from './db.ts'
import { type Dying, dieAt, isWrite, type When } from './dying.ts'
import { readable, startWeekWorld, type WeekWorld } from './week-world.ts'

/**
 * A week in a process that dies before one of its writes, or halfway through one of many rows, and is started again; people press
 * again what was not answered, or the platform repeats what was not acknowledged. In the end everything is as in the week that
 * nothing disturbed. Some of the deaths, evenly spread; `CRASH_ALL=1`: all; `CRASH_ALL=2/3`: the second third of them.
 */
let database: Awaited<ReturnType<typeof testDatabase>>
let looks: Db
beforeAll(async () => {
  database = await testDatabase()
  looks = await connect(database.uri)
})
afterAll(async () => {
  await looks.close()
  await database.stop()
})

const people = ['wang', 'li', 'zhao', 'qian', 'sun']
const summary = `周总结
1. 完成
2. 部分完成：教室被占用
3. 完成
不足：沟通不够及时
问题：教室紧张
更好的方法：提前一周预订
周计划
1. 年会筹备 40分 周四
2. 考勤统计 40分`

type Step = { at: string } | { who: string; type: string } | { who: string; tap: string }
/** From the first reminder to the second score. */
const week: Step[] = [
  { at: '2026-11-27T16:00:00+08:00' },
  { who: 'zhao', type: summary },
  { who: 'zhao', tap: '提交' },
  { who: 'qian', tap: '我在请假' },
  { who: 'li', tap: '同意免计' },
  { at: '2026-11-28T09:00:00+08:00' },
  { at: '2026-11-28T11:30:00+08:00' },
  { at: '2026-11-28T12:01:00+08:00' },
  { who: 'zhao', type: '周计划\n1. 年会筹备 60分 周四' },
  { who: 'zhao', tap: '提交' },
  { who: 'li', tap: '同意修改' },
  { who: 'li', tap: '开始评分' },
  { who: 'li', tap: '退回补充' },
  { who: 'li', type: '请补充培训的具体安排' },
  { who: 'zhao', type: '周计划\n1. 年会筹备 60分 周四\n2. 培训安排 20分' },
  { who: 'zhao', tap: '提交' },
  { at: '2026-11-30T10:00:00+08:00' },
  { who: 'li', type: '评分' },
  { who: 'li', tap: '全部满分' },
  { who: 'li', tap: '确认评分' },
  { who: 'li', type: '撤销' },
  { who: 'li', type: '赵敏 18 30 40 总结不完整扣2' },
  { who: 'li', tap: '确认评分' },
]

const fromBot = (world: WeekWorld, who: string) => world.wecom!.chat(who).filter((m) => m.from === 'bot')
const onPhone = (world: WeekWorld, who: string) => fromBot(world, who).map(readable)

/** Everybody's last plan was handed in a week ago; nobody has a birthday to tell. */
async function startWeek(): Promise<WeekWorld> {
  for (const { name } of await looks.db!.listCollections().toArray()) await looks.db!.collection(name).deleteMany({})
  const uri = new URL(database.uri)
  uri.searchParams.set('monitorCommands', 'true')
  const world = await startWeekWorld({
    start: '2026-11-20T15:00:00+08:00',
    yaml: `${companyYaml}moments: { askBirthday: false }\n`,
    env: { MONGODB_URI: uri.href },
  })
  const { ctx } = world.bot()
  const at = new Date('2026-11-20T15:00:00+08:00')
  const items: [string, number][] = [
    ['年度采购对账', 20],
    ['组织新员工培训', 30],
    ['考勤统计', 50],
  ]
  const plan = items.map(([text, points]) => ({ text, kind: 'routine' as const, points }))
  for (const { _id } of await ctx.people.active())
    await ctx.weeks.change(_id, '2026-W47', 'last-week', (row) => ({
      row: { ...row, submissions: [{ at, content: { plan } }] },
      outcome: null,
    }))
  world.clock.set('2026-11-27T15:59:00+08:00')
  await world.bot().tick()
  return world
}

/** What is there in the end and what everybody has on the phone: without what names the events, which are others when somebody presses again. */
async function ending(world: WeekWorld) {
  const all = (name: string) => looks.db!.collection(name).find().toArray()
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown
  const weeks = (await all('weeks')).map(({ rev: _, applied: __, draft, ...row }) =>
    plain({ ...row, drafted: draft?.content }),
  )
  const audit = (await all('audit')).map(({ _id: _, ...line }) => plain(line))
  const byText = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).sort()
  return {
    ...{ weeks: byText(weeks), audit: byText(audit) },
    phones: Object.fromEntries(people.map((who) => [who, onPhone(world, who).sort()])),
    messages: byText((await all('outbox')).filter((r) => r.state !== 'sent' && r.state !== 'cancelled')),
    events: byText((await all('inbox')).filter((r) => r.state !== 'done')),
    slots: byText((await all('slots')).filter((r) => r.state !== 'done')),
  }
}

/** Long after a process died nobody holds its rows any more. */
async function leasesEnd(): Promise<void> {
  const names = { inbox: 'leaseUntil', slots: 'leaseUntil', outbox: 'holdUntil' }
  for (const [name, until] of Object.entries(names))
    await looks.db!.collection(name).updateMany({ [until]: { $exists: true } }, { $set: { [until]: 0 } })
}

function buttonOf(world: WeekWorld, who: string, label: string): [PhoneMessage, string] {
  const holds = (m: PhoneMessage) => m.card?.buttons.find((b) => b.text === label && b.key)?.key
  const message = fromBot(world, who).findLast(holds)
  if (!message) throw new Error(`${who} sees no button ${label} on:\n${onPhone(world, who).at(-1)}`)
  return [message, holds(message)!]
}

/** Lives through the week with one death. @returns undefined when it had no n-th write any more */
async function live(
  n: number,
  when: When,
): Promise<{ end: Awaited<ReturnType<typeof ending>>; died: boolean; writes: number; sent: number }> {
  const world = await startWeek()
  try {
    let sent = 0
    const { db } = world.bot().ctx.people.model
    const dying: Dying = dieAt(db, n, when)
    db.getClient().on('commandStarted', (event) => void (isWrite(event) && sent++))
    let died = false
    void dying.died.then(() => {
      died = true
    })
    for (const step of week) {
      const before = 'who' in step ? JSON.stringify(onPhone(world, step.who)) : ''
      const wasDead = died
      const idle = async () => {
        await (died ? undefined : Promise.race([world.bot().idle(), dying.died]))
      }
      const act = async () => {
        if ('at' in step) {
          await Promise.race([world.clock.minute(), ...(wasDead ? [] : [dying.died])])
        } else if ('type' in step) await world.wecom!.type(step.who, step.type)
        else {
          const [message, key] = buttonOf(world, step.who, step.tap)
          await world.wecom!.tap(step.who, message.id, key)
        }
      }
      // Nobody does two things in one second.
      const now = 'at' in step ? new Date(step.at) : new Date(world.clock.now().getTime() + 20_000)
      world.clock.set(now.toISOString())
      const delivered = world.wecom!.callbacks.length
      await act()
      if (wasDead) {
        await world.bot().idle()
        continue
      }
      await idle()
      if (!died) continue
      await world.restart(leasesEnd)
      const lost = world.wecom!.callbacks.slice(delivered).find((c) => !c.acknowledged)
      if ('at' in step) await world.clock.minute()
      else if (lost && n % 2 === 0) await world.wecom!.sendRaw(lost.fields)
      else if (JSON.stringify(onPhone(world, step.who)) === before) await act()
      await world.bot().idle()
    }
    return { end: await ending(world), died, writes: dying.writes(), sent }
  } finally {
    await world.stop()
  }
}

let smooth: Awaited<ReturnType<typeof live>>
const [part, parts = '1'] = process.env.CRASH_ALL?.split('/') ?? []
/** Where it dies: evenly spread over the week, or everywhere. */
const deathsAmong = (writes: number, count: number): number[] =>
  part
    ? Array.from({ length: writes }, (_, i) => i).filter((n) => n % Number(parts) === Number(part) - 1)
    : Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * writes) / count))

test('the week that nothing disturbs, in which every write is one that it could have died at', async () => {
  smooth = await live(Number.POSITIVE_INFINITY, 'before')
  expect(smooth.died).toBe(false)
  expect(smooth.writes).toBe(smooth.sent)
  expect(smooth.writes).toBeGreaterThan(250)
  expect(smooth.end).toMatchObject({ messages: [], events: [], slots: [] })
  expect(smooth.end.phones.zhao!.join()).toContain('得分：86.00')
})

test.each([
  ['before', 4],
  ['halfway through', 2],
] as const)(
  'a process that dies %s a write is started again: nothing is lost, twice or different',
  async (where, count) => {
    const when = where === 'before' ? 'before' : 'halfway'
    // Those of many rows are few: one after the other, until there is none left.
    const most = part ? 100 : count
    const points = when === 'before' ? deathsAmong(smooth.writes, count) : Array.from({ length: most }, (_, i) => i)
    const wrong: unknown[] = []
    let deaths = 0
    for (const n of points) {
      const { end, died } = await live(n, when)
      if (died) deaths++
      else if (when === 'halfway') break
      try {
        expect([when, n, end]).toEqual([when, n, smooth.end])
      } catch (error) {
        wrong.push(error)
      }
    }
    if (wrong.length > 0) throw new AggregateError(wrong, `${wrong.length} of ${points.length} ended otherwise`)
    // What is written together depends on the moment: one or two of the last may not come.
    expect(deaths).toBeGreaterThan(when === 'before' ? points.length * 0.9 - 1 : 0)
  },
  part ? 3_000_000 : 60_000,
)

import { afterEach, expect, test } from 'vitest'
import { onExcuse } from '../handlers/decide-request.ts'
import { backFromLeave, onLeaveByWord } from '../handlers/take-leave.ts'
import type { Ctx } from '../src/context.ts'
import type { CardTurn, Turn } from '../src/inbox/handler.ts'
import { dyingStores, untilItLives } from './dying.ts'
import { readable, startWeekWorld, type WeekWorld } from './week-world.ts'

let world: WeekWorld
afterEach(() => world?.stop())

async function start(at: string) {
  world = await startWeekWorld({ start: at })
  return { zhao: world.phone('zhao'), li: world.phone('li') }
}
const requests = () =>
  world
    .phone('li')
    .messages()
    .filter((m) => /^赵敏.*请假/.test(readable(m)))
const excuses = async () => {
  const rows = await world
    .bot()
    .ctx.weeks.model.find({ excuse: { $exists: true } })
    .sort({ week: 1 })
    .lean()
  return rows.map((r) => `${r.week} ${r.excuse!.state}`)
}
const saidOf = (userId: string, words: RegExp) =>
  world
    .phone(userId)
    .messages()
    .filter((m) => m.from === 'bot' && words.test(readable(m)))

test('a leave of next week is asked for next week, and this one stays due', async () => {
  const { zhao, li } = await start('2026-11-27T10:00:00+08:00')
  await zhao.type('请假 下周一到下周五')
  expect(zhao.sees()).toBe(
    '已记下11月30日至12月4日请假，11月30日至12月6日不再提醒。请假是否免计由李静确认，确认后告诉您。',
  )
  expect(li.sees()).toContain('赵敏11月30日至12月6日请假')
  expect(await excuses()).toEqual(['2026-W49 proposed'])
  await li.tap('同意免计')
  expect(zhao.sees()).toBe('李静已同意：11月30日至12月6日免计，无需提交。')
  await world.go('2026-11-27T16:00:00+08:00')
  expect(zhao.sees()).toContain('请提交本周总结和下周计划')
  await zhao.type('下周请年假')
  expect(zhao.sees()).toBe('11月30日至12月6日已经免计，无需提交。')
})

test('a long leave is one question and one answer, as far ahead as half a year', async () => {
  const { zhao, li } = await start('2026-11-27T10:00:00+08:00')
  await zhao.type('请年假12月7日至12月18日')
  expect(zhao.sees()).toContain('12月7日至13日和12月14日至20日不再提醒')
  expect(li.sees()).toContain('赵敏12月7日至13日和12月14日至20日请假')
  expect(li.sees()).toContain('同意后，这几周不计入赵敏的月度得分')
  await li.tap('不同意')
  expect(await excuses()).toEqual(['2026-W50 refused', '2026-W51 refused'])
  expect(saidOf('zhao', /未同意/).map(readable)).toEqual([
    '李静未同意12月7日至13日和12月14日至20日免计，请在截止时间前提交；如有困难请直接与上级沟通。',
  ])
  await zhao.type('请产假到2028年3月')
  expect(zhao.sees()).toContain('已记下11月27日至2028年3月31日请假，11月30日至5月23日共25周不再提醒')
  expect(zhao.sees()).toContain('一次最多登记半年；2027年5月23日之后仍在请假的，请到时再告诉我。')
  expect(zhao.sees()).toContain('11月23日至29日请假不到工作日的一半，仍需提交（截止11月28日 12:00）')
  await li.tap('同意免计')
  expect(new Set((await excuses()).map((e) => e.slice(9)))).toEqual(new Set(['granted']))
  expect(saidOf('zhao', /已同意/)).toHaveLength(1)
  expect(requests()).toHaveLength(2)
})

test('a day or less leaves the week due, with quiet on the days of the leave', async () => {
  const { zhao } = await start('2026-11-26T17:00:00+08:00')
  await zhao.type('明天请假')
  expect(zhao.sees()).toBe(
    '已记下11月27日请假。\n11月23日至29日请假不到工作日的一半，仍需提交（截止11月28日 12:00），方便时可以在手机上提前提交。',
  )
  expect(requests()).toEqual([])
  const before = zhao.messages().length
  await world.go('2026-11-27T16:01:00+08:00')
  expect(zhao.messages()).toHaveLength(before)
  await world.go('2026-11-28T09:00:00+08:00')
  expect(zhao.sees()).toContain('今天中午前请提交')
  await zhao.type('请假半天')
  expect(zhao.sees()).toContain('没有需要提交的周')
  await zhao.type('请假到13月40日')
  expect(zhao.sees()).toContain('没有看懂请假的日期')
  await zhao.type('我在出差')
  expect(zhao.sees()).toBe(
    '出差不算请假，11月23日至29日仍需提交（截止11月28日 12:00），在手机上发“周计划”即可填写。如果是休假，请发“我在请假”。',
  )
  expect(await excuses()).toEqual([])
})

test('what is not decided is taken back by a word: the superior’s card closes and reminders go on', async () => {
  const { zhao, li } = await start('2026-11-27T10:00:00+08:00')
  await zhao.type('我在请假')
  await zhao.type('请年假12月7日至12月18日')
  expect(await excuses()).toEqual(['2026-W48 proposed', '2026-W50 proposed', '2026-W51 proposed'])
  await zhao.type('取消请假')
  expect(zhao.sees()).toBe('已撤回11月23日至12月20日共3周的请假，提醒照常，请按时提交。')
  expect(await excuses()).toEqual([])
  expect(requests().map((m) => m.card!.closed)).toEqual(['本人已撤回', '本人已撤回'])
  await world.go('2026-11-27T16:00:00+08:00')
  expect(zhao.sees()).toContain('请提交本周总结和下周计划')
  await zhao.type('销假')
  expect(zhao.sees()).toBe('目前没有等待确认的请假，提醒照常。')

  await zhao.type('请假到周五')
  await zhao.type('撤销')
  expect(zhao.sees()).toContain('没有可以撤销')
  await zhao.tap('我在请假')
  await zhao.type('撤销')
  expect(zhao.sees()).toBe('已撤回11月23日至29日的请假，提醒照常，请按时提交。')
  await zhao.type('下周请年假')
  await li.tap('同意免计')
  await zhao.type('我不请假了')
  expect(zhao.sees()).toBe('11月30日至12月6日已同意免计，如需改为照常提交，请联系李静。')
  expect(await excuses()).toEqual(['2026-W49 granted'])
})

test('a refusal after the deadline says what is still possible', async () => {
  const { zhao, li } = await start('2026-11-27T10:00:00+08:00')
  await zhao.type('我在请假')
  world.clock.set('2026-11-30T09:00:00+08:00')
  await li.tap('不同意')
  expect(zhao.sees()).toBe(
    '李静未同意11月23日至29日免计，11月23日至29日已过截止时间，仍可补交，按迟交扣3分；如有困难请直接与上级沟通。',
  )
})

test('asked, decided or taken back by a process that dies at any write: everything once', async () => {
  await start('2026-11-27T10:00:00+08:00')
  const { ctx } = world.bot()
  const person = async (userId: string) => (await ctx.people.byAccount('wecom', userId))!
  const [zhao, li] = [await person('zhao'), await person('li')]
  let acts = 0
  const turn = (of: typeof zhao): Turn => ({ id: `t${++acts}`, at: world.clock.now(), platform: 'wecom', person: of })
  const live = async (step: (ctx: Ctx) => Promise<unknown>) => {
    expect(await untilItLives((n) => step(dyingStores(ctx, ['weeks', 'outbox', 'audit'], n)))).toBeGreaterThan(2)
    await world.bot().idle()
  }
  const asks = turn(zhao)
  await live((c) => onLeaveByWord(asks, c, '请年假12月7日至12月18日'))
  expect(requests()).toHaveLength(1)
  const instance = (await ctx.cards.model.findOne({ subject: /^leave\// }).lean())!
  const decides = { ...turn(li), instance, arg: 'granted', choices: {} } as CardTurn
  await live((c) => onExcuse(decides, c))
  expect(await excuses()).toEqual(['2026-W50 granted', '2026-W51 granted'])
  expect(saidOf('zhao', /已同意/).map(readable)).toEqual(['李静已同意：12月7日至13日和12月14日至20日免计，无需提交。'])
  world.clock.set('2026-11-27T10:05:00+08:00')
  const again = turn(zhao)
  await live((c) => onLeaveByWord(again, c, '请假12月21日至12月31日'))
  const back = turn(zhao)
  await live((c) => backFromLeave(back, c))
  expect(await excuses()).toEqual(['2026-W50 granted', '2026-W51 granted'])
  expect(requests().map((m) => m.card!.closed)).toEqual([undefined, '本人已撤回'])
  for (const what of ['excuse-proposed', 'excuse-granted', 'excuse-taken-back'])
    expect([what, await ctx.audit.model.countDocuments({ what })]).toEqual([what, what === 'excuse-proposed' ? 4 : 2])
})

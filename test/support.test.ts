import { afterEach, expect, test } from 'vitest'
import { askSupport } from '../jobs/ask-support.ts'
import { type Platforms, readable, startWeekWorld, type WeekWorld } from './week-world.ts'

let world: WeekWorld
afterEach(() => world?.stop())

const plan = `周计划
1. 【重点】完成年度采购对账 50分 周三 需支持钱进：提供车辆里程
2. 组织新员工培训 50分 需支持大家：配合`

/** Monday before nine: 赵敏's plan needs 钱进. */
async function untilMonday(platforms: Platforms = ['wecom']) {
  world = await startWeekWorld({ start: '2026-11-20T15:59:00+08:00', platforms })
  const [zhao, li, qian] = ['zhao', 'li', 'qian'].map((id) => world.phone(id)) as [Phone, Phone, Phone]
  await zhao.type(plan)
  const shown = zhao.sees()
  await zhao.tap('提交')
  await world.go('2026-11-23T08:59:00+08:00')
  return { zhao, li, qian, shown }
}
type Phone = ReturnType<WeekWorld['phone']>
const all = (phone: Phone) => phone.messages().map(readable)
const count = (phone: Phone, words: string) => all(phone).filter((m) => m.includes(words)).length

test.each(['wecom', 'dingtalk'] as const)(
  'on %s support that a plan needs is asked of the one it names, answered by one tap, and comes back in the summary',
  async (platform) => {
    const { zhao, li, qian, shown } = await untilMonday([platform])
    expect(shown).toContain('第1项需要的支持，将在计划开始的第一个工作日转给钱进')
    expect(shown).toContain('第2项需要的支持没有对应到同事')
    expect(count(qian, '需要您的支持')).toBe(0)
    await world.go('2026-11-23T09:00:00+08:00')
    expect(qian.sees()).toContain('赵敏需要您的支持')
    for (const line of ['工作：完成年度采购对账', '需要：提供车辆里程', '预计完成：11月25日'])
      expect(qian.sees()).toContain(line)
    await qian.tap('可以支持')
    expect(qian.sees()).toContain('已回复赵敏：可以支持')
    expect(zhao.sees()).toContain('钱进可以支持：“完成年度采购对账”需要的支持（提供车辆里程）')
    await qian.tap('补充一句')
    await qian.type('周二下午给您')
    expect(zhao.sees()).toContain('钱进说：周二下午给您')

    await world.go('2026-11-27T16:00:00+08:00')
    expect(count(qian, '需要您的支持')).toBe(1)
    expect(count(li, '支持请求')).toBe(0)
    await zhao.tap('在聊天中填写')
    const state = '钱进：可以支持（周二下午给您）'
    expect(all(zhao).at(-2)).toContain(`第1项 ${state}`)
    await zhao.type(
      '周总结\n1. 完成\n2. 完成\n不足：无明显不足\n问题：没有\n更好的方法：写成模板\n周计划\n1. 年会彩排 100分',
    )
    expect(zhao.sees()).toContain(`支持 ${state}`)
    await zhao.tap('提交')
    await li.type('评分')
    expect(li.sees()).toContain(`支持 ${state}`)
  },
)

test('without an answer it is asked once more, and after two working days the superior hears of it, once', async () => {
  const { zhao, li, qian } = await untilMonday()
  await world.go('2026-11-24T12:00:00+08:00')
  expect(count(qian, '需要您的支持')).toBe(2)
  expect(count(li, '支持请求')).toBe(0)
  await world.go('2026-11-27T12:00:00+08:00')
  expect(count(qian, '需要您的支持')).toBe(2)
  expect(count(li, '以下支持请求已过两个工作日')).toBe(1)
  expect(all(li).join()).toContain('赵敏（11月23日至29日）“完成年度采购对账”：请钱进提供“提供车辆里程”')
  await qian.tap('有困难')
  expect(zhao.sees()).toContain('钱进表示有困难')
  await qian.type('支持')
  expect(qian.sees()).toContain('目前没有等您回复的支持请求')
})

test('支持 shows what waits; whoever was not asked cannot answer; the first answer counts', async () => {
  const { zhao, qian } = await untilMonday()
  await world.go('2026-11-23T09:00:00+08:00')
  await qian.type('支持')
  expect(count(qian, '赵敏需要您的支持')).toBe(2)
  const { ctx } = world.bot()
  const asker = (await ctx.people.byAccount('wecom', 'zhao'))!
  const other = (await ctx.people.byAccount('wecom', 'sun'))!
  const { answerSupport, addSupportWords } = await import('../handlers/weekly/support.ts')
  const act = (id: string) => ({ id, at: ctx.clock.now() })
  expect(await answerSupport(ctx, act('x1'), other, asker, '2026-W48', 0, 'declined', '')).toEqual({
    kind: 'not-allowed',
  })
  expect(await answerSupport(ctx, act('x2'), other, asker, '2026-W48', 7, 'declined', '')).toEqual({ kind: 'gone' })
  expect(await addSupportWords(ctx, act('x3'), other, asker, '2026-W48', 0, '不行')).toEqual({ kind: 'not-allowed' })
  await qian.tap('可以支持')
  expect(all(qian).filter((m) => m.includes('（已回复）'))).toHaveLength(1)
  const helper = (await ctx.people.byAccount('wecom', 'qian'))!
  expect(await answerSupport(ctx, act('x4'), helper, asker, '2026-W48', 0, 'declined', '')).toMatchObject({
    ...{ kind: 'already', request: { answer: 'agreed' } },
  })
  expect(count(zhao, '有困难')).toBe(0)
})

test('a plan that was changed asks for nothing any more; the same slot run again asks nobody twice', async () => {
  const { zhao, li, qian } = await untilMonday()
  await world.go('2026-11-23T09:00:00+08:00')
  const { ctx } = world.bot()
  await askSupport.run(new Date('2026-11-23T09:00:00+08:00'), ctx)
  await world.bot().idle()
  expect(count(qian, '需要您的支持')).toBe(1)
  // After the deadline a change needs the superior’s consent.
  const week = { personId: (await ctx.people.byAccount('wecom', 'zhao'))!._id, week: '2026-W47' }
  await ctx.weeks.change(week.personId, week.week, 'changed', (row) => {
    const last = row.submissions.at(-1)!
    const items = [{ text: '完成年度采购对账', kind: 'key' as const, points: 100 }]
    return { row: { ...row, submissions: [{ ...last, content: { ...last.content, plan: items } }] }, outcome: null }
  })
  await qian.tap('可以支持')
  expect(qian.sees()).toContain('不再需要')
  await world.go('2026-11-26T12:00:00+08:00')
  expect(count(qian, '需要您的支持（')).toBe(0)
  expect(count(li, '支持请求')).toBe(0)
  expect(count(zhao, '钱进')).toBe(1)
})

test('a plan that names somebody else now asks that one, and the first no more', async () => {
  const { li, qian } = await untilMonday()
  await world.go('2026-11-23T09:00:00+08:00')
  const { ctx } = world.bot()
  const zhao = (await ctx.people.byAccount('wecom', 'zhao'))!
  await ctx.weeks.change(zhao._id, '2026-W47', 'changed', (row) => {
    const last = row.submissions.at(-1)!
    const plan = last.content.plan.map((item) => ({ ...item, support: { who: '李静', what: '提供车辆里程' } }))
    return { row: { ...row, submissions: [{ ...last, content: { ...last.content, plan } }] }, outcome: null }
  })
  await world.go('2026-11-24T09:00:00+08:00')
  expect(li.sees()).toContain('赵敏需要您的支持')
  expect(count(li, '赵敏需要您的支持')).toBe(1)
  expect(count(qian, '赵敏需要您的支持')).toBe(1)
  await qian.tap('可以支持')
  expect(qian.sees()).toContain('不再需要')
})

test('nobody is asked for a week that is excused, on a holiday, or on a Saturday', async () => {
  const { zhao, li, qian } = await untilMonday()
  await zhao.type('我在请假')
  await li.tap('同意免计')
  await world.go('2026-11-26T12:00:00+08:00')
  expect(count(qian, '需要您的支持')).toBe(0)
  const { ctx } = world.bot()
  const days = ['2026-09-19', '2026-09-20', '2026-09-25', '2026-09-28', '2026-10-05', '2026-10-10']
  expect(days.filter((day) => askSupport.times(day, ctx).length > 0)).toEqual([
    '2026-09-20',
    '2026-09-28',
    '2026-10-10',
  ])
})

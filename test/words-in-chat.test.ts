import { afterEach, expect, test } from 'vitest'
import { readable, startWeekWorld, type WeekWorld } from './week-world.ts'

let world: WeekWorld
afterEach(() => world?.stop())

const plan = '周计划\n1. 完成年度采购对账 20分\n2. 组织新员工培训 30分\n3. 考勤统计 50分'
const report = `周总结
1. 完成
2. 完成
3. 完成
不足：沟通不够及时
问题：教室紧张
更好的方法：提前一周预订
周计划
1. 【重点】年会筹备 100分`

/** The Friday of a second week, zhao's summary handed in. */
async function untilHandedIn() {
  world = await startWeekWorld({ start: '2026-11-20T16:00:00+08:00' })
  const [zhao, li] = [world.phone('zhao'), world.phone('li')]
  await zhao.type(plan)
  await zhao.tap('提交')
  world.clock.set('2026-11-27T16:00:00+08:00')
  await zhao.type(report)
  await zhao.tap('提交')
  return { zhao, li }
}
const drafts = async () =>
  (await world.bot().ctx.weeks.model.find().lean()).filter((row) => row.draft).map((row) => row.personId)
const all = (phone: { messages(): Parameters<typeof readable>[0][] }) => phone.messages().map(readable).join('\n')

test('a score line about somebody who is not on the team, or nobody, is answered and never a plan', async () => {
  const { zhao, li } = await untilHandedIn()
  for (const [said, answer] of [
    ['王建国 90', '王建国的岗位不按周计划评分。'],
    ['孙立 90', '孙立的岗位不按周计划评分。'],
    ['李四 90', '没有找到“李四”，没有评分。请核对姓名；如果是工作计划，请在前面加上“周计划”。'],
    ['给李四打90分', '没有找到“李四”'],
    ['李静 90', '自己的周总结由您的上级评分。'],
    ['李四 90，赵敏 20 30 50', '未计入：没有找到“李四”'],
  ] as const) {
    await li.type(said)
    expect([said, li.sees()]).toEqual([said, expect.stringContaining(answer)])
  }
  const qian = world.phone('qian')
  await qian.type('赵敏 90')
  expect(qian.sees()).toBe('赵敏不在您的评分范围内，没有评分。')
  await world.phone('wang').type('赵敏 90')
  expect(world.phone('wang').sees()).toBe('赵敏由直属上级评分。如需由您评分，请在团队页打开。')
  expect(await drafts()).toEqual([])
  // A piece of work with points is none of that.
  await li.type('周例会 30分')
  expect(li.sees()).toContain('请选择是哪一周')
  expect(all(zhao)).not.toContain('得分')
})

test('确认, typed, is about the newest card that waits for a press, and no press', async () => {
  const { zhao, li } = await untilHandedIn()
  await li.type('周计划\n1. 部门例会 20分')
  await li.tap('11月23日至29日')
  await li.type('确认')
  expect(li.messages().slice(-2).map(readable).join('\n')).toContain('还没有提交。请点“提交”，或回复“提交”。')
  expect(li.sees()).toContain('部门例会（20分）')
  await li.type('赵敏 20 30 48')
  await li.type('确认')
  expect(li.sees()).toBe('还没有评分。请在卡片上点“确认评分”。')
  await li.tap('确认评分')
  expect(all(zhao)).toContain('得分：98.00')
  // What is left is the draft again.
  await li.type('好的')
  expect(li.sees()).toContain('部门例会（20分）')
  await li.type('确定提交')
  expect(li.sees()).toContain('已提交')
  // Nothing waits any more, so a courtesy is not answered.
  await li.type('ok')
  expect(li.sees()).toBe('ok')
})

test('what has been handed in is not handed in again, and 提交 says since when', async () => {
  const { zhao } = await untilHandedIn()
  await zhao.type('提交')
  expect(zhao.sees()).toBe('您已于11月27日 16:00提交，不用再交。')
  for (const said of ['提交了吗', '我交了没有', '交了没？', '我提交成功了吗']) {
    await zhao.type(said)
    expect([said, zhao.sees()]).toEqual([said, expect.stringContaining('已按时提交，待评分')])
  }
  await world.phone('qian').type('提交')
  expect(world.phone('qian').sees()).toContain('没有可以提交的草稿')
})

test('提交 pressed again on the same card leaves it as it is and says nothing more', async () => {
  world = await startWeekWorld({ start: '2026-11-20T16:00:00+08:00' })
  const zhao = world.phone('zhao')
  await zhao.type(plan)
  const { id } = zhao.last()
  const before = zhao.messages().length
  await Promise.all([1, 2, 3].map(() => world.wecom!.tap('zhao', id, 'submit-week').catch(() => {})))
  await world.bot().idle()
  expect(zhao.messages()).toHaveLength(before)
  expect(zhao.sees()).toContain('已提交')
  await zhao.tap('撤销（10分钟内）')
  expect(zhao.sees()).toContain('已撤销')
})

test('a week that is scored and over takes no draft; a question about the score is none either', async () => {
  const { zhao, li } = await untilHandedIn()
  await world.go('2026-11-28T12:01:00+08:00')
  await li.type('赵敏 20 30 48')
  await li.tap('确认评分')
  await zhao.type('为什么是98')
  expect(zhao.sees()).toContain('得分98')
  await zhao.type('3月15')
  expect(zhao.sees()).toContain('没有看懂')
  for (const said of ['周计划\n1. 年会彩排 100分', '周计划', '年会彩排 100分']) {
    await zhao.type(said)
    expect([said, zhao.sees()]).toEqual([said, expect.stringContaining('11月23日至29日已评分，不能再修改')])
  }
  expect(await drafts()).toEqual([])
})

test('a draft says that the deadline is over before it is handed in, and names a week that is not the running one', async () => {
  world = await startWeekWorld({ start: '2026-11-20T16:00:00+08:00' })
  const [zhao, qian] = [world.phone('zhao'), world.phone('qian')]
  for (const phone of [zhao, qian]) {
    await phone.type(plan)
    await phone.tap('提交')
  }
  world.clock.set('2026-11-27T16:00:00+08:00')
  await zhao.type(report)
  expect(zhao.sees()).toContain('本周截止时间为11月28日（周六）12:00')
  await zhao.tap('提交')
  world.clock.set('2026-11-28T12:03:00+08:00')
  await qian.type(report)
  expect(qian.sees()).toContain('11月23日至29日已于11月28日12:00截止；现在提交按迟交计，扣3分')
  await zhao.type('第1项60分')
  expect(zhao.sees()).toContain('已过截止时间，提交后经上级同意才替换已交的内容')
  world.clock.set('2026-12-01T10:00:00+08:00')
  await qian.type('好的')
  expect(qian.sees()).toContain('11月23日至29日已于11月28日12:00截止')
  expect(qian.sees()).not.toContain('本周截止时间')
})

test('what a draft could still say is named with what it may cost, and an item without points too', async () => {
  const { zhao } = await untilHandedIn()
  world.clock.set('2026-12-04T16:00:00+08:00')
  await zhao.type('周总结\n1. 完成\n周计划\n1. 【重点】年会筹备 60分\n2. 物资采购\n3. 车辆年检 40分')
  expect(zhao.sees()).toContain('还可补充3项（不填可能被扣分）：不足、遇到的问题、更好的方法')
  expect(zhao.sees()).toContain('第2项没有分值')
  expect(zhao.sees()).toContain('<提交>')
})

test('a newer proposal closes the older ones; one that is pressed after another has counted asks before it replaces that', async () => {
  const { zhao, li } = await untilHandedIn()
  await li.type('评分')
  const sheet = li.last()
  await li.type('赵敏 20 30 45')
  const older = li.last()
  await li.type('赵敏 20 30 48')
  const shown = ({ id }: { id: string }) => readable(li.messages().find((m) => m.id === id))
  expect(shown(older)).toContain('已有新的评分')
  await li.tap('确认评分')
  expect(all(zhao)).toContain('得分：98.00')
  const press = async (action: string) => {
    await world.wecom!.tap('li', sheet.id, action)
    await world.bot().idle()
  }
  await press('score-full')
  await press('score-confirm')
  expect(shown(sheet)).toContain('已按98.00分评分；要改为100.00分，请点“重新评分”')
  expect(all(zhao)).not.toContain('得分：100.00')
  await press('score-again')
  expect(shown(sheet)).toContain('已评分')
  expect(all(zhao)).toContain('得分：100.00')
})

test('the words of a draft’s buttons, typed, are those buttons', async () => {
  const { zhao } = await untilHandedIn()
  await zhao.type('周总结\n1. 未完成\n周计划\n1. 【重点】年会筹备 60分\n本周计划全部完成')
  expect(zhao.sees()).toContain('3. 考勤统计（50分）：完成')
  expect(zhao.sees()).not.toContain('并入')
  await zhao.type('未完成列入下周')
  expect(zhao.sees()).toMatch(/2\. 【重点】完成年度采购对账（20分，已结转1周）/)
  await zhao.type('逐项选择完成情况')
  expect(zhao.sees()).toContain('1. 完成年度采购对账')
  await zhao.type('删掉第2项')
  await zhao.type('恢复原来的')
  expect(zhao.sees()).toContain('2. 【重点】完成年度采购对账')
})

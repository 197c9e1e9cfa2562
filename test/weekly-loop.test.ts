import { afterEach, expect, test } from 'vitest'
import { startWeekWorld, type WeekWorld } from './week-world.ts'

let world: WeekWorld
afterEach(() => world?.stop())

const planOfZhao = `周计划
重点工作：
1. 完成年度采购对账 20分 周三
2. 组织新员工培训 30分 周五
日常工作：
3. 考勤统计 50分`

/** A first week, so that there is a plan to summarise. */
async function untilSecondWeek() {
  world = await startWeekWorld({ start: '2026-11-16T09:00:00+08:00' })
  const zhao = world.phone('zhao')
  await world.go('2026-11-20T16:00:00+08:00')
  await zhao.type(planOfZhao)
  await zhao.tap('提交')
  await world.go('2026-11-27T16:00:00+08:00')
  return { zhao, li: world.phone('li'), qian: world.phone('qian') }
}

const summaryOfZhao = `周总结
1. 完成
2. 部分完成：教室被占用
3. 完成
不足：沟通不够及时
问题：教室紧张
更好的方法：提前一周预订
周计划
1. 年会筹备 40分 周四
2. 考勤统计 40分`

test('a whole week is lived through by what people see', async () => {
  const { zhao, li, qian } = await untilSecondWeek()
  expect(zhao.sees()).toContain('请提交本周总结和下周计划')
  expect(zhao.sees()).toContain('本周截止时间为11月28日（周六）12:00')
  expect(zhao.sees()).toContain('1. 完成年度采购对账（20分）')

  await zhao.tap('在聊天中填写')
  expect(zhao.sees()).toContain('完成年度采购对账')
  await zhao.type(summaryOfZhao)
  expect(zhao.sees()).toContain('请核对，确认后提交')
  expect(zhao.sees()).toContain('2. 组织新员工培训（30分）：部分完成，教室被占用')
  expect(zhao.sees()).toContain('不足：沟通不够及时')
  await zhao.tap('未完成列入下周')
  expect(zhao.sees()).toMatch(/组织新员工培训.*已结转1周/)
  await zhao.tap('提交')
  expect(zhao.sees()).toContain('已提交')
  expect(zhao.sees()).toContain('3项，共110分')

  const before = zhao.messages().length
  await world.go('2026-11-28T09:00:00+08:00')
  expect(qian.sees()).toContain('今天中午前请提交周总结和计划')
  expect(zhao.messages()).toHaveLength(before)

  await li.type('谁没交')
  expect(li.sees()).toContain('还未提交（1人）：钱进')
  expect(li.sees()).toContain('按时提交（1人）：赵敏')
  await li.tap('催一下未提交的同事')
  expect(li.sees()).toContain('已提醒1位还未提交的同事')
  expect(qian.sees()).toContain('您的周总结和计划还未提交')

  await world.go('2026-11-28T12:01:00+08:00')
  expect(li.sees()).toContain('1人未提交')
  expect(li.sees()).toContain('未提交（1人）：钱进')

  await li.tap('开始评分')
  expect(li.sees()).toContain('赵敏')
  expect(li.sees()).toContain('按时提交')
  await li.tap('逐项打分')
  await li.tap('下一步', { '1. 完成年度采购对账': '18分', '2. 组织新员工培训': '30分', '3. 考勤统计': '40分' })
  expect(li.sees()).toContain('(18+30+40)÷100×100 = 88')
  await li.tap('扣分项')
  await li.tap('下一步', { 总结不完整: '扣2分' })
  await li.tap('下一步')
  expect(li.sees()).toContain('总结不完整 −2')
  await li.tap('确认评分')
  expect(zhao.sees()).toContain('得分：86.00')
  expect(zhao.sees()).toContain('总结不完整 −2')
})

test('the last second before, 12:00:00 itself and the second after, on a host that lives elsewhere', async () => {
  world = await startWeekWorld({ start: '2026-11-16T09:00:00+08:00' })
  expect(new Date().getTimezoneOffset()).toBe(0)
  await world.go('2026-11-21T11:59:00+08:00')
  for (const [userId, at, said] of [
    ['zhao', '2026-11-21T11:59:59+08:00', '按时'],
    ['qian', '2026-11-21T12:00:00+08:00', '按时'],
    ['li', '2026-11-21T12:00:01+08:00', '迟交'],
  ] as const) {
    const phone = world.phone(userId)
    await phone.type('周计划\n1. 考勤统计 50分')
    world.clock.set(at)
    await phone.tap('提交')
    await phone.type('我的')
    expect(phone.sees()).toContain(said)
  }
})

test('a restart between every two steps loses nothing and doubles nothing', async () => {
  const { zhao, li } = await untilSecondWeek()
  const step = async (act: () => Promise<void>) => {
    await act()
    await world.restart()
  }
  await step(() => zhao.tap('在聊天中填写'))
  await step(() => zhao.type(summaryOfZhao))
  await step(() => zhao.tap('提交'))
  await step(() => world.go('2026-11-28T12:01:00+08:00'))
  await step(() => li.tap('开始评分'))
  await step(() => li.tap('全部满分'))
  await step(() => li.tap('确认评分'))
  expect(zhao.sees()).toContain('得分：100.00')
  const texts = zhao.messages().map((m) => m.card?.title ?? m.text)
  expect(texts.filter((t) => t?.includes('得分'))).toHaveLength(1)
  expect(texts.filter((t) => t === '请提交本周总结和下周计划')).toHaveLength(2)
})

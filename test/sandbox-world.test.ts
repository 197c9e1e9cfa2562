import { afterEach, expect, test } from 'vitest'
import { startWorld, type World } from '../sandbox/world.ts'

let world: World
afterEach(() => world?.stop())

test('a person types on each platform and reads the answer', async () => {
  world = await startWorld()
  for (const [userId, platform] of [
    ['zhaomin', 'wecom'],
    ['luopeng', 'dingtalk'],
  ] as const) {
    const phone = world.phone(userId, platform)
    await phone.type('帮助')
    expect(phone.text()).toContain('我是绩效机器人')
  }
})

test('the Friday reminder reaches everybody who owes a plan, on the platform where they are', async () => {
  world = await startWorld()
  await world.jumpTo('2026-11-27T16:00:00+08:00')
  expect(world.phone('zhaomin').sees('请提交本周总结和下周计划')).toBe(true)
  expect(world.phone('luopeng').sees('请提交本周总结和下周计划')).toBe(true)
  // Drivers, cooks and the general manager work by other schemes.
  for (const [userId, platform] of [
    ['wangwei', 'dingtalk'],
    ['wuguilan', 'wecom'],
    ['zhouwenbin', 'wecom'],
  ] as const)
    expect(world.phone(userId, platform).messages()).toEqual([])
})

test('the bot restarts while the platforms live on, and a draft typed before is submitted after', async () => {
  world = await startWorld({ start: '2026-11-27T16:30:00+08:00' })
  const zhao = world.phone('zhaomin')
  await zhao.type('周计划\n1. 年会场地预订 40分 周三\n2. 考勤统计 60分')
  await world.restartBot()
  await zhao.tap('提交')
  expect(zhao.text()).toContain('已提交')
})

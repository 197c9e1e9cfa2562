import { afterEach, expect, test } from 'vitest'
import { startWorld, type World } from '../sandbox/world.ts'

let world: World
afterEach(() => world?.stop())

test('in the sandbox a journey over the weekend meets a lunar birthday on WeCom and a solar one on DingTalk', async () => {
  world = await startWorld({ start: '2026-11-28T08:58:00+08:00' })
  const wishes = (userId: string) =>
    world
      .phone(userId)
      .messages()
      .filter((m) => /生日快乐/.test(m.text ?? ''))
      .map((m) => m.text)
  await world.jumpTo('2026-11-28T09:00:00+08:00')
  expect(wishes('zhaomin')).toHaveLength(1)
  expect(wishes('zhaomin')[0]).toContain('赵姐')
  expect(wishes('liuzhiqiang')).toEqual([])
  await world.restartBot()
  await world.jumpTo('2026-11-28T09:02:00+08:00')
  expect(wishes('zhaomin')).toHaveLength(1)
  await world.jumpTo('2026-11-30T09:00:00+08:00')
  expect(wishes('liuzhiqiang')).toHaveLength(1)
  expect(wishes('zhaomin')).toHaveLength(1)
}, 120_000)

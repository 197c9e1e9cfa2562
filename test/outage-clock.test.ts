import { expect, onTestFinished, test } from 'vitest'
import { slotModel } from '../src/schedule/schedule.ts'
import { companyOfFive } from './company-of-five.ts'
import { readable, startWeekWorld } from './week-world.ts'

test('a clock that jumps an hour back, a day ahead and back again: nobody is told anything twice, no slot runs twice, and what people send is taken in', async () => {
  const world = await startWeekWorld({ start: '2026-11-20T15:58:00+08:00' })
  onTestFinished(() => world.stop())
  const bot = world.bot()
  const told = () =>
    companyOfFive.flatMap(({ userId }) =>
      world
        .phone(userId)
        .messages()
        .filter((m) => m.from === 'bot')
        .map((m) => `${userId}: ${readable(m).split('\n')[0]}`),
    )
  const jump = async (at: string) => {
    world.clock.set(at)
    await world.clock.minute()
    await bot.tick()
  }
  await world.go('2026-11-20T16:02:00+08:00')
  const reminded = told()
  expect(reminded.length).toBeGreaterThan(1)
  await jump('2026-11-20T15:00:00+08:00')
  await world.go('2026-11-20T16:05:00+08:00')
  expect(told()).toEqual(reminded)

  // Saturday evening at once: the reminders before the deadline have lost their meaning, the manager's digest has not.
  await jump('2026-11-21T18:00:00+08:00')
  const later = told()
  expect(new Set(later).size).toBe(later.length)
  await jump('2026-11-20T16:06:00+08:00')
  await jump('2026-11-21T18:01:00+08:00')
  expect(told()).toEqual(later)
  await world.phone('zhao').type('帮助')
  expect(told()).toHaveLength(later.length + 1)
  const slots = await slotModel(bot.ctx.people.model.db).find().lean()
  expect(slots.map((s) => [s._id, s.state, s.tries])).toEqual(slots.map((s) => [s._id, 'done', 1]))
  expect((await bot.ctx.outbox.model.find({ state: 'failed' }).lean()).map((r) => r.reason)).toEqual([])
})

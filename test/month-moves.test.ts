import { afterEach, describe, expect, test } from 'vitest'
import type { Person } from '../src/store/people.ts'
import { type MonthWorld, monthYaml, startMonthWorld } from './month-world.ts'
import { readable } from './week-world.ts'

/**
 * Months in which somebody moves to another position or superior, or leaves. They begin on the settling day, because a nightly
 * reading of the contacts would take the changes back.
 */
let world: MonthWorld
const start = '2026-12-01T08:59:30+08:00'
afterEach(() => world.stop())

const person = async (userId: string): Promise<Person> => (await world.bot().ctx.people.get(await world.idOf(userId)))!
/** What the nightly job notes of some people on a day, as they are then. */
async function noted(day: string, ...userIds: string[]): Promise<void> {
  const { ctx } = world.bot()
  await ctx.positions.note(day, await Promise.all(userIds.map(person)))
}
async function becomes(userId: string, change: Partial<Person>): Promise<void> {
  const before = await person(userId)
  await world.bot().ctx.people.save({ ...before, ...change }, before)
}
const team = async (userId: string): Promise<string> => {
  await world.phone(userId).type('团队结果')
  return world.phone(userId).sees()
}
const draft = async (userId: string) =>
  (await world.bot().ctx.results.get(`${await world.idOf(userId)}/2026-11`))!.draft

describe('another position', () => {
  test('after the month: its checklist can still be given, and the team be confirmed', async () => {
    world = await startMonthWorld({ start })
    await noted('2026-11-01', 'sun')
    await becomes('sun', { position: '行政人事助理' })
    await noted('2026-12-01', 'sun')
    await world.go('2026-12-01T09:01:00+08:00')
    const captain = world.phone('qian')
    expect(captain.messages().map(readable).join('\n')).toContain('检查表还差孙立')
    await captain.type('检查')
    expect(captain.sees()).toContain('孙立')
    await captain.type('检查 孙立 18 20 15 19.5 8 10')
    await captain.tap('确认')
    expect(await team('qian')).toContain('<确认团队>')
    expect(await draft('sun')).toMatchObject({ position: '司机', shownTotal: '90.50' })
  })

  test('inside the month to one without a checklist, and to a second checklist: each part is asked for', async () => {
    const yaml = monthYaml
      .replace(
        'positions:',
        '  食堂检查: { kind: checklist, items: [{ name: 出勤, points: 40 }, { name: 卫生, points: 60 }] }\npositions:',
      )
      .replace('司机: 司机月度检查', '司机: 司机月度检查, 炊事员: 食堂检查')
    world = await startMonthWorld({ start, yaml })
    await noted('2026-11-01', 'sun')
    await becomes('sun', { position: '炊事员' })
    await noted('2026-11-16', 'sun')
    await becomes('sun', { position: '总经理' })
    await noted('2026-11-26', 'sun')
    await world.go('2026-12-01T09:01:00+08:00')
    const captain = world.phone('qian')
    await captain.type('检查 孙立 18 20 15 19.5 8 10')
    await captain.tap('确认')
    expect(await team('qian')).toContain('月度检查表未评分')
    await captain.type('检查 孙立 30 60')
    await captain.tap('确认')
    expect(await team('qian')).toContain('<确认团队>')
    // 90.5 for 15 days, 90 for 10, and 5 days that are not assessed.
    expect(await draft('sun')).toMatchObject({ missing: [], shownTotal: '90.30' })
    await captain.type('检查')
    expect(captain.sees()).toContain('已全部完成')
  })
})

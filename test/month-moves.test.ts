import { afterEach, describe, expect, test } from 'vitest'
import { settleMonth } from '../handlers/month/settle.ts'
import { mayJudgeWeek, mayReadWeek } from '../handlers/rights.ts'
import { scoreWeek } from '../handlers/weekly/judge.ts'
import { leaders } from '../handlers/weekly/team.ts'
import type { Person } from '../src/store/people.ts'
import { type MonthWorld, monthYaml, novemberWeeks, startMonthWorld } from './month-world.ts'
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
    await captain.type('检查 孙立 满分')
    expect(captain.sees()).toContain('<确认>')
    await captain.type('检查 孙立 30 60')
    await captain.tap('确认')
    expect(await team('qian')).toContain('<确认团队>')
    // 90.5 for 15 days, 90 for 10, and 5 days that are not assessed.
    expect(await draft('sun')).toMatchObject({ missing: [], shownTotal: '90.30' })
    await captain.type('检查')
    expect(captain.sees()).toContain('已全部完成')
  })
})

describe('weeks that are left to score', () => {
  test('of somebody who has left since: offered, read by name, reminded of, scored, and the month goes on', async () => {
    world = await startMonthWorld({ start: '2026-11-30T09:59:30+08:00' })
    for (const week of ['2026-W44', '2026-W45', '2026-W46', '2026-W48']) await world.scored('zhao', week, 90)
    for (const week of novemberWeeks) await world.scored('qian', week, 90)
    await world.handedIn('zhao', '2026-W47')
    await becomes('zhao', { leftOn: '2026-11-30', active: false, leftBy: 'roster' })
    await world.go('2026-11-30T10:01:00+08:00')
    const li = world.phone('li')
    expect(li.sees()).toContain('待评分（1人）：赵敏')
    await li.tap('开始评分')
    expect(li.sees()).toContain('赵敏  11月16日至22日')
    await li.type('赵敏 95')
    expect(li.sees()).toContain('赵敏  11月16日至22日：95.00分')
    await li.tap('确认评分')
    await world.go('2026-12-01T00:01:00+08:00')
    expect(await team('li')).toContain('<确认团队>')
    expect((await draft('zhao')).shownTotal).toBe('91.25')
  })

  test('a week of somebody whose last day came before its deadline is not asked for', async () => {
    world = await startMonthWorld({ start })
    await world.handedIn('zhao', '2026-W47')
    await becomes('zhao', { leftOn: '2026-11-20', active: false, leftBy: 'roster' })
    await world.phone('li').type('评分')
    expect(world.phone('li').sees()).toBe('目前没有待您评分的周总结。')
  })

  test('of the position before, after a change inside the month', async () => {
    world = await startMonthWorld({ start })
    await world.scored('zhao', '2026-W44', 90)
    await world.handedIn('zhao', '2026-W45')
    await noted('2026-11-01', 'zhao')
    await becomes('zhao', { position: '司机' })
    await noted('2026-11-09', 'zhao')
    await world.phone('li').type('评分')
    expect(world.phone('li').sees()).toContain('赵敏  11月2日至8日')
  })
})

describe('another superior', () => {
  test('a week is scored by who was the superior on its Saturday; the present one may read it', async () => {
    world = await startMonthWorld({ start })
    await world.scored('zhao', '2026-W46', 90)
    await world.handedIn('zhao', '2026-W47')
    await noted('2026-11-01', 'zhao')
    await becomes('zhao', { managerId: await world.idOf('zhou') })
    await noted('2026-11-23', 'zhao')
    const { ctx } = world.bot()
    const [li, zhou, zhao, wang] = await Promise.all(['li', 'zhou', 'zhao', 'wang'].map(person))
    const give = (by: Person) =>
      scoreWeek(ctx, { id: by._id, at: world.clock.now() }, by, zhao!, '2026-W47', { points: [90], deductions: [] })
    await world.phone('zhou').type('评分')
    expect(world.phone('zhou').sees()).toBe('目前没有待您评分的周总结。')
    expect(await give(zhou!)).toEqual({ kind: 'not-allowed' })
    expect(await mayReadWeek(ctx, zhou!, zhao!, '2026-W47')).toBe(true)
    // The week after is the new superior's.
    expect(await mayJudgeWeek(ctx, li!, zhao!, '2026-W48')).toBe(false)
    expect(await mayJudgeWeek(ctx, wang!, zhao!, '2026-W47')).toBe(true)
    expect((await leaders(ctx)).map((p) => p.name)).toContain('李静')
    await world.phone('li').type('评分')
    expect(world.phone('li').sees()).toContain('赵敏  11月16日至22日')
    await world.phone('li').type('赵敏 95')
    await world.phone('li').tap('确认评分')
    expect(world.phone('li').messages().map(readable).join('\n')).toContain('95.00分')
  })

  test('when the former one has left, or nothing was noted, the present one scores', async () => {
    world = await startMonthWorld({ start })
    await world.scored('zhao', '2026-W46', 90)
    await world.handedIn('zhao', '2026-W47')
    await becomes('zhao', { managerId: await world.idOf('zhou') })
    await noted('2026-11-23', 'zhao')
    await world.phone('zhou').type('评分')
    expect(world.phone('zhou').sees()).toContain('赵敏  11月16日至22日')
    await world
      .bot()
      .ctx.positions.note('2026-11-01', [{ ...(await person('zhao')), managerId: await world.idOf('li') }])
    await world.phone('zhou').type('评分')
    expect(world.phone('zhou').sees()).toBe('目前没有待您评分的周总结。')
    await becomes('li', { leftOn: '2026-11-30', active: false })
    await world.phone('zhou').type('评分')
    expect(world.phone('zhou').sees()).toContain('赵敏  11月16日至22日')
  })
})

describe('several raters', () => {
  const rated = (project: number, more = '') =>
    monthYaml
      .replace(
        'positions:',
        `  研发: { kind: raters, project: ${project}, manager: 70, peers: 30, people: { '0003': { peers: ['0004', '0006']${more} } } }\npositions:`,
      )
      .replace('司机: 司机月度检查', '司机: 司机月度检查, 行政人事助理: 研发')
  const rate = async (userId: string, score: string) => {
    await world.phone(userId).type(`评价 赵敏 ${score}`)
    await world.phone(userId).tap('确认')
  }
  const settled = async () => {
    await settleMonth(world.bot().ctx, '2026-11', world.clock.now())
    return draft('zhao')
  }

  test('what was given counts, whoever has left or changed since', async () => {
    world = await startMonthWorld({ start, yaml: rated(0) })
    await noted('2026-11-01', 'zhao')
    await rate('li', '90')
    await rate('qian', '60')
    await rate('zhou', '50')
    // 90×70% + (60+50)÷2×30%
    expect((await settled()).shownWork).toBe('79.50')
    await becomes('qian', { leftOn: '2026-11-30', active: false })
    expect((await settled()).shownWork).toBe('79.50')
    await becomes('zhao', { managerId: await world.idOf('wang') })
    expect((await settled()).shownWork).toBe('79.50')
    await noted('2026-11-25', 'zhao')
    expect((await settled()).shownWork).toBe('79.50')
    await becomes('zhao', { leftOn: '2026-11-30', active: false })
    expect((await settled()).shownWork).toBe('79.50')
    await becomes('li', { leftOn: '2026-12-01', active: false })
    expect((await settled()).shownWork).toBe('79.50')
  })

  test('the superior of the last day is asked, also after a change; theirs counts before a former one’s', async () => {
    world = await startMonthWorld({ start, yaml: rated(0) })
    await noted('2026-11-01', 'zhao')
    await rate('li', '90')
    await rate('qian', '60')
    await rate('zhou', '50')
    await becomes('zhao', { managerId: await world.idOf('wang') })
    await noted('2026-11-25', 'zhao')
    await rate('wang', '80')
    expect((await settled()).shownWork).toBe('72.50')
    // Changed after the month: it is still the word of the superior of its last day.
    await becomes('zhao', { managerId: await world.idOf('li') })
    await noted('2026-12-01', 'zhao')
    expect((await settled()).shownWork).toBe('72.50')
    await rate('wang', '70')
    expect((await settled()).shownWork).toBe('65.50')
  })

  test('a leaver keeps who rates them; a rater who left without a word is named until HR closes', async () => {
    world = await startMonthWorld({
      start,
      yaml: rated(50, ", projectManagers: { '0004': 100 }").replace("'0004', ", ''),
    })
    await becomes('zhao', { leftOn: '2026-11-30', active: false })
    await becomes('zhou', { leftOn: '2026-11-30', active: false })
    await rate('li', '90')
    await rate('qian', '60')
    expect((await settled()).missing).toEqual(['还未评价：同事（其中1人已离职，可由人力资源关闭评价）'])
    await becomes('zhou', { active: true })
    await world.phone('zhou').type('关闭评价 赵敏 已离职')
    expect(world.phone('zhou').sees()).toContain('已关闭赵敏的评价')
    // 60×50% + 90×50%, the peer's weight with the manager.
    expect((await settled()).shownWork).toBe('75.00')
  })
})

test('a record that was joined to another one has no month of its own, which nobody could confirm', async () => {
  world = await startMonthWorld({ start })
  const { jobNumber: _, managerId: __, ...zhao } = await person('zhao')
  const emptied = { ...zhao, _id: 'e0', active: false, leftOn: '2026-12-01', joinedInto: zhao._id }
  delete emptied.wecom
  const { ctx } = world.bot()
  await ctx.people.save(emptied)
  await settleMonth(ctx, '2026-11', world.clock.now())
  expect(await ctx.results.get('e0/2026-11')).toBeUndefined()
  expect(await ctx.results.get(`${zhao._id}/2026-11`)).toBeDefined()
})

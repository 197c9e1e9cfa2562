import { afterEach, describe, expect, test } from 'vitest'
import { scoreSheet } from '../src/http/api/score.ts'
import { type MonthWorld, novemberWeeks, startMonthWorld } from './month-world.ts'

/** Weeks that nobody has scored when the month is settled: what keeps it open, what does not, and how each is mended. */
let world: MonthWorld
afterEach(() => world.stop())

const start = '2026-12-01T08:59:30+08:00'
/** 李静's people, all scored but some weeks of 赵敏's. */
async function december(...open: string[]): Promise<void> {
  world = await startMonthWorld({ start })
  for (const week of ['2026-W44', ...novemberWeeks]) {
    await world.scored('qian', week, 90)
    if (!open.includes(week)) await world.scored('zhao', week, 90)
  }
}
const li = () => world.phone('li')
async function team(): Promise<string> {
  await li().type('团队结果')
  return li().sees()
}
const zhao = async () => (await world.bot().ctx.people.get(await world.idOf('zhao')))!
const draft = async () => (await world.bot().ctx.results.get(`${await world.idOf('zhao')}/2026-11`))!.draft
const leave = (state: 'proposed' | 'granted') => ({
  submissions: [],
  excuse: { state, reason: '病假', at: new Date('2026-11-26T10:00:00+08:00') },
})

describe('sent back', () => {
  test('sent back and never handed in again: said so, and scored on what was handed in first', async () => {
    await december('2026-W47')
    const returned = { at: new Date('2026-11-23T10:00:00+08:00'), by: await world.idOf('li'), reason: '请补充不足' }
    await world.handedIn('zhao', '2026-W47', { returned })
    await li().type('评分')
    expect(li().sees()).toContain('赵敏  11月16日至22日')
    expect(li().sees()).toContain('已退回，未重新提交')
    await li().type('赵敏 95')
    await li().tap('确认评分')
    expect(await team()).toContain('<确认团队>')
    expect((await draft()).shownTotal).toBe('91.25')
  })

  test('before the deadline a week that was sent back is still the other one’s to mend', async () => {
    world = await startMonthWorld({ start: '2026-11-27T17:00:30+08:00' })
    for (const week of ['2026-W45', '2026-W46', '2026-W47']) await world.scored('zhao', week, 90)
    const returned = { at: new Date('2026-11-27T16:00:00+08:00'), by: await world.idOf('li'), reason: '请补充不足' }
    const submissions = [{ at: new Date('2026-11-27T15:00:00+08:00'), content: { plan: [] } }]
    await world.handedIn('zhao', '2026-W48', { returned, submissions })
    await world.phone('li').type('评分')
    expect(world.phone('li').sees()).toBe('目前没有待您评分的周总结。')
    await world.phone('li').type('赵敏 95')
    expect(world.phone('li').sees()).toContain('已退回，补充后再次提交即可评分')
  })
})

describe('without a plan', () => {
  test('counts 0, which is said and keeps nobody waiting; points can be set as a whole', async () => {
    // On leave the week before, so there was no plan for this one.
    await december('2026-W46', '2026-W47')
    await world.handedIn('zhao', '2026-W46', leave('granted'))
    await world.handedIn('zhao', '2026-W47')
    await li().type('评分')
    expect(li().sees()).toBe('目前没有待您评分的周总结。')
    expect(await team()).toContain('请留意（不影响确认）：\n· 赵敏：11月16日至22日没有计划，按0分计，可补分或免计')
    expect(li().sees()).toContain('<确认团队>')
    expect((await draft()).shownTotal).toBe('60.00')
    expect((await draft()).sections[0]!.lines.join('\n')).toContain('11月16日至22日\n　没有计划，按0分计')
    await li().type('赵敏 95')
    expect(li().sees()).toContain('赵敏  11月16日至22日：95.00分\n请核对后确认\n95÷100×100 = 95\n得分 95.00')
    await li().tap('确认评分')
    expect(await team()).not.toContain('请留意')
    expect((await draft()).shownTotal).toBe('91.67')
  })

  test('never handed in either: late on top, and on the page one field', async () => {
    await december('2026-W46', '2026-W47')
    expect(await team()).toContain('赵敏：11月9日至15日未提交，按0分计，可补分或免计')
    const me = (await world.bot().ctx.people.get(await world.idOf('li')))!
    const sheet = await scoreSheet(world.bot().ctx, me, await zhao(), '2026-W47', world.clock.now())
    expect(sheet).toMatchObject({ items: [{ text: '本周工作（没有计划）', points: 100 }], mayJudge: true })
    expect(sheet.blocked).toBeUndefined()
    await li().type('赵敏 95')
    expect(li().sees()).toContain('11月16日至22日：92.00分')
  })

  test('not before it is handed in or the deadline is over, and not in weeks that do not count', async () => {
    world = await startMonthWorld({ start: '2026-11-27T17:00:30+08:00' })
    for (const week of ['2026-W44', '2026-W45', '2026-W46']) await world.scored('zhao', week, 90)
    await world.handedIn('zhao', '2026-W47', leave('granted'))
    await li().type('赵敏 95')
    expect(li().sees()).toContain('还未提交，提交后才能评分')
    const me = (await world.bot().ctx.people.get(await world.idOf('li')))!
    const blocked = async (week: string) =>
      (await scoreSheet(world.bot().ctx, me, await zhao(), week, world.clock.now())).blocked
    expect(await blocked('2026-W48')).toBe('还未提交，截止时间后可评分')
    expect(await blocked('2026-W44')).toBe('本周不计分，无需评分')
  })
})

test('scored as a whole before the deadline, and handed in anew: nothing is to be summed up, and it is scored anew', async () => {
  world = await startMonthWorld({ start: '2026-11-27T17:00:30+08:00' })
  for (const week of ['2026-W44', '2026-W45', '2026-W46']) await world.scored('zhao', week, 90)
  await world.handedIn('zhao', '2026-W47', leave('granted'))
  const at = new Date('2026-11-27T16:30:00+08:00')
  const plan = [{ text: '日常工作', kind: 'routine' as const, points: 100 }]
  await world.handedIn('zhao', '2026-W48', { submissions: [{ at, content: { plan } }] })
  await li().type('赵敏 95')
  await li().tap('确认评分')
  const phone = world.phone('zhao')
  expect(phone.sees()).toContain('95.00')
  await phone.type('周计划\n1. 采购对账 20分\n2. 档案整理 80分')
  await phone.tap('提交')
  expect(phone.sees()).toContain('已更新')
  expect(li().sees()).toContain('原来的评分不再计入')
  await li().tap('全部满分')
  expect(li().sees()).toContain('100.00分')
})

describe('leave that was asked for and never answered', () => {
  test('is named, keeps the month open, is offered and reminded of, and ends with the answer', async () => {
    await december('2026-W48')
    await world.handedIn('zhao', '2026-W48', leave('proposed'))
    await world.go('2026-12-01T10:01:00+08:00')
    const reminded = li()
      .messages()
      .map((m) => m.card?.text ?? '')
    expect(reminded).toContainEqual(expect.stringContaining('待评分（1人）：赵敏（请假未确认）'))
    expect(await team()).toContain('赵敏：11月23日至29日请假未确认，上级发“评分”即可答复')
    expect(li().sees()).not.toContain('<确认团队>')
    await li().type('赵敏 95')
    expect(li().sees()).toContain('赵敏11月23日至29日请假，您还没有答复')
    await li().type('评分')
    expect(li().sees()).toContain('赵敏11月23日至29日请假\n原因：病假')
    await li().tap('同意免计')
    expect(await team()).toContain('<确认团队>')
    expect((await draft()).shownTotal).toBe('90.00')
  })

  test('refused, the week counts 0 and is remarked on', async () => {
    await december('2026-W48')
    await world.handedIn('zhao', '2026-W48', leave('proposed'))
    await li().type('评分')
    await li().tap('不同意')
    expect(await team()).toContain('赵敏：11月23日至29日未提交，按0分计，可补分或免计')
    expect(li().sees()).toContain('<确认团队>')
  })
})

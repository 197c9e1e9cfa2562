import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decideAppeal, fileAppeal, registerAppeal } from '../handlers/month/appeal.ts'
import { recordBehaviour, recordId, revokeBehaviour } from '../handlers/month/behaviour.ts'
import { decideCorrection, proposeCorrection } from '../handlers/month/correct.ts'
import { approveMonth, confirmTeam, teamMonth, undoConfirm } from '../handlers/month/flow.ts'
import { giveChecklist } from '../handlers/month/inputs.ts'
import { publishMonth } from '../handlers/month/publish.ts'
import { refreshPeople } from '../handlers/month/settle.ts'
import { decideChange, decideExcuse, returnWeek, scoreWeek, withdrawScore } from '../handlers/weekly/judge.ts'
import { proposeExcuse, submitWeek } from '../handlers/weekly/submit.ts'
import { monthNotices } from '../jobs/notices-month.ts'
import { monthJobs } from '../jobs/run-month.ts'
import type { Ctx } from '../src/context.ts'
import { dayOf } from '../src/domain/time.ts'
import type { Person } from '../src/store/people.ts'
import { dyingStores } from './dying.ts'
import { type MonthWorld, monthYaml, novemberWeeks, startMonthWorld } from './month-world.ts'
import { readable } from './week-world.ts'

let world: MonthWorld
let ctx: Ctx
const who: Record<string, Person> = {}
let n = 0
const act = () => ({ id: `closing-${++n}`, at: world.clock.now() })
const row = async (userId: string) => (await ctx.results.get(`${who[userId]!._id}/2026-11`))!
const said = (userId: string) => world.phone(userId).messages().map(readable).join('\n')

beforeEach(async () => {
  world = await startMonthWorld()
  ctx = world.bot().ctx
  for (const id of ['wang', 'li', 'zhao', 'qian', 'sun', 'zhou'])
    who[id] = (await ctx.people.get(await world.idOf(id)))!
  for (const week of novemberWeeks)
    for (const [userId, points] of [
      ['zhao', 89],
      ['qian', 92],
      ['li', 95],
      ['zhou', 90],
    ] as const)
      await world.scored(userId, week, points)
})
afterEach(() => world.stop())

async function confirmAll(): Promise<void> {
  const full = ['20', '20', '20', '20', '10', '10']
  await giveChecklist(ctx, act(), who.qian!, who.sun!, '2026-11', full)
  await world.jump('2026-12-01T09:01:00+08:00')
  for (const userId of ['qian', 'li', 'wang']) {
    await world.phone(userId).type('团队结果')
    await world.phone(userId).tap('确认团队')
  }
}

test('a confirmed month takes no change of weeks or behaviour; each is answered and nothing is different', async () => {
  const late = { caseId: 'meeting-late', points: '-2', times: 1, day: '2026-11-24', facts: '周会迟到' }
  const recorded = act()
  await recordBehaviour(ctx, recorded, who.li!, who.zhao!, late)
  await confirmAll()
  const before = async () =>
    JSON.stringify([
      await ctx.weeks.model.find().sort({ _id: 1 }).lean(),
      await ctx.behaviours.model.find().sort({ _id: 1 }).lean(),
      await ctx.results.ofMonth('2026-11'),
    ])
  const was = await before()
  const { li, zhao } = who as { li: Person; zhao: Person }
  const settled = { kind: 'settled' }
  expect(await scoreWeek(ctx, act(), li, zhao, '2026-W48', { points: [1], deductions: [] })).toEqual(settled)
  expect(await withdrawScore(ctx, act(), li, zhao, '2026-W48')).toEqual(settled)
  expect(await returnWeek(ctx, act(), li, zhao, '2026-W48', '请补充')).toEqual(settled)
  expect(await decideExcuse(ctx, act(), li, zhao, '2026-W48', 'granted')).toEqual(settled)
  expect(await decideChange(ctx, act(), li, zhao, '2026-W48', new Date(0), 'given')).toEqual(settled)
  expect(await proposeExcuse(ctx, act(), zhao, '2026-W48', '病假')).toEqual(settled)
  const content = { plan: [{ text: '补交', kind: 'key' as const, points: 100 }] }
  expect(['settled', 'scored']).toContain((await submitWeek(ctx, act(), zhao, '2026-W48', content)).kind)
  const closed = { kind: 'closed', state: 'confirmed' }
  expect(await recordBehaviour(ctx, act(), li, zhao, late)).toEqual(closed)
  for (const by of ['li', 'zhou'])
    expect(await revokeBehaviour(ctx, act(), who[by]!, recordId(recorded.id), '记错了')).toEqual(closed)
  expect(await before()).toBe(was)
  // Whoever asks in chat reads what to do.
  await world.phone('li').type('撤销记录')
  await world.phone('li').type('记错了')
  expect(world.phone('li').sees()).toContain('请确认人先发“撤销确认”')
  expect(await before()).toBe(was)
})

test('a week handed in after its month was confirmed is not answered as if it had been scored', async () => {
  await ctx.weeks.model.deleteOne({ personId: who.zhao!._id, week: '2026-W48' })
  await confirmAll()
  const zhao = world.phone('zhao')
  await zhao.type('下周计划\n1. 【重点】采购 100分')
  await zhao.tap('11月23日至29日')
  await zhao.tap('本周计划全部完成')
  await zhao.tap('提交')
  expect(zhao.sees()).toBe('该周所在月份的结果已由上级确认，不能再提交；如确有需要，请联系直属上级或人力资源。')
})

describe('撤销确认', () => {
  test('a superior takes their confirmation back until the general manager has confirmed', async () => {
    await confirmAll()
    const li = world.phone('li')
    await li.type('撤销确认')
    expect(li.sees()).toContain('已撤销对2026年11月2人的确认')
    expect((await row('zhao')).state).toBe('draft')
    expect((await row('zhou')).state).toBe('confirmed')
    await li.type('撤销确认')
    expect(li.sees()).toContain('目前没有可以撤销的确认')
    // The card that asked the general manager says what is open.
    await world.phone('wang').tap('确认全部')
    expect(world.phone('wang').sees()).toContain('还有团队没有确认：李静（2人）')
    await li.type('团队结果')
    await li.tap('确认团队')
    await world.phone('wang').tap('确认全部')
    await li.type('撤销确认')
    expect(li.sees()).toContain('王建国已确认全公司结果，不能撤销')
    expect((await row('zhao')).state).toBe('confirmed')
  })

  test('the general manager takes theirs back until publication, and is asked again', async () => {
    await confirmAll()
    const gm = world.phone('wang')
    await gm.tap('确认全部')
    await gm.type('撤销确认')
    expect(said('wang')).toContain('已撤销对2026年11月全公司结果的确认')
    expect((await ctx.months.get('2026-11')).state).toBe('open')
    expect((await row('zhao')).state).toBe('confirmed')
    await world.jump('2026-12-07T10:01:00+08:00')
    expect((await ctx.months.get('2026-11')).state).toBe('open')
    await gm.tap('确认全部')
    await world.jump('2026-12-08T10:01:00+08:00')
    expect((await ctx.months.get('2026-11')).state).toBe('published')
    const [undone, confirmedBefore] = [act(), JSON.stringify(await row('zhao'))]
    expect(await undoConfirm(ctx, undone, who.wang!, '2026-11')).toEqual({ kind: 'published' })
    await gm.type('撤销确认')
    expect(gm.sees()).toContain('该月结果已发布，不能再确认或撤销')
    expect(JSON.stringify(await row('zhao'))).toBe(confirmedBefore)
  })

  test('the same event twice is one; and where both were at once, nothing is published before both stand', async () => {
    await confirmAll()
    const undone = act()
    expect(await undoConfirm(ctx, undone, who.li!, '2026-11')).toEqual({ kind: 'undone', people: 2 })
    expect(await undoConfirm(ctx, undone, who.li!, '2026-11')).toEqual({ kind: 'undone', people: 2 })
    // As if the general manager's word had come between the look at the teams and the month.
    await ctx.months.change('2026-11', 'between', (m) => ({
      row: { ...m, state: 'approved', approved: { by: who.wang!._id, at: world.clock.now() } },
      outcome: null,
    }))
    world.clock.set('2026-12-07T10:00:00+08:00')
    expect(await publishMonth(ctx, act(), who.zhou!, '2026-11')).toEqual({ kind: 'not-approved', open: 2 })
    expect((await ctx.months.get('2026-11')).state).toBe('approved')
  })
})

test('催办 reaches the superiors whose teams are open and who owes a checklist, once a day, whoever presses', async () => {
  await world.jump('2026-12-01T09:01:00+08:00')
  const count = (userId: string) => world.phone(userId).messages().length
  const before = { li: count('li'), qian: count('qian'), zhao: count('zhao') }
  await world.phone('zhou').tap('催办')
  expect(world.phone('zhou').sees()).toContain('已提醒还没有完成的上级和评分人')
  expect(count('li')).toBe(before.li + 1)
  expect(world.phone('li').sees()).toContain('2026年11月团队结果')
  // The captain: the team, and the sheet that is owed.
  expect(count('qian')).toBe(before.qian + 2)
  expect(said('qian')).toContain('检查表还差孙立')
  expect(count('zhao')).toBe(before.zhao)
  await world.phone('zhou').tap('催办')
  expect(world.phone('zhou').sees()).toContain('今天已经催办过')
  expect(count('li')).toBe(before.li + 1)
})

test('an appeal against a record that is accepted after the confirmation opens that result again', async () => {
  world.clock.set('2026-11-30T15:00:00+08:00')
  await world.phone('li').type('记 赵敏 会议迟到 1次 11月30日')
  await world.phone('li').tap('确认记录')
  await confirmAll()
  expect((await row('zhao')).draft.shownTotal).toBe('87.00')
  await world.phone('wang').tap('确认全部')
  await world.phone('zhao').tap('申诉')
  await world.phone('zhao').type('会议当天取消')
  await world.phone('zhao').tap('提交申诉')
  await world.phone('zhou').tap('登记受理')
  await world.phone('li').tap('填写答复')
  await world.phone('li').type('确实取消')
  await world.phone('zhou').tap('申诉成立')
  await world.phone('zhou').type('会议取消，记录撤销')
  expect(await row('zhao')).toMatchObject({ state: 'draft', returned: { to: 'manager' } })
  expect((await row('qian')).state).toBe('confirmed')
  expect((await ctx.months.get('2026-11')).state).toBe('open')
  expect(world.phone('li').sees()).toContain('退回：赵敏，申诉成立：会议取消，记录撤销')
  await world.phone('li').tap('确认团队')
  expect((await row('zhao')).draft.shownTotal).toBe('89.00')
  await world.phone('wang').tap('确认全部')
  expect((await ctx.months.get('2026-11')).state).toBe('approved')
})

test('a month that is more than a month late is brought to HR and the general manager once a week, until it is out', async () => {
  await world.jump('2026-12-01T09:01:00+08:00')
  const overdue = (userId: string) =>
    world
      .phone(userId)
      .messages()
      .filter((m) => m.card?.title === '2026年11月绩效结果已逾期一个月未发布').length
  // December's publication would be due on the 7th of January.
  await world.jump('2027-01-06T09:01:00+08:00')
  expect([overdue('zhou'), overdue('wang')]).toEqual([0, 0])
  await world.jump('2027-01-07T09:01:00+08:00')
  await world.jump('2027-01-08T09:01:00+08:00')
  expect([overdue('zhou'), overdue('wang'), overdue('li')]).toEqual([1, 1, 0])
  await world.jump('2027-01-11T09:01:00+08:00')
  expect([overdue('zhou'), overdue('wang')]).toEqual([2, 2])
  expect(said('wang')).toContain('原定12月7日（周一，因休息日由12月5日顺延）发布')
  // The oldest comes first wherever it is asked for.
  await world.phone('li').type('团队结果')
  expect(world.phone('li').sees()).toContain('2026年11月团队结果')
  await world.phone('zhou').type('月度进度')
  expect(world.phone('zhou').sees()).toContain('2026年11月绩效')
  expect(world.phone('zhou').sees()).toContain('<发布>')
  await giveChecklist(ctx, act(), who.qian!, who.sun!, '2026-11', ['20', '20', '20', '20', '10', '10'])
  for (const userId of ['qian', 'li', 'wang']) {
    await world.phone(userId).type('团队结果')
    await world.phone(userId).tap('确认团队')
  }
  expect((await approveMonth(ctx, act(), who.wang!, '2026-11')).kind).toBe('approved')
  await world.jump('2027-01-12T10:01:00+08:00')
  expect((await ctx.months.get('2026-11')).state).toBe('published')
  await world.jump('2027-01-18T09:01:00+08:00')
  expect([overdue('zhou'), overdue('wang')]).toEqual([2, 2])
})

/** Confirmed by all, and published on Monday, 7 December. */
async function publishAll(): Promise<void> {
  await confirmAll()
  await world.phone('wang').tap('确认全部')
  await world.jump('2026-12-07T10:01:00+08:00')
}
const aboutResult = { kind: 'result' as const, version: 1 }
const totals = async (userId: string) => (await row(userId)).versions.map((v) => v.result.shownTotal)
const appealOf = (userId: string) => `result/${who[userId]!._id}/2026-11/1`
const registered = async (userId: string) => {
  await fileAppeal(ctx, act(), who[userId]!, '2026-11', aboutResult, '漏评一项')
  expect((await registerAppeal(ctx, act(), who.zhou!, appealOf(userId))).kind).toBe('registered')
  await world.bot().idle()
}

describe('an appeal about a result whose correction waits', () => {
  test('is not accepted before that is decided; whoever decides hears when it can be', async () => {
    await publishAll()
    const hr = world.phone('zhou')
    await world.phone('zhao').tap('申诉')
    await world.phone('zhao').type('第三周第1项漏评')
    await world.phone('zhao').tap('提交申诉')
    await hr.tap('登记受理')
    await world.phone('li').tap('填写答复')
    await world.phone('li').type('确实漏评')
    await hr.type('更正 赵敏 2026-11 +1 另一项')
    await hr.tap('申诉成立')
    expect(hr.sees()).toContain('有一项更正（周琳于12月7日提出）待王建国确认，目前还不能裁定成立')
    const accepted = { accepted: true, text: '漏评', points: '2' }
    expect(await decideAppeal(ctx, act(), who.zhou!, appealOf('zhao'), accepted)).toMatchObject({ kind: 'pending' })
    expect((await ctx.appeals.get(appealOf('zhao')))!.state).toBe('answered')
    expect(said('zhao')).not.toContain('裁定为')
    await world.phone('wang').tap('同意更正')
    expect(hr.sees()).toContain('此前待确认的更正已处理，现在可以裁定')
    await hr.tap('申诉成立')
    await hr.type('+0 漏评')
    expect(hr.sees()).toContain('请先写更正的分数')
    await hr.type('+2 漏评')
    expect(hr.sees()).toContain('更正须总经理确认后生效')
    expect(said('zhao')).toContain('裁定为成立')
    await world.phone('wang').tap('同意更正')
    expect(await totals('zhao')).toEqual(['89.00', '90.00', '92.00'])
  })

  test('the same where a record is appealed against, and where figures are missing by now', async () => {
    world.clock.set('2026-11-30T15:00:00+08:00')
    const late = { caseId: 'meeting-late', points: '-2', times: 1, day: '2026-11-30', facts: '周会迟到' }
    const recorded = act()
    await recordBehaviour(ctx, recorded, who.li!, who.zhao!, late)
    const record = recordId(recorded.id)
    await publishAll()
    // Filed in time, registered late.
    const filed = { id: 'filed', at: new Date('2026-12-02T10:00:00+08:00') }
    await fileAppeal(ctx, filed, who.zhao!, '2026-11', { kind: 'behaviour', recordId: record }, '会议取消')
    await registerAppeal(ctx, act(), who.zhou!, `behaviour/${record}`)
    await world.bot().idle()
    await world.phone('li').tap('填写答复')
    await world.phone('li').type('确实取消')
    const decide = () =>
      decideAppeal(ctx, act(), who.zhou!, `behaviour/${record}`, { accepted: true, text: '会议取消' })
    expect(
      (await proposeCorrection(ctx, act(), who.zhou!, who.zhao!, '2026-11', { points: '1', why: '另一项' })).kind,
    ).toBe('proposed')
    expect(await decide()).toMatchObject({ kind: 'pending', approvers: ['王建国'] })
    expect((await ctx.behaviours.get(record))!.state).toBe('counts')
    await world.bot().idle()
    await world.phone('wang').tap('不同意')
    expect(world.phone('zhou').sees()).toContain('现在可以裁定')
    const week = { _id: `${who.zhao!._id}/2026-W48` }
    const { score } = (await ctx.weeks.model.findOne(week).lean())!
    await ctx.weeks.model.updateOne(week, { $unset: { score: 1 } })
    await world.phone('zhou').tap('申诉成立')
    expect(world.phone('zhou').sees()).toContain('还缺少数据：还有1周未评分')
    expect((await ctx.behaviours.get(record))!.state).toBe('counts')
    await ctx.weeks.model.updateOne(week, { $set: { score } })
    expect(await decide()).toMatchObject({ kind: 'decided', correction: 'proposed' })
    await world.bot().idle()
    await world.phone('wang').tap('同意更正')
    expect(await totals('zhao')).toEqual(['87.00', '89.00'])
  })
})

test('points of a correction count when it is accepted, whatever ends in between, and not when it is refused', async () => {
  await publishAll()
  const id = `${who.sun!._id}/2026-11`
  const adjustments = async () => (await ctx.monthInputs.get(id))!.adjustments.map((a) => a.points)
  const proposed = async (points: string) => {
    await proposeCorrection(ctx, act(), who.zhou!, who.sun!, '2026-11', { points, why: '更正' })
    return (await ctx.results.get(id))!.proposal!.id
  }
  const stores = ['results', 'monthInputs', 'audit', 'outbox'] as const
  for (const [writes, first, after] of [
    [0, { kind: 'gone' }, []],
    [1, { kind: 'accepted' }, ['-9']],
  ] as const) {
    const proposal = await proposed('-9')
    const [yes, no] = [act(), act()]
    const dying = decideCorrection(dyingStores(ctx, stores, writes), yes, who.wang!, id, proposal, true)
    await expect(dying).rejects.toThrow('killed')
    await decideCorrection(ctx, no, who.wang!, id, proposal, false)
    expect(await decideCorrection(ctx, yes, who.wang!, id, proposal, true)).toMatchObject(first)
    expect(await adjustments()).toEqual(after)
  }
})

test('figures that change while a team is being confirmed are not confirmed; they are shown anew', async () => {
  const sheet = (got: string[]) => giveChecklist(ctx, act(), who.qian!, who.sun!, '2026-11', got)
  await sheet(['20', '20', '20', '20', '10', '10'])
  await world.jump('2026-12-01T09:01:00+08:00')
  const { digest } = await teamMonth(ctx, who.qian!._id, '2026-11', world.clock.now())
  const { waiting } = ctx.behaviours
  const meanwhile = {
    ...ctx.behaviours,
    async waiting(...args: Parameters<typeof waiting>) {
      await sheet(['0', '0', '20', '20', '10', '10'])
      await refreshPeople(ctx, '2026-11', [who.sun!], world.clock.now())
      return waiting(...args)
    },
  } as unknown as Ctx['behaviours']
  const confirmed = act()
  const confirm = (c: Ctx) => confirmTeam(c, confirmed, who.qian!, who.qian!._id, '2026-11', digest)
  expect(await confirm({ ...ctx, behaviours: meanwhile })).toEqual({ kind: 'changed' })
  expect(await row('sun')).toMatchObject({ state: 'draft', draft: { shownTotal: '60.00' } })
  // Of several, those before the change stay confirmed, for what was seen; the same event again confirms no more.
  const team = await teamMonth(ctx, who.li!._id, '2026-11', world.clock.now())
  const li = act()
  const { change } = ctx.results
  const results: Ctx['results'] = {
    ...ctx.results,
    async change(id, event, decide) {
      const outcome = await change(id, event, decide)
      if (event === li.id && id === team.rows[0]!._id)
        await ctx.results.model.updateOne({ _id: team.rows[1]!._id }, { $set: { hash: 'another' }, $inc: { rev: 1 } })
      return outcome
    },
  }
  const both = (c: Ctx) => confirmTeam(c, li, who.li!, who.li!._id, '2026-11', team.digest)
  expect(await both({ ...ctx, results })).toEqual({ kind: 'changed' })
  expect(await both(ctx)).toEqual({ kind: 'changed' })
  expect((await ctx.results.ofTeam('2026-11', who.li!._id)).map((r) => r.state)).toEqual(['confirmed', 'draft'])
  const audited = await ctx.audit.model.find({ what: 'team-confirmed' }).lean()
  expect(audited.map((l) => l.detail)).toEqual([{ people: 1, digest: team.digest }])
})

describe('an appeal that waits for an answer', () => {
  const chase = async (day: string) => {
    const slot = new Date(`${day}T09:30:00+08:00`)
    world.clock.set(slot.toISOString())
    await monthJobs.find((j) => j.name === 'chase-appeals')!.run(slot, ctx)
    await world.bot().idle()
  }
  const times = (userId: string, title: string) =>
    world
      .phone(userId)
      .messages()
      .filter((m) => m.card?.title === title).length
  const decide = (userId: string) =>
    decideAppeal(ctx, act(), who.zhou!, appealOf(userId), { accepted: false, text: '核对无误' })

  test('a silent superior is reminded once; after three working days it is decided without them, and that is said', async () => {
    await publishAll()
    await registered('zhao')
    expect(world.phone('li').sees()).toContain('请在12月10日24:00前答复')
    expect(times('li', '提醒：请答复赵敏的申诉')).toBe(0)
    await chase('2026-12-08')
    await chase('2026-12-09')
    expect(times('li', '提醒：请答复赵敏的申诉')).toBe(1)
    expect(await decide('zhao')).toEqual({ kind: 'unanswered', day: '2026-12-10' })
    await chase('2026-12-10')
    expect(times('zhou', '赵敏的申诉待裁定')).toBe(0)
    await chase('2026-12-11')
    await chase('2026-12-14')
    const hr = world.phone('zhou')
    expect(times('zhou', '赵敏的申诉待裁定')).toBe(1)
    expect(hr.sees()).toContain('上级答复：直属上级未答复')
    await hr.tap('不成立')
    await hr.type('核对无误')
    expect(said('zhao')).toContain('的申诉裁定为不成立（直属上级未答复）。理由：核对无误')
    expect((await ctx.appeals.get(appealOf('zhao')))!.decision).toMatchObject({ unanswered: true })
    const [line] = await ctx.audit.model.find({ what: 'appeal-decided' }).lean()
    expect(line!.detail).toEqual({ accepted: false, unanswered: true })
  })

  test('an answer after that still counts, and is shown', async () => {
    await publishAll()
    await registered('zhao')
    await chase('2026-12-11')
    await world.phone('li').tap('填写答复')
    await world.phone('li').type('核对无误')
    expect(world.phone('zhou').sees()).toContain('上级答复：核对无误')
    expect(times('zhou', '赵敏的申诉待裁定')).toBe(2)
  })

  test('a new superior is asked; without one it can be decided; a stand-in is waited for', async () => {
    await publishAll()
    await registered('zhao')
    await registered('sun')
    const [zhao, qian] = [(await ctx.people.get(who.zhao!._id))!, (await ctx.people.get(who.qian!._id))!]
    await ctx.people.save({ ...zhao, managerId: qian._id }, zhao)
    await chase('2026-12-08')
    expect(times('qian', '请答复赵敏的申诉')).toBe(1)
    expect(await decide('zhao')).toEqual({ kind: 'unanswered', day: '2026-12-11' })
    await ctx.people.save({ ...qian, active: false, leftOn: '2026-12-08' }, qian)
    await chase('2026-12-09')
    expect(world.phone('zhou').sees()).toContain('上级答复：没有上级，未答复')
    expect(await decide('sun')).toMatchObject({ kind: 'decided' })
    // The general manager has nobody above, and somebody who stands in.
    const praise = { caseId: 'praise-department', points: '3', times: 1, day: '2026-12-08', facts: '协助布展' }
    const recorded = act()
    expect((await recordBehaviour(ctx, recorded, who.li!, who.wang!, praise)).kind).toBe('recorded')
    const about = { kind: 'behaviour' as const, recordId: recordId(recorded.id) }
    await fileAppeal(ctx, act(), who.wang!, '2026-12', about, '不是本人')
    const appeal = `behaviour/${about.recordId}`
    expect((await registerAppeal(ctx, act(), who.zhou!, appeal)).kind).toBe('registered')
    const refused = { accepted: false, text: '不成立' }
    expect((await decideAppeal(ctx, act(), who.zhou!, appeal, refused)).kind).toBe('unanswered')
    await world.bot().idle()
    await world.phone('li').tap('填写答复')
    await world.phone('li').type('是本人')
    expect((await decideAppeal(ctx, act(), who.zhou!, appeal, refused)).kind).toBe('decided')
  })
})

test('who is no longer entitled when a message is sent does not get it; a day’s reminder ends where the next begins', async () => {
  await publishAll()
  await registered('zhao')
  await proposeCorrection(ctx, act(), who.zhou!, who.sun!, '2026-11', { points: '1', why: '漏评' })
  const { proposal } = await row('sun')
  const asked: [name: string, to: string, args: object][] = [
    ['hr-published', 'zhou', { month: '2026-11' }],
    ['correction-request', 'wang', { row: `${who.sun!._id}/2026-11`, proposal: proposal!.id }],
    ['appeal-answer', 'li', { appeal: appealOf('zhao') }],
    ['month-overdue', 'wang', { month: '2026-12' }],
  ]
  for (const [name, to, args] of asked) {
    expect([name, await monthNotices[name]!(who[to]!, { ...args }, ctx)]).toMatchObject([name, { card: {} }])
    const other = await monthNotices[name]!(who.qian!, { ...args }, ctx)
    expect([name, other]).toEqual([name, { cancel: expect.any(String) }])
  }
  const daily = /^(team-month|month-progress|month-late|approval|month-overdue)\//
  const rows = await ctx.outbox.model.find({ _id: daily, cause: /^(settle|publish)-month@|^settle\// }).lean()
  expect(rows.length).toBeGreaterThan(2)
  for (const { _id, createdAt, expiresAt } of rows) {
    const next = ctx.company().weeks.nextWorkday(dayOf(createdAt, 'Asia/Shanghai'))
    expect([_id, expiresAt]).toEqual([_id, new Date(`${next}T09:00:00+08:00`)])
  }
})

test('who confirms the month after its hour reads when it will be published', async () => {
  await confirmAll()
  const gm = world.phone('wang')
  expect(gm.sees()).toContain('请于12月4日（周五）前确认')
  await world.jump('2026-12-08T09:01:00+08:00')
  expect(gm.sees()).toContain('原定12月4日（周五）前确认，请尽快处理')
  expect(gm.sees()).toContain('发布时间：确认后最近的工作日10:00')
  await world.jump('2026-12-08T14:00:00+08:00')
  await gm.tap('确认全部')
  expect(said('wang')).toContain('将于12月9日（周三）10:00发布')
  await world.jump('2026-12-09T10:01:00+08:00')
  expect((await ctx.months.get('2026-11')).state).toBe('published')
})

test('较上月 compares with what stood when the month was published: a later correction of the month before changes nothing', async () => {
  const id = `${who.zhao!._id}/2026-10`
  const version = (n: number, at: string, shownTotal: string) => ({
    version: n,
    at: new Date(at),
    result: { shownTotal },
  })
  const october = { _id: id, personId: who.zhao!._id, month: '2026-10', state: 'published', seen: [], acknowledged: [] }
  const first = version(1, '2026-11-05T10:00:00+08:00', '80.00')
  await ctx.results.model.collection.insertOne({
    ...october,
    versions: [first],
    sent: [],
    rev: 1,
    applied: [],
  } as never)
  await publishAll()
  expect((await row('zhao')).versions[0]!.result.change).toBe('+9.00')
  const later = version(2, '2026-12-08T10:00:00+08:00', '85.00')
  await ctx.results.model.collection.updateOne({ _id: id as never }, { $push: { versions: later } as never })
  world.clock.set('2026-12-09T10:00:00+08:00')
  expect(await proposeCorrection(ctx, act(), who.zhou!, who.zhao!, '2026-11', { why: '按最新记录' })).toEqual({
    kind: 'unchanged',
  })
})

test('a correction changes what was wrong and nothing else, whatever the rules are by now', async () => {
  await publishAll()
  const before = (await row('zhao')).versions.at(-1)!.result
  expect(before).toMatchObject({ shownTotal: '89.00', grade: 'B' })
  const edited = monthYaml
    .replace('司机: 司机月度检查 }', '司机: 司机月度检查, 行政人事助理: 司机月度检查 }')
    .concat('grades: [{ name: A, from: 95 }, { name: B, from: 92 }, { name: C, from: 91 }, { name: D, from: 0 }]\n')
  await world.restart(async () => writeFileSync(join(world.dir, 'company.yaml'), edited))
  ctx = world.bot().ctx
  ctx.firstWeek = '2026-W44'
  const why = { why: '漏记一次部门表扬' }
  expect(await proposeCorrection(ctx, act(), who.zhou!, who.zhao!, '2026-11', why)).toEqual({ kind: 'unchanged' })
  await proposeCorrection(ctx, act(), who.zhou!, who.zhao!, '2026-11', { ...why, points: '1' })
  const { ruleVersion } = before
  expect((await row('zhao')).proposal!.result).toMatchObject({ shownTotal: '90.00', grade: 'A', ruleVersion })
  await world.bot().idle()
  await world.phone('wang').tap('同意更正')
  // The next one goes on from there.
  await proposeCorrection(ctx, act(), who.zhou!, who.zhao!, '2026-11', { ...why, points: '-2' })
  expect((await row('zhao')).proposal!.result).toMatchObject({ shownTotal: '88.00', grade: 'B', ruleVersion })
})

test('published before rules were kept: a correction is computed by those in force', async () => {
  await publishAll()
  await ctx.rules.model.deleteMany({})
  const edited = `${monthYaml}grades: [{ name: 优, from: 80 }, { name: 良, from: 0 }]\n`
  await world.restart(async () => writeFileSync(join(world.dir, 'company.yaml'), edited))
  ctx = world.bot().ctx
  ctx.firstWeek = '2026-W44'
  await proposeCorrection(ctx, act(), who.zhou!, who.zhao!, '2026-11', { why: '更正', points: '1' })
  expect((await row('zhao')).proposal!.result).toMatchObject({ shownTotal: '90.00', grade: '优' })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerAppeal, decideAppeal, fileAppeal, registerAppeal, withdrawAppeal } from '../handlers/month/appeal.ts'
import {
  acknowledgeBehaviour,
  type BehaviourInput,
  decideAttendance,
  recordBehaviour,
  recordId,
  revokeBehaviour,
} from '../handlers/month/behaviour.ts'
import { decideCorrection, proposeCorrection } from '../handlers/month/correct.ts'
import { approveMonth, confirmTeam, returnResult, teamMonth } from '../handlers/month/flow.ts'
import { closeRating, giveChecklist, giveRating } from '../handlers/month/inputs.ts'
import { publishMonth } from '../handlers/month/publish.ts'
import { ownResult } from '../handlers/month/view.ts'
import { scoreWeek } from '../handlers/weekly/judge.ts'
import { submitWeek } from '../handlers/weekly/submit.ts'
import type { Ctx } from '../src/context.ts'
import { ApiError } from '../src/http/api/body.ts'
import { monthEndpoints } from '../src/http/api/month.ts'
import type { Person } from '../src/store/people.ts'
import { type MonthWorld, novemberWeeks, startMonthWorld } from './month-world.ts'

/** One November, told in order: each test goes on from the one before. */
let world: MonthWorld
let ctx: Ctx
const who: Record<string, Person> = {}
let n = 0
const at = (when: string) => ({ id: `act-${++n}`, at: new Date(`${when}+08:00`) })
const nov30 = '2026-11-30T15:00:00'
const dec1 = '2026-12-01T15:00:00'

beforeAll(async () => {
  world = await startMonthWorld()
  ctx = world.bot().ctx
  for (const id of ['wang', 'li', 'zhao', 'qian', 'sun', 'zhou'])
    who[id] = (await ctx.people.get(await world.idOf(id)))!
  for (const week of novemberWeeks) {
    await world.scored('zhao', week, 89)
    await world.scored('qian', week, 92)
    await world.scored('zhou', week, 90)
    if (week !== '2026-W48') await world.scored('li', week, 95)
  }
  // 李静's last week is handed in and not scored.
  await world.scored('li', '2026-W48', 95)
  await ctx.weeks.model.updateOne({ _id: `${who.li!._id}/2026-W48` }, { $unset: { score: 1 } })
  await ctx.weeks.model.updateOne(
    { _id: `${who.li!._id}/2026-W47` },
    {
      $set: {
        submissions: [
          {
            at: new Date('2026-11-21T11:00:00+08:00'),
            content: { plan: [{ text: '工作', kind: 'key', points: 100 }] },
          },
        ],
      },
    },
  )
})
afterAll(() => world.stop())

const late: BehaviourInput = { caseId: 'meeting-late', points: '-2', times: 1, day: '2026-11-24', facts: '周会迟到' }
const record = (by: string, person: string, more: Partial<BehaviourInput> = {}, when = nov30) =>
  recordBehaviour(ctx, at(when), who[by]!, who[person]!, { ...late, ...more })

describe('a record that cannot be is answered, and nothing is kept', () => {
  test.each([
    ['on oneself', 'li', 'li', {}, { kind: 'not-allowed', why: 'self' }],
    ['about one’s superior', 'zhao', 'li', {}, { kind: 'not-allowed', why: 'not-below' }],
    ['about somebody else’s people', 'qian', 'zhao', {}, { kind: 'not-allowed', why: 'not-below' }],
    [
      'a company punishment by a manager',
      'li',
      'zhao',
      { caseId: 'warning', points: '-12' },
      { kind: 'not-allowed', why: 'hr-only' },
    ],
    ['a manager’s case by HR', 'zhou', 'zhao', {}, { kind: 'not-allowed', why: 'manager-only' }],
    ['another number for a fixed case', 'li', 'zhao', { points: '-3' }, { kind: 'bad-points' }],
    ['out of the range', 'li', 'zhao', { caseId: 'attitude', points: '-5.5' }, { kind: 'bad-points' }],
    ['no such case', 'li', 'zhao', { caseId: 'nothing' }, { kind: 'bad-case' }],
    [
      'the drivers’ category for somebody else',
      'li',
      'zhao',
      { caseId: 'vehicle', points: '-5' },
      { kind: 'not-for-position' },
    ],
    ['tomorrow', 'li', 'zhao', { day: '2026-12-01' }, { kind: 'future' }],
    ['before joining', 'li', 'zhao', { day: '2022-02-28' }, { kind: 'before-joining' }],
    ['no times', 'li', 'zhao', { times: 0 }, { kind: 'bad-points' }],
  ] as const)('%s', async (_, by, person, more, outcome) => {
    expect(await record(by, person, more)).toMatchObject(outcome)
    expect(await ctx.behaviours.model.countDocuments()).toBe(0)
  })
})

test('the same event twice is one record; it is told once and read by its person only', async () => {
  const act = at(nov30)
  await recordBehaviour(ctx, act, who.li!, who.zhao!, late)
  await recordBehaviour(ctx, act, who.li!, who.zhao!, late)
  expect(await ctx.behaviours.model.countDocuments()).toBe(1)
  const id = recordId(act.id)
  expect(await acknowledgeBehaviour(ctx, at(nov30), who.qian!, id)).toEqual({ kind: 'gone' })
  expect(await acknowledgeBehaviour(ctx, at(nov30), who.zhao!, id)).toEqual({ kind: 'noted' })
  expect(await revokeBehaviour(ctx, at(nov30), who.zhao!, id, '不公平')).toEqual({ kind: 'not-allowed' })
  expect(await revokeBehaviour(ctx, at(nov30), who.li!, id, ' ')).toEqual({ kind: 'no-reason' })
  expect(await revokeBehaviour(ctx, at(nov30), who.li!, id, '会议改期')).toMatchObject({ kind: 'revoked' })
  expect(await revokeBehaviour(ctx, at(nov30), who.li!, id, '再次')).toEqual({ kind: 'gone' })
  // Never deleted.
  expect(await ctx.behaviours.get(id)).toMatchObject({ state: 'revoked', revoked: { reason: '会议改期' } })
})

test('HR’s attendance record counts once the unit’s head confirmed it, and not by HR itself', async () => {
  const outcome = await record('zhou', 'zhao', { caseId: 'attendance', points: '-3', facts: '11月25日无故早退' })
  if (outcome.kind !== 'recorded') throw new Error(outcome.kind)
  const id = outcome.row._id
  expect(outcome.row.state).toBe('waiting')
  expect(await decideAttendance(ctx, at(nov30), who.zhou!, id, true)).toEqual({ kind: 'not-allowed' })
  expect(await decideAttendance(ctx, at(nov30), who.qian!, id, true)).toEqual({ kind: 'not-allowed' })
  const team = await teamMonth(ctx, who.li!._id, '2026-11', at(dec1).at)
  expect(team.open).toEqual([{ personId: who.zhao!._id, name: '赵敏', what: ['有考勤记录待部门经理确认'] }])
  expect(await decideAttendance(ctx, at(nov30), who.li!, id, true)).toMatchObject({ kind: 'decided' })
  expect(await decideAttendance(ctx, at(nov30), who.li!, id, false)).toEqual({ kind: 'gone' })
})

test('a checklist takes what fits, from the captain only', async () => {
  const full = ['20', '20', '20', '20', '10', '10']
  const give = (by: string, got: string[], person = 'sun') =>
    giveChecklist(ctx, at(nov30), who[by]!, who[person]!, '2026-11', got)
  expect(await give('zhao', full)).toEqual({ kind: 'not-allowed' })
  expect(await give('sun', full)).toEqual({ kind: 'not-allowed' })
  expect(await give('qian', full, 'zhao')).toEqual({ kind: 'not-for-scheme' })
  expect(await give('qian', full.slice(1))).toEqual({ kind: 'wrong-count' })
  expect(await give('qian', ['20.5', ...full.slice(1)])).toEqual({ kind: 'above', item: '服务质量', most: 20 })
  expect(await give('qian', ['-1', ...full.slice(1)])).toEqual({ kind: 'bad-number' })
  expect(await give('qian', ['18', ...full.slice(1)])).toEqual({ kind: 'given' })
  expect(await giveRating(ctx, at(nov30), who.li!, who.zhao!, '2026-11', '90')).toEqual({ kind: 'not-for-scheme' })
  expect(await closeRating(ctx, at(nov30), who.li!, who.zhao!, '2026-11', '')).toEqual({ kind: 'not-allowed' })
})

describe('confirming', () => {
  const team = (judge: string, when = dec1) => teamMonth(ctx, who[judge]!._id, '2026-11', at(when).at)
  const confirm = async (by: string, judge: string, when = dec1) =>
    confirmTeam(ctx, at(when), who[by]!, who[judge]!._id, '2026-11', (await team(judge, when)).digest)

  test('not before the month is over, not by outsiders, and what is missing is named', async () => {
    expect(await confirm('li', 'li', nov30)).toEqual({ kind: 'not-over' })
    expect(await confirm('zhao', 'li')).toEqual({ kind: 'not-allowed' })
    const refused = await confirm('wang', 'wang')
    expect(refused).toMatchObject({
      kind: 'missing',
      open: [{ name: '李静', what: ['还有1周未评分：11月23日至29日'] }],
    })
  })

  test('figures that have changed since they were seen are not confirmed', async () => {
    const seen = (await team('li')).digest
    await record('li', 'zhao', { day: '2026-11-26' }, dec1)
    expect(await confirmTeam(ctx, at(dec1), who.li!, who.li!._id, '2026-11', seen)).toEqual({ kind: 'changed' })
  })

  test('of two at once the first wins and the second is told who', async () => {
    const { digest } = await team('li')
    const outcomes = await Promise.all([
      confirmTeam(ctx, at(dec1), who.li!, who.li!._id, '2026-11', digest),
      confirmTeam(ctx, at(dec1), who.wang!, who.li!._id, '2026-11', digest),
    ])
    const done = outcomes.filter((o) => o.kind === 'confirmed')
    expect(done.length).toBeGreaterThan(0)
    expect(done.reduce((s, o) => s + (o.kind === 'confirmed' ? o.people : 0), 0)).toBe(2)
    expect(await confirm('wang', 'li')).toMatchObject({ kind: 'already' })
  })

  test('a confirmed month takes no more records and no other scores', async () => {
    expect(await record('li', 'zhao', {}, dec1)).toEqual({ kind: 'closed', state: 'confirmed' })
    await confirm('qian', 'qian')
    const again = await giveChecklist(ctx, at(dec1), who.qian!, who.sun!, '2026-11', [
      '20',
      '20',
      '20',
      '20',
      '10',
      '10',
    ])
    expect(again).toEqual({ kind: 'closed', state: 'confirmed' })
    expect(await returnResult(ctx, at(dec1), who.qian!, who.sun!, '2026-11', '再看')).toEqual({ kind: 'confirmed' })
    const rescored = await scoreWeek(ctx, at(dec1), who.li!, who.zhao!, '2026-W48', { points: [100], deductions: [] })
    expect(rescored).toEqual({ kind: 'settled' })
    const plan = { text: '补交', kind: 'key' as const, points: 100 }
    const content = {
      summary: { outcomes: [], extra: ['补交'], shortcomings: '无', problems: '无', improvements: '无' },
      plan: [plan],
    }
    expect(await submitWeek(ctx, at(dec1), who.zhao!, '2026-W48', content)).not.toMatchObject({ kind: 'late' })
  })

  test('the general manager cannot confirm while a team is open, which is named; nobody else can at all', async () => {
    expect(await approveMonth(ctx, at(dec1), who.li!, '2026-11')).toEqual({ kind: 'not-allowed' })
    expect(await approveMonth(ctx, at(dec1), who.wang!, '2026-11')).toEqual({
      kind: 'open',
      teams: [{ name: '王建国', people: 2 }],
    })
    expect(await publishMonth(ctx, at('2026-12-07T10:00:00'), who.zhou!, '2026-11')).toEqual({
      kind: 'not-approved',
      open: 2,
    })
    const score = {
      points: [96],
      planned: [{ text: '工作', points: 100 }],
      deductions: [],
      by: who.wang!._id,
      at: at(dec1).at,
    }
    await ctx.weeks.model.updateOne({ _id: `${who.li!._id}/2026-W48` }, { $set: { score } })
    expect(await confirm('wang', 'wang')).toMatchObject({ kind: 'confirmed', people: 2 })
    expect(await approveMonth(ctx, at(dec1), who.wang!, '2026-12')).toEqual({ kind: 'not-over' })
    expect(await approveMonth(ctx, at(dec1), who.wang!, '2026-11')).toMatchObject({ kind: 'approved' })
    expect(await approveMonth(ctx, at(dec1), who.wang!, '2026-11')).toMatchObject({ kind: 'already' })
  })
})

test('published on the day, once, for all; not a second before', async () => {
  expect(await publishMonth(ctx, at('2026-12-07T09:59:59'), who.zhou!, '2026-11')).toMatchObject({ kind: 'too-early' })
  expect(await publishMonth(ctx, at('2026-12-07T10:00:00'), who.li!, '2026-11')).toEqual({ kind: 'not-allowed' })
  expect(await publishMonth(ctx, at('2026-12-07T10:00:00'), who.zhou!, '2026-11')).toEqual({
    kind: 'published',
    people: 5,
  })
  expect(await publishMonth(ctx, at('2026-12-07T10:00:01'), who.zhou!, '2026-11')).toMatchObject({ kind: 'already' })
  expect(await record('li', 'zhao', {}, '2026-12-07T11:00:00')).toEqual({ kind: 'closed', state: 'published' })
})

test('each sees their own, the chain above sees it, a peer sees nothing', async () => {
  const sees = async (by: string) =>
    (await ownResult(ctx, who[by]!, who.zhao!, '2026-11', at('2026-12-07T12:00:00').at)) !== undefined
  expect([await sees('zhao'), await sees('li'), await sees('wang'), await sees('zhou')]).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect([await sees('qian'), await sees('sun')]).toEqual([false, false])
  const call = (by: string, path: string, params: object, query: object = {}) =>
    monthEndpoints
      .find((e) => e.path === path && e.method === 'GET')!
      .run({
        ctx,
        me: who[by]!,
        platform: 'wecom',
        now: at('2026-12-07T12:00:00').at,
        act: { id: `page-${by}`, at: at('2026-12-07T12:00:00').at },
        params,
        query,
        body: {},
      } as never)
  const own = (await call('zhao', '/api/result/:month', { month: '2026-11' })) as {
    total: string
    appeal: string
    sections: unknown[]
  }
  expect(own).toMatchObject({ total: '84.00', grade: 'B', minus: '5', appeal: '还剩4个工作日（至12月10日）' })
  const peer = call('qian', '/api/result/:month', { month: '2026-11' }, { person: who.zhao!._id })
  await expect(peer).rejects.toBeInstanceOf(ApiError)
  await expect(call('zhao', '/api/month/:month', { month: '2026-11' })).rejects.toMatchObject({ status: 403 })
  const team = (await call('li', '/api/month/:month', { month: '2026-11' })) as { people: { name: string }[] }
  expect(team.people.map((p) => p.name).sort()).toEqual(['赵敏', '钱进'])
  expect((await ctx.results.get(`${who.zhao!._id}/2026-11`))!.seen).toMatchObject([{ version: 1, on: 'wecom' }])
})

test('an appeal is decided by nobody who is party, once, in writing', async () => {
  const dec8 = '2026-12-08T10:00:00'
  const about = { kind: 'result' as const, version: 1 }
  expect(await fileAppeal(ctx, at(dec8), who.zhao!, '2026-11', about, '  ')).toEqual({ kind: 'no-reason' })
  expect(await fileAppeal(ctx, at('2026-12-11T00:00:00'), who.zhao!, '2026-11', about, '晚了')).toEqual({
    kind: 'late',
    day: '2026-12-10',
  })
  const first = at('2026-12-10T23:59:58')
  expect(await fileAppeal(ctx, first, who.zhao!, '2026-11', about, '漏评')).toMatchObject({ kind: 'filed' })
  const mine = `result/${who.zhao!._id}/2026-11/1`
  expect(await withdrawAppeal(ctx, at(dec8), who.li!, mine)).toEqual({ kind: 'gone' })
  const back = at('2026-12-10T23:59:58')
  expect(await withdrawAppeal(ctx, back, who.zhao!, mine)).toEqual({ kind: 'withdrawn' })
  expect(await withdrawAppeal(ctx, back, who.zhao!, mine)).toEqual({ kind: 'withdrawn' })
  expect(await registerAppeal(ctx, at(dec8), who.zhou!, mine)).toEqual({ kind: 'gone' })
  // The window runs on.
  expect(await fileAppeal(ctx, at('2026-12-11T00:00:00'), who.zhao!, '2026-11', about, '晚了')).toMatchObject({
    kind: 'late',
  })
  const filed = await fileAppeal(ctx, at('2026-12-10T23:59:59'), who.zhao!, '2026-11', about, '漏评一项')
  if (filed.kind !== 'filed') throw new Error(filed.kind)
  const id = filed.row._id
  expect(await fileAppeal(ctx, at(dec8), who.zhao!, '2026-11', about, '再来')).toMatchObject({ kind: 'already' })
  expect(await registerAppeal(ctx, at(dec8), who.li!, id)).toEqual({ kind: 'not-allowed' })
  expect(await decideAppeal(ctx, at(dec8), who.zhou!, id, { accepted: false, text: '早' })).toEqual({ kind: 'gone' })
  expect(await registerAppeal(ctx, at(dec8), who.zhou!, id)).toMatchObject({ kind: 'registered' })
  expect(await answerAppeal(ctx, at(dec8), who.qian!, id, '无关')).toEqual({ kind: 'not-allowed' })
  expect(await answerAppeal(ctx, at(dec8), who.li!, id, '确实漏评')).toMatchObject({ kind: 'answered' })
  expect(await decideAppeal(ctx, at(dec8), who.li!, id, { accepted: true, text: '是', points: '2' })).toEqual({
    kind: 'not-allowed',
  })
  expect(await decideAppeal(ctx, at(dec8), who.zhou!, id, { accepted: true, text: '成立' })).toEqual({
    kind: 'bad-points',
  })
  const decided = await decideAppeal(ctx, at(dec8), who.zhou!, id, { accepted: true, text: '漏评一项', points: '2' })
  expect(decided).toMatchObject({ kind: 'decided', correction: 'proposed' })
  expect(await decideAppeal(ctx, at(dec8), who.zhou!, id, { accepted: false, text: '反悔' })).toEqual({ kind: 'gone' })
})

test('HR’s own appeal is HR’s to nobody: the general manager takes it', async () => {
  const dec8 = '2026-12-08T11:00:00'
  const filed = await fileAppeal(ctx, at(dec8), who.zhou!, '2026-11', { kind: 'result', version: 1 }, '理由')
  if (filed.kind !== 'filed') throw new Error(filed.kind)
  expect(await registerAppeal(ctx, at(dec8), who.zhou!, filed.row._id)).toEqual({ kind: 'not-allowed' })
  // The general manager judged it, so they are party too: it stays open and HR is told (domain.md §11.16).
  expect(await registerAppeal(ctx, at(dec8), who.wang!, filed.row._id)).toEqual({ kind: 'not-allowed' })
  expect(await ctx.outbox.model.countDocuments({ 'content.name': 'appeal-nobody' })).toBe(1)
})

test('a correction counts with the general manager only, once, and the old version stays', async () => {
  const dec9 = '2026-12-09T10:00:00'
  const row = `${who.zhao!._id}/2026-11`
  expect(
    await proposeCorrection(ctx, at(dec9), who.zhou!, who.zhao!, '2026-11', { points: '1', why: '又一项' }),
  ).toEqual({ kind: 'pending' })
  expect(await proposeCorrection(ctx, at(dec9), who.li!, who.zhao!, '2026-11', { points: '1', why: '加分' })).toEqual({
    kind: 'not-allowed',
  })
  expect(await proposeCorrection(ctx, at(dec9), who.zhou!, who.zhou!, '2026-11', { points: '1', why: '自己' })).toEqual(
    { kind: 'not-allowed' },
  )
  expect(await proposeCorrection(ctx, at(dec9), who.zhou!, who.qian!, '2026-11', { why: '没有变化' })).toEqual({
    kind: 'unchanged',
  })
  expect(await proposeCorrection(ctx, at(dec9), who.zhou!, who.qian!, '2026-12', { why: '没有' })).toEqual({
    kind: 'not-published',
  })
  const proposal = (await ctx.results.get(row))!.proposal!
  expect(await decideCorrection(ctx, at(dec9), who.zhou!, row, proposal.id, true)).toEqual({ kind: 'not-allowed' })
  const act = at(dec9)
  expect(await decideCorrection(ctx, act, who.wang!, row, proposal.id, true)).toMatchObject({ kind: 'accepted' })
  expect(await decideCorrection(ctx, act, who.wang!, row, proposal.id, true)).toMatchObject({ kind: 'accepted' })
  expect(await decideCorrection(ctx, at(dec9), who.wang!, row, proposal.id, false)).toEqual({ kind: 'gone' })
  const after = (await ctx.results.get(row))!
  expect(after.versions.map((v) => [v.version, v.result.shownTotal])).toEqual([
    [1, '84.00'],
    [2, '86.00'],
  ])
  // What the correction changed can be appealed anew.
  const again = await fileAppeal(ctx, at(dec9), who.zhao!, '2026-11', { kind: 'result', version: 2 }, '仍有一项')
  expect(again.kind).toBe('filed')
})

test('everything that was done stands in the audit, by whom and to what', async () => {
  const lines = await ctx.audit.model.find({}).sort({ at: 1 }).lean()
  const what = new Set(lines.map((l) => l.what))
  for (const deed of [
    'behaviour-recorded',
    'behaviour-revoked',
    'attendance-confirmed',
    'checklist-given',
    'team-confirmed',
    'month-approved',
    'month-published',
    'appeal-filed',
    'appeal-decided',
    'correction-proposed',
    'correction-accepted',
  ])
    expect(what).toContain(deed)
})

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { contactsReport, newsForHr, noteTold } from '../handlers/moments/contacts-report.ts'
import { sendMoments } from '../handlers/moments/people.ts'
import { keepNoLonger } from '../handlers/moments/retention.ts'
import { answerTerm, tellTerms } from '../handlers/moments/terms.ts'
import { momentJobs } from '../jobs/moments.ts'
import type { Ctx } from '../src/context.ts'
import type { Db } from '../src/store/connect.ts'
import { openTestDb } from './db.ts'
import { momentsWorld, person } from './moments-world.ts'

let database: { db: Db; stop(): Promise<void> }
beforeAll(async () => {
  database = await openTestDb()
})
afterAll(() => database.stop())

let ctx: Ctx
let clock: Awaited<ReturnType<typeof momentsWorld>>['clock']
let keys: () => Promise<string[]>
let arrived: Awaited<ReturnType<typeof momentsWorld>>['arrived']
beforeEach(async () => {
  for (const model of Object.values(database.db.models)) await model.deleteMany({})
  const world = await momentsWorld(database.db, { start: '2026-11-25T10:00:00+08:00' })
  ctx = world.ctx
  clock = world.clock
  keys = world.keys
  arrived = world.arrived
})
afterEach(() => ctx.outbox.stop())

describe('ends of probation and contract', () => {
  beforeEach(async () => {
    await ctx.people.save(person('hr', { roles: ['hr'] }))
    await ctx.people.save(person('li', { managerId: 'hr' }))
    await ctx.people.save(person('zhao', { managerId: 'li' }))
  })
  test('entered late it is told at once, and again only at the next stage', async () => {
    await ctx.personal.takeIn('zhao', { contractEndsOn: '2026-12-05' }, 'hr')
    await tellTerms(ctx, 'import')
    await tellTerms(ctx, 'job')
    expect(await keys()).toEqual(['term/contract/zhao/2026-12-05/14/hr', 'term/contract/zhao/2026-12-05/14/li'])
    clock.set('2026-11-27T10:00:00+08:00')
    await tellTerms(ctx, 'job')
    // Seven days before is Saturday the 28th: told on Friday.
    expect((await keys()).filter((k) => k.includes('/7/'))).toHaveLength(2)
  })
  test('a contract that ran out unnoticed is told; a probation of long ago is history', async () => {
    await ctx.personal.takeIn('zhao', { contractEndsOn: '2026-10-26', probationEndsOn: '2026-11-17' }, 'hr')
    await ctx.personal.takeIn('li', { contractEndsOn: '2026-10-25', probationEndsOn: '2026-11-18' }, 'hr')
    await tellTerms(ctx, 'job')
    expect((await keys()).map((k) => k.split('/').slice(1, 4).join('/'))).toEqual([
      'contract/zhao/2026-10-26',
      'contract/zhao/2026-10-26',
      'probation/li/2026-11-18',
    ])
  })
  test('the first answer stands, nobody else may give one, and a new date is a new case', async () => {
    await ctx.personal.takeIn('zhao', { contractEndsOn: '2026-12-05' }, 'hr')
    await tellTerms(ctx, 'job')
    const act = (id: string) => ({ id, at: clock.now() })
    const id = 'contract/zhao/2026-12-05'
    const [hr, li, zhao] = [
      (await ctx.people.get('hr'))!,
      (await ctx.people.get('li'))!,
      (await ctx.people.get('zhao'))!,
    ]
    expect((await answerTerm(ctx, act('e1'), zhao, id, 'done')).kind).toBe('not-allowed')
    expect((await answerTerm(ctx, act('e2'), li, id, 'done')).kind).toBe('answered')
    expect((await answerTerm(ctx, act('e2'), li, id, 'done')).kind).toBe('answered')
    expect(await answerTerm(ctx, act('e3'), hr, id, 'done')).toMatchObject({ kind: 'already', by: 'li' })
    const before = await keys()
    clock.set('2026-12-04T10:00:00+08:00')
    await tellTerms(ctx, 'job')
    expect(await keys()).toEqual(before)
    await ctx.personal.takeIn('zhao', { contractEndsOn: '2026-12-20' }, 'hr')
    await tellTerms(ctx, 'job')
    expect((await keys()).filter((k) => k.includes('2026-12-20'))).toHaveLength(2)
  })
  test('on a day off nobody is told', async () => {
    clock.set('2026-11-28T10:00:00+08:00')
    await ctx.personal.takeIn('zhao', { contractEndsOn: '2026-12-05' }, 'hr')
    await tellTerms(ctx, 'job')
    expect(await keys()).toEqual([])
  })
})

test('what HR is told about the contacts is told once, and again when something is new', async () => {
  await ctx.people.save(person('hr', { roles: ['hr', 'gm'] }))
  await ctx.people.save(person('zhao'))
  expect(await newsForHr(ctx)).toMatchObject({ any: true })
  expect(await contactsReport(ctx, new Date(0))).toContain('zhao没有直属上级')
  await noteTold(ctx, clock.now())
  expect((await newsForHr(ctx)).any).toBe(false)
  clock.set('2026-11-26T10:00:00+08:00')
  await ctx.contacts.note([{ key: 'name/x', text: '某某的姓名变更' }], clock.now())
  const { any, since } = await newsForHr(ctx)
  expect(any).toBe(true)
  expect(await contactsReport(ctx, since)).toContain('某某的姓名变更')
})

test('data is kept as long as the settings say: both sides of each boundary', async () => {
  await ctx.people.save(person('stays'))
  await ctx.people.save(person('left30', { active: false, leftOn: '2026-10-26' }))
  await ctx.people.save(person('left29', { active: false, leftOn: '2026-10-27' }))
  await ctx.people.save(person('long', { active: false, leftOn: '2023-11-25', wecom: 'x' }))
  await ctx.people.save(person('longer', { active: false, leftOn: '2023-11-24', wecom: 'y' }))
  for (const id of ['stays', 'left30', 'left29']) await ctx.personal.set(id, { wishes: 'private' })
  const talk = {
    personId: 'stays',
    occasion: 'yearly' as const,
    by: 'hr',
    summary: '',
    proposals: [],
    passedTo: [],
    at: clock.now(),
  }
  await ctx.hrTalks.add({ ...talk, _id: 't1', heldOn: '2023-11-24' })
  await ctx.hrTalks.add({ ...talk, _id: 't2', heldOn: '2023-11-25' })
  for (const week of ['2023-W46', '2023-W47'])
    await ctx.weeks.model.create({ _id: `stays/${week}`, personId: 'stays', week })
  const monthly = [ctx.results.model, ctx.behaviours.model, ctx.monthInputs.model, ctx.appeals.model] as never[]
  for (const model of monthly as (typeof ctx.results.model)[])
    for (const month of ['2023-10', '2023-11'])
      await model.create({ _id: `stays/${month}`, personId: 'stays', month } as never)
  for (const month of ['2023-10', '2023-11']) await ctx.rules.keep(month, 'v1', '{}')
  const round = (period: string, closesAt: string) => ({
    ...{
      _id: `s/${period}`,
      surveyId: 's',
      period,
      survey: {},
      closesAt: new Date(closesAt),
      state: 'closed' as const,
    },
    ...{ opensAt: new Date(closesAt), diners: 1, asked: 1, rev: 1, applied: [] },
  })
  for (const [period, at] of [
    ['old', '2023-11-24T10:00:00+08:00'],
    ['new', '2023-11-26T10:00:00+08:00'],
  ] as const) {
    await ctx.surveyRounds.create(round(period, at) as never)
    await ctx.surveyRounds.ask(`s/${period}`, ['stays'])
    await ctx.surveyResults.saveNamed(`s/${period}`, [{ person: 'stays', answers: { stars: {}, choices: {} } }])
    await ctx.surveyResults.commentModel.create({ _id: `s/${period}/0`, round: `s/${period}`, texts: ['汤太咸'] })
  }
  for (const endsOn of ['2023-11-24', '2023-11-25']) await ctx.terms.open('contract', 'stays', endsOn, clock.now())
  for (const id of ['stays', 'longer']) {
    await ctx.positions.note('2020-01-01', [{ _id: id, position: '助理' }])
    const doubt = { platform: 'wecom' as const, userId: id, name: id, departments: [], candidates: [] }
    await ctx.contacts.open({ ...doubt, _id: `wecom/${id}` } as never, id, clock.now())
  }
  for (const at of ['2021-11-24T23:59:59.999+08:00', '2021-11-25T00:00:00+08:00'])
    await ctx.audit.add({ _id: at, at: new Date(at), by: 'hr', what: 'x', to: 'person/stays' })
  clock.set('2026-11-26T00:10:00+08:00')
  await keepNoLonger(ctx, '2026-11-25')
  await keepNoLonger(ctx, '2026-11-25')
  expect((await ctx.personal.model.find().sort({ _id: 1 }).lean()).map((p) => p._id)).toEqual([
    'left29',
    'left30',
    'stays',
  ])
  await keepNoLonger(ctx, '2026-11-26')
  expect((await ctx.personal.model.find().sort({ _id: 1 }).lean()).map((p) => p._id)).toEqual(['left29', 'stays'])
  expect((await ctx.hrTalks.model.find().lean()).map((t) => t._id)).toEqual([])
  expect((await ctx.weeks.model.find().lean()).map((w) => w._id)).toEqual(['stays/2023-W47'])
  for (const model of monthly as (typeof ctx.results.model)[])
    expect((await model.find().lean()).map((r) => r._id)).toEqual(['stays/2023-11'])
  expect((await ctx.rules.model.find().lean()).map((r) => r._id)).toEqual(['2023-11/v1'])
  expect(await ctx.surveyRounds.roundsAsking('stays')).toEqual(['s/new'])
  expect(await ctx.surveyResults.named('s/old')).toEqual([])
  expect(await ctx.surveyResults.named('s/new')).toHaveLength(1)
  expect([await ctx.surveyResults.comments('s/old'), await ctx.surveyResults.comments('s/new')]).toEqual([
    [],
    ['汤太咸'],
  ])
  expect((await ctx.terms.model.find().lean()).map((t) => t.endsOn)).toEqual([])
  expect((await ctx.positions.model.find().lean()).map((p) => p._id)).toEqual(['stays'])
  expect((await ctx.contacts.doubts.find().lean()).map((d) => d._id)).toEqual(['wecom/stays'])
  expect(await ctx.people.get('longer')).toMatchObject({ name: '已离职员工', active: false })
  expect((await ctx.people.get('longer'))?.wecom).toBeUndefined()
  const line = await ctx.audit.model.findById('retention/2026-11-25').lean()
  expect(line?.detail).toMatchObject({ talks: 1, terms: 1, audit: 1 })
  // The second of the two went on the day after.
  expect(await ctx.audit.model.countDocuments({ by: 'hr' })).toBe(0)
})

test('a holiday year that was confirmed moves the columns of its week at once', async () => {
  const columns = momentJobs.find((j) => j.name === 'columns')!
  expect(columns.times('2027-10-01', ctx)).toHaveLength(0)
  expect(columns.times('2027-10-08', ctx)).toHaveLength(1)
  const days = [{ name: '国庆节', date: '2027-10-09', isOffDay: false }]
  await ctx.holidays.put({ year: 2027, days }, 'hr', clock.now())
  await ctx.holidays.refresh()
  expect(columns.times('2027-10-08', ctx)).toHaveLength(0)
  expect(columns.times('2027-10-09', ctx)).toHaveLength(1)
})

test('somebody who left has nothing written for them, whenever it was to be', async () => {
  const may = { calendar: 'solar' as const, month: 11, day: 25 }
  await ctx.people.save(person('zhao', { active: false, leftOn: '2026-11-24' }))
  await ctx.people.save(person('qian', { joinedOn: '2020-01-01' }))
  for (const id of ['zhao', 'qian']) await ctx.personal.takeIn(id, { birthday: { birthday: may } }, 'hr')
  for (let i = 0; i < 3; i++) await sendMoments(ctx, '2026-11-25', ['wish', 'welcome'], '09:00', 'x')
  expect(await keys()).toEqual(['birthday/qian/solar/2026'])
})

test('those who share a day get different words, whichever kind of wish it is', async () => {
  const may = { calendar: 'solar' as const, month: 11, day: 25 }
  for (let i = 0; i < 9; i++) {
    const isBirthday = i % 3 !== 0
    await ctx.people.save(
      person(`p${i}`, { name: '员工', wecom: `u${i}`, ...(i % 3 !== 1 && { joinedOn: '2020-11-25' }) }),
    )
    if (isBirthday) await ctx.personal.takeIn(`p${i}`, { birthday: { birthday: may } }, 'hr')
  }
  await sendMoments(ctx, '2026-11-25', ['wish'], '09:00', 'x')
  await ctx.outbox.idle()
  const said = arrived.map((d) => (d.message as { text?: string }).text)
  expect(said).toHaveLength(9)
  expect(new Set(said).size).toBe(9)
})

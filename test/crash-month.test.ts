import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerAppeal, decideAppeal, fileAppeal, registerAppeal } from '../handlers/month/appeal.ts'
import { decideAttendance, recordBehaviour, recordId, revokeBehaviour } from '../handlers/month/behaviour.ts'
import { decideCorrection, proposeCorrection } from '../handlers/month/correct.ts'
import { approveMonth, confirmTeam, teamMonth } from '../handlers/month/flow.ts'
import { giveChecklist } from '../handlers/month/inputs.ts'
import { monthJobs } from '../jobs/run-month.ts'
import { parseCompany } from '../src/company.ts'
import type { Act, Ctx } from '../src/context.ts'
import { saturdayOf } from '../src/domain/time.ts'
import { createLog } from '../src/log.ts'
import { createOutbox } from '../src/outbox/outbox.ts'
import { auditStore } from '../src/store/audit.ts'
import { connect, type Db, prepare } from '../src/store/connect.ts'
import { metaStore } from '../src/store/meta.ts'
import { momentStores } from '../src/store/moments.ts'
import { monthStores } from '../src/store/months.ts'
import { type Person, peopleStore } from '../src/store/people.ts'
import { surveyStores } from '../src/store/surveys.ts'
import { weekRowId, weekStore } from '../src/store/weeks.ts'
import { standingClock } from './clock.ts'
import { testDatabase } from './db.ts'
import { dieAt, dyingStores, isWrite, untilItLives } from './dying.ts'
import { monthYaml, novemberWeeks, startMonthWorld } from './month-world.ts'

/** The month's own jobs in a process that dies at each of its writes in turn. More people than are settled in one batch. */
const STAFF = 101
const clock = standingClock('2026-12-01T09:00:00+08:00')
const log = createLog('silent')
const company = parseCompany(monthYaml)

let database: Awaited<ReturnType<typeof testDatabase>>
let lives: Db
let dies: Db
let living: Ctx
let dying: Ctx
/** Writes of the dying process that its driver sent. */
let commands = 0
/** What a stand-in of the platform was given: to whom and what, however often. */
let arrived: string[] = []

function contextOn(db: Db): Ctx {
  const people = peopleStore(db)
  const sender = async () => async (row: { to: string; content: unknown }) => {
    arrived.push(`${row.to} ${JSON.stringify(row.content)}`)
    return { kind: 'sent', on: 'wecom' } as const
  }
  return {
    ...{ clock, log, company: () => company, people, platforms: {}, firstWeek: '2026-W44' },
    ...{ weeks: weekStore(db), meta: metaStore(db), audit: auditStore(db) },
    ...{ ...momentStores(db), ...surveyStores(db, 'secret'), ...monthStores(db) },
    outbox: createOutbox({ ...{ db, clock, log, sender }, owner: String(db.id) }),
  } as unknown as Ctx
}

const person = (id: string, n: number, more: Partial<Person>): Person => ({
  ...{ _id: id, name: `员工${n}`, jobNumber: String(n).padStart(4, '0'), position: '助理', departments: ['行政部'] },
  ...{ roles: [], wecom: id, joinedOn: '2020-03-02', nicknames: [], active: true, ...more },
})

beforeAll(async () => {
  database = await testDatabase()
  lives = await connect(database.uri)
  const watched = new URL(database.uri)
  watched.searchParams.set('monitorCommands', 'true')
  dies = await connect(watched.href)
  living = contextOn(lives)
  dying = contextOn(dies)
  await prepare(lives)
  dies.getClient().on('commandStarted', (event) => {
    if (isWrite(event)) commands++
  })
  // What it wrote others send: it is dead.
  await dying.outbox.stop()
  const boss = person('boss', 1, { position: '总经理', roles: ['gm'] })
  const heads = ['a', 'b', 'c'].map((h, i) => person(`head-${h}`, 2 + i, { managerId: 'boss', roles: i ? [] : ['hr'] }))
  const staff = Array.from({ length: STAFF }, (_, i) =>
    person(`p${String(i).padStart(3, '0')}`, 10 + i, { managerId: heads[i % 3]!._id }),
  )
  await lives.collection('people').insertMany([boss, ...heads, ...staff] as never[])
  const published = { by: 'system', at: new Date('2026-11-05T10:00:00+08:00') }
  await living.months.change('2026-10', 'history', (row) => ({
    row: { ...row, state: 'published', published, told: true },
    outcome: null,
  }))
  await lives.collection('weeks').insertMany(
    [...heads, ...staff].flatMap(({ _id, managerId }, i) =>
      novemberWeeks.map((week) => {
        const at = new Date(`${saturdayOf(week)}T11:00:00+08:00`)
        const text = '日常工作'
        return {
          ...{
            _id: weekRowId(_id, week) as never,
            personId: _id,
            week,
            pastScores: [],
            notes: [],
            rev: 1,
            applied: [],
          },
          submissions: [{ at, content: { plan: [{ text, kind: 'routine', points: 100 }] } }],
          score: { points: [70 + (i % 30)], planned: [{ text, points: 100 }], deductions: [], by: managerId, at },
        }
      }),
    ),
  )
}, 60_000)
afterAll(async () => {
  await living.outbox.stop()
  await dies.close()
  await lives.close()
  await database.stop()
})

const KEPT = ['results', 'months', 'audit', 'outbox'] as const
type Rows = Record<(typeof KEPT)[number], { _id: string; [field: string]: unknown }[]>
const read = async (): Promise<Rows> =>
  Object.fromEntries(
    await Promise.all(KEPT.map(async (c) => [c, await lives.collection(c).find().sort({ _id: 1 }).toArray()])),
  )

async function restore(rows: Rows): Promise<void> {
  await living.outbox.idle()
  for (const c of KEPT) {
    await lives.collection(c).deleteMany({})
    if (rows[c].length > 0) await lives.collection(c).insertMany(rows[c] as never[])
  }
  arrived = []
}

/** What is there in the end, byte by byte; of messages what they are and not when they went, of a settlement not what each run wrote. */
const bytes = ({ results, months, audit, outbox }: Rows): string[] =>
  [
    ...[...results, ...months, ...audit.filter((l) => l.what !== 'month-settled')],
    ...outbox.map(({ _id, to, content, mode, cause, state }) => ({ _id, to, content, mode, cause, state })),
  ].map((row) => JSON.stringify(row))

async function sendAll(): Promise<void> {
  living.outbox.sweep()
  await living.outbox.idle()
}

const job = (name: string) => monthJobs.find((j) => j.name === name)!
const runOn = (name: string, at: string) => (ctx: Ctx) => {
  clock.set(at)
  return job(name).run(new Date(at), ctx)
}

const without = (some: string[], others: string[]): string[] => {
  const known = new Set(others)
  return some.filter((row) => !known.has(row)).slice(0, 3)
}

/** Runs once through, then again and again with a death at each write, each time followed by the run that takes over and the next day's. */
async function diesEverywhere(
  run: (ctx: Ctx) => Promise<void>,
  nextDay: (ctx: Ctx) => Promise<void> = async () => {},
): Promise<{ deaths: number; rows: Rows }> {
  const before = await read()
  const runThrough = async () => {
    await run(living)
    await sendAll()
    await nextDay(living)
    await sendAll()
  }
  await restore(before)
  await runThrough()
  const rows = await read()
  const through = { bytes: bytes(rows), arrived: [...arrived].sort() }
  expect(new Set(arrived).size).toBe(arrived.length)
  let deaths = 0
  for (const when of ['before', 'halfway'] as const)
    for (let at = 0, died = true; died; at++) {
      await restore(before)
      const { writes } = dieAt(dies, at, when)
      commands = 0
      died = await run(dying).then(
        () => false,
        (error) => /killed/.test(String(error)) || Promise.reject(error),
      )
      if (died) deaths++
      // It lived: every write that reached the database could have been the last.
      else if (when === 'before') expect([at, commands]).toEqual([writes(), at])
      await sendAll()
      // Nobody sees a month that is half there.
      if ((await living.months.get('2026-11')).state !== 'published')
        expect(await living.results.model.countDocuments({ month: '2026-11', state: 'published' })).toBe(0)
      await runThrough()
      const there = bytes(await read())
      expect([when, at, without(there, through.bytes), without(through.bytes, there)]).toEqual([when, at, [], []])
      expect([when, at, arrived.sort()]).toEqual([when, at, through.arrived])
    }
  await restore(rows)
  arrived = through.arrived
  return { deaths, rows }
}

test('a settlement that is cut off at any of its writes and run again gives the same bytes, and no message twice', async () => {
  const first = await diesEverywhere(runOn('settle-month', '2026-12-01T09:00:00+08:00'))
  expect(first.rows.results.map((r) => r.state)).toEqual(Array(STAFF + 3).fill('draft'))
  expect(first.deaths).toBeGreaterThan(8)
  // Over drafts of which half have changed, and one is of somebody who had left before the month.
  const rescored = { week: '2026-W47', personId: /[02468]$/ }
  await lives.collection('weeks').updateMany(rescored, { $set: { 'score.points': [50] } })
  await lives.collection('people').updateOne({ _id: 'p001' as never }, { $set: { leftOn: '2026-10-31' } })
  const second = await diesEverywhere(runOn('settle-month', '2026-12-02T09:00:00+08:00'))
  expect(second.rows.results.map((r) => r.rev).sort()).toEqual([...Array(52).fill(1), ...Array(51).fill(2)])
  expect(second.deaths).toBeGreaterThan(10)
}, 60_000)

test('a publication that is cut off at any of its writes and run again shows everybody the same, and tells nobody twice', async () => {
  const deed = { by: 'boss', at: new Date('2026-12-03T10:00:00+08:00') }
  await living.results.model.updateMany({ month: '2026-11' }, { $set: { state: 'confirmed', confirmed: deed } })
  await living.months.change('2026-11', 'approved', (m) => ({
    row: { ...m, state: 'approved', approved: deed },
    outcome: null,
  }))
  const { deaths, rows } = await diesEverywhere(
    runOn('publish-month', '2026-12-07T10:00:00+08:00'),
    runOn('publish-month', '2026-12-08T10:00:00+08:00'),
  )
  expect(rows.results.map((r) => r.state)).toEqual(Array(STAFF + 2).fill('published'))
  expect(arrived.filter((m) => m.includes('result-published'))).toHaveLength(STAFF + 2)
  expect(rows.audit.filter((l) => l.what === 'month-published')).toHaveLength(1)
  expect(deaths).toBeGreaterThan(8)
}, 60_000)

test('a process that dies anywhere in what people do about a month, and the same again: done, told and audited once', async () => {
  const world = await startMonthWorld()
  try {
    const { ctx } = world.bot()
    const who: Record<string, Person> = {}
    for (const id of ['wang', 'li', 'zhao', 'qian', 'sun', 'zhou'])
      who[id] = (await ctx.people.get(await world.idOf(id)))!
    const { wang, li, zhao, qian, sun, zhou } = who as Record<'wang' | 'li' | 'zhao' | 'qian' | 'sun' | 'zhou', Person>
    for (const week of novemberWeeks) for (const id of ['zhao', 'qian', 'li', 'zhou']) await world.scored(id, week, 90)
    await giveChecklist(ctx, { id: 'sheet', at: world.clock.now() }, qian, sun, '2026-11', Array(6).fill('10'))
    const month = '2026-11'
    const late = { caseId: 'meeting-late', points: '-2', times: 1, day: '2026-11-24', facts: '周会迟到' }
    const absent = { caseId: 'attendance', points: '-3', times: 1, day: '2026-11-25', facts: '早退' }
    const digests = new Map<string, string>()
    const shown = async (judge: Person) => {
      digests.set(judge._id, (await teamMonth(ctx, judge._id, month, world.clock.now())).digest)
    }
    const confirm = (judge: Person) => (c: Ctx, a: Act) =>
      confirmTeam(c, a, judge, judge._id, month, digests.get(judge._id)!)
    const record = (of: string) => recordId(`act ${of}`)
    const lateAppeal = `behaviour/${record('recorded')}`
    const resultAppeal = `result/${sun._id}/${month}/1`
    const about = { kind: 'result' as const, version: 1 }
    const rowOfSun = `${sun._id}/${month}`
    const proposal = async () => (await ctx.results.get(rowOfSun))!.proposal!.id
    let waiting = ''
    type Step = {
      what: string
      at?: string
      before?: () => Promise<unknown>
      run(c: Ctx, a: Act): Promise<unknown>
      /** Beginnings of the keys of messages, each with how many there are. */
      told: Record<string, number>
      audited: string[]
    }
    const steps: Step[] = [
      {
        what: 'recorded',
        run: (c, a) => recordBehaviour(c, a, li, zhao, late),
        told: { [`behaviour/${record('recorded')}`]: 1 },
        audited: ['behaviour-recorded'],
      },
      {
        what: 'attendance',
        run: (c, a) => recordBehaviour(c, a, zhou, zhao, absent),
        told: { [`attendance/${record('attendance')}`]: 1, [`behaviour/${record('attendance')}`]: 0 },
        audited: ['behaviour-recorded'],
      },
      {
        what: 'attendance confirmed',
        run: (c, a) => decideAttendance(c, a, li, record('attendance'), true),
        told: { [`behaviour/${record('attendance')}`]: 1 },
        audited: ['attendance-confirmed'],
      },
      {
        what: 'revoked',
        run: (c, a) => revokeBehaviour(c, a, zhou, record('attendance'), '已请假'),
        told: { [`behaviour-revoked/${record('attendance')}`]: 1 },
        audited: ['behaviour-revoked'],
      },
      {
        what: 'appeal filed',
        at: '2026-12-01T10:00:00+08:00',
        run: (c, a) => fileAppeal(c, a, zhao, month, { kind: 'behaviour', recordId: record('recorded') }, '会议取消'),
        told: { [`appeal-filed/${lateAppeal}/`]: 1 },
        audited: ['appeal-filed'],
      },
      {
        what: 'registered',
        run: (c, a) => registerAppeal(c, a, zhou, lateAppeal),
        told: { [`appeal-step/${lateAppeal}/registered`]: 1, [`appeal-answer/${lateAppeal}/`]: 1 },
        audited: ['appeal-registered'],
      },
      {
        what: 'answered',
        run: (c, a) => answerAppeal(c, a, li, lateAppeal, '确实取消'),
        told: { [`appeal-step/${lateAppeal}/answered`]: 1, [`appeal-decide/${lateAppeal}/`]: 1 },
        audited: ['appeal-answered'],
      },
      {
        what: 'team confirmed',
        before: () => shown(li),
        run: confirm(li),
        told: {},
        audited: ['team-confirmed'],
      },
      {
        what: 'accepted before publication',
        run: (c, a) => decideAppeal(c, a, zhou, lateAppeal, { accepted: true, text: '会议取消' }),
        told: {
          [`appeal-step/${lateAppeal}/decided`]: 1,
          [`behaviour-revoked/${record('recorded')}`]: 1,
          'result-reopened/': 1,
        },
        audited: ['appeal-decided', 'behaviour-revoked', 'result-reopened'],
      },
      { what: 'captain', before: () => shown(qian), run: confirm(qian), told: {}, audited: ['team-confirmed'] },
      { what: 'head', before: () => shown(wang), run: confirm(wang), told: {}, audited: ['team-confirmed'] },
      {
        what: 'team confirmed again',
        before: () => shown(li),
        run: confirm(li),
        told: { [`approval/${month}/`]: 1 },
        audited: ['team-confirmed'],
      },
      { what: 'approved', run: (c, a) => approveMonth(c, a, wang, month), told: {}, audited: ['month-approved'] },
      {
        what: 'result appealed',
        at: '2026-12-07T10:01:00+08:00',
        run: (c, a) => fileAppeal(c, a, sun, month, about, '漏评一项'),
        told: { [`appeal-filed/${resultAppeal}/`]: 1 },
        audited: ['appeal-filed'],
      },
      {
        what: 'result registered',
        run: (c, a) => registerAppeal(c, a, zhou, resultAppeal),
        told: { [`appeal-answer/${resultAppeal}/`]: 1 },
        audited: ['appeal-registered'],
      },
      {
        what: 'result answered',
        run: (c, a) => answerAppeal(c, a, qian, resultAppeal, '确实漏评'),
        told: { [`appeal-decide/${resultAppeal}/answered/`]: 1 },
        audited: ['appeal-answered'],
      },
      {
        what: 'proposed',
        run: (c, a) => proposeCorrection(c, a, zhou, sun, month, { points: '1', why: '另一项' }),
        told: { [`correction/${rowOfSun}/`]: 1 },
        audited: ['correction-proposed'],
      },
      {
        what: 'proposal accepted',
        before: async () => (waiting = await proposal()),
        run: (c, a) => decideCorrection(c, a, wang, rowOfSun, waiting, true),
        told: {
          [`result/${month}/${sun._id}/`]: 2,
          [`correction-accepted/${rowOfSun}/`]: 1,
          [`appeal-decide/${resultAppeal}/corrected/`]: 1,
        },
        audited: ['correction-accepted'],
      },
      {
        what: 'accepted after publication',
        run: (c, a) => decideAppeal(c, a, zhou, resultAppeal, { accepted: true, text: '漏评', points: '2' }),
        told: { [`appeal-step/${resultAppeal}/decided`]: 1, [`correction/${rowOfSun}/`]: 2 },
        audited: ['appeal-decided', 'correction-proposed'],
      },
      {
        what: 'second accepted',
        before: async () => (waiting = await proposal()),
        run: (c, a) => decideCorrection(c, a, wang, rowOfSun, waiting, true),
        told: { [`result/${month}/${sun._id}/`]: 3, [`appeal-decide/${resultAppeal}/corrected/`]: 1 },
        audited: ['correction-accepted'],
      },
    ]
    const stores = ['appeals', 'results', 'months', 'monthInputs', 'behaviours', 'outbox', 'audit'] as const
    for (const { what, at, before, run, told, audited } of steps) {
      if (at) await world.jump(at)
      await before?.()
      const act = { id: `act ${what}`, at: world.clock.now() }
      const deaths = await untilItLives((n) => run(dyingStores(ctx, stores, n), act))
      expect([what, deaths > 1]).toEqual([what, true])
      const keys = (await ctx.outbox.model.find({}, { _id: 1 }).lean()).map((r) => r._id)
      const count = Object.keys(told).map((start) => [start, keys.filter((k) => k.startsWith(start)).length])
      expect([what, Object.fromEntries(count)]).toEqual([what, told])
      const lines = await ctx.audit.model.find({ _id: { $regex: `^${act.id}/` } }).lean()
      expect([what, lines.map((l) => l.what).sort()]).toEqual([what, audited.sort()])
    }
    const after = (await ctx.results.get(rowOfSun))!
    expect(after.versions.map((v) => v.result.shownTotal)).toEqual(['60.00', '61.00', '63.00'])
    expect((await ctx.monthInputs.get(rowOfSun))!.adjustments.map((a) => a.points)).toEqual(['1', '2'])
    expect((await ctx.results.get(`${zhao._id}/${month}`))!.versions[0]!.result.shownTotal).toBe('90.00')
  } finally {
    await world.stop()
  }
}, 120_000)

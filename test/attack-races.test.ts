import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { returnWeek, scoreWeek, withdrawScore } from '../handlers/weekly/judge.ts'
import type { Bot } from '../src/main.ts'
import { type Client, client, type PagesWorld, signIn, startPagesWorld } from './pages-world.ts'

/** Several who may decide, in the same moment, again and again: one decision each time, and everybody is told the truth. */
let world: PagesWorld
let li: Client
let wang: Client
beforeAll(async () => {
  world = await startPagesWorld()
  li = await signIn(world, 'li')
  wang = await signIn(world, 'wang')
  await world.handIn('zhao', '2026-11-27T11:00:00+08:00')
}, 60_000)
afterAll(() => world.stop())

/** `RACES=300` tries longer. */
const ROUNDS = Number(process.env.RACES ?? 18)

const week = () => `/api/score/${world.idOf('zhao')}/2026-W48`
const row = () => world.ctx.weeks.get(world.idOf('zhao'), '2026-W48')

const lines = async (what: string) =>
  world.ctx.audit.model.countDocuments({ what, to: `week/${world.idOf('zhao')}/2026-W48` })

test('two to ten scores by two who may, in one moment: one counts, the others read who was first', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const tries = Array.from({ length: 2 + (round % 9) }, (_, i) => ({
      by: i % 2 === 0 ? ('li' as const) : ('wang' as const),
      body: { requestId: randomUUID(), points: [i, 30, 50], deductions: [] },
    }))
    const answers = await Promise.all(tries.map(({ by, body }) => (by === 'li' ? li : wang).send('POST', week(), body)))
    const won = answers.flatMap(({ status }, i) => (status === 200 ? [i] : []))
    expect([round, won.length, answers.filter((a) => a.status === 409).length]).toEqual([round, 1, tries.length - 1])
    const winner = tries[won[0]!]!
    const { score } = await row()
    expect([score?.by, score?.points[0]]).toEqual([world.idOf(winner.by), winner.body.points[0]])
    const first = winner.by === 'li' ? '李静' : '王建国'
    for (const { status, body } of answers)
      if (status === 409) expect((body as { error: { message: string } }).error.message).toContain(first)
    // The winner's own try again finds its own decision.
    expect((await (winner.by === 'li' ? li : wang).send('POST', week(), winner.body)).status).toBe(200)
    const back = { requestId: randomUUID() }
    expect((await (winner.by === 'li' ? li : wang).send('POST', `${week()}/withdraw`, back)).status).toBe(200)
  }
  const { pastScores, score } = await row()
  expect([pastScores.length, score]).toEqual([ROUNDS, undefined])
})

test('a score and a sending back in one moment: one of the two, never both', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const scored = li.send('POST', week(), { requestId: randomUUID(), points: [20, 30, 50], deductions: [] })
    const returned = wang.send('POST', `${week()}/return`, { requestId: randomUUID(), reason: `请补充${round}` })
    const [a, b] = await Promise.all([scored, returned])
    const now = await row()
    // Sent back first, it may be scored all the same; scored first, it is not sent back any more.
    expect([round, a.status]).toEqual([round, 200])
    expect([200, 422]).toContain(b.status)
    if (b.status === 422) expect(now.returned?.reason).not.toBe(`请补充${round}`)
    expect(now.score?.points).toEqual([20, 30, 50])
    expect((await li.send('POST', `${week()}/withdraw`, { requestId: randomUUID() })).status).toBe(200)
  }
})

test('the audit has a line for each decision and none for those that were too late', async () => {
  expect([await lines('scored'), await lines('score-withdrawn')]).toEqual([2 * ROUNDS, 2 * ROUNDS])
})

test('a conflict at every write of a week, from handing in to the second score: the same in the end, and nobody is told more', async () => {
  const { ctx } = world
  const [qian, manager] = [await world.person('qian'), await world.person('li')]
  const at = (time: string) => new Date(`2026-11-27T${time}:00+08:00`)
  const points = (first: number) => ({ points: [first, 30, 50], deductions: [] })
  const live = async () => {
    await world.handIn('qian', '2026-11-27T11:00:00+08:00')
    await scoreWeek(ctx, { id: 'live/1', at: at('11:10') }, manager, qian, '2026-W48', points(11))
    await withdrawScore(ctx, { id: 'live/2', at: at('11:12') }, manager, qian, '2026-W48')
    await returnWeek(ctx, { id: 'live/3', at: at('11:20') }, manager, qian, '2026-W48', '请补充')
    await world.handIn('qian', '2026-11-27T11:30:00+08:00')
    await scoreWeek(ctx, { id: 'live/4', at: at('11:40') }, manager, qian, '2026-W48', points(12))
    await world.bot.idle()
    const { rev, applied, ...row } = await ctx.weeks.get(qian._id, '2026-W48')
    const told = await ctx.outbox.model
      .find({ to: { $in: [qian._id, manager._id] } }, { _id: 1 })
      .sort({ _id: 1 })
      .lean()
    return { row, events: applied.map((a) => a.event), told: told.map((t) => t._id), rev }
  }
  const { rev, ...smooth } = await live()
  expect(smooth.row).toMatchObject({ score: { points: [12, 30, 50] }, pastScores: [{ points: [11, 30, 50] }] })
  await ctx.weeks.model.deleteOne({ _id: smooth.row._id })

  const { collection } = ctx.weeks.model
  const native = ctx.weeks.model.db.db!
  const { bulkWrite } = Object.getPrototypeOf(collection)
  const { command } = Object.getPrototypeOf(native)
  let conflicts = 0
  let disturbed = false
  native.command = async (asked: { insert?: string; documents?: { personId: string; week: string }[] }, ...rest) => {
    for (const { personId, week } of asked.insert === 'weeks' ? asked.documents! : []) {
      const blank = { personId, week, submissions: [], pastScores: [], notes: [], rev: 1, applied: [] }
      conflicts++
      disturbed = true
      await collection.insertOne({ ...blank, _id: `${personId}/${week}` } as never)
    }
    return command.call(native, asked, ...rest)
  }
  collection.bulkWrite = async (changes: readonly object[], ...rest: unknown[]) => {
    const [{ replaceOne }] = changes as [{ replaceOne: { filter: { _id: unknown } } }]
    // The second try of each goes through.
    if (!disturbed) await collection.updateOne({ _id: replaceOne.filter._id as never }, { $inc: { rev: 1 } })
    if (!disturbed) conflicts++
    disturbed = !disturbed
    return bulkWrite.call(collection, changes, ...rest)
  }
  const { rev: bumped, ...rough } = await live()
  Object.assign(collection, { bulkWrite })
  Object.assign(native, { command })
  expect(rough).toEqual(smooth)
  expect([conflicts, bumped - rev]).toEqual([smooth.events.length, smooth.events.length])
})

describe('two replicas on one database', () => {
  let second: Bot
  let wangThere: Client
  beforeAll(async () => {
    second = await world.replica()
    await second.idle()
    wangThere = await client(second.url, wang.cookie)
  })
  afterAll(() => second.stop())

  /** Neither replica writes the sheet before both have read and decided. Returns how many have come so far. */
  function bothDecideFirst(): () => number {
    let waiting = 0
    let go = () => {}
    const both = new Promise<void>((done) => {
      go = done
    })
    for (const { weeks } of [world.ctx, second.ctx]) {
      const { collection } = weeks.model
      const { bulkWrite } = Object.getPrototypeOf(collection)
      let first = true
      collection.bulkWrite = async (...args: unknown[]) => {
        if (first) {
          first = false
          if (++waiting === 2) go()
          await both
        }
        return bulkWrite.apply(collection, args)
      }
    }
    return () => waiting
  }

  test('both decide on one sheet before either has written: one score counts, the other hears who was first', async () => {
    const rounds = Math.ceil(ROUNDS / 3)
    const before = (await row()).pastScores.length
    const noted = [await lines('scored'), await lines('score-withdrawn')]
    for (let round = 0; round < rounds; round++) {
      const body = (first: number) => ({ requestId: randomUUID(), points: [first, 30, 50], deductions: [] })
      const decided = bothDecideFirst()
      const answers = await Promise.all([li.send('POST', week(), body(11)), wangThere.send('POST', week(), body(12))])
      expect([round, decided(), answers.map((a) => a.status).sort()]).toEqual([round, 2, [200, 409]])
      const liWon = answers[0]!.status === 200
      const { score } = await second.ctx.weeks.get(world.idOf('zhao'), '2026-W48')
      expect([score?.by, score?.points[0]]).toEqual(liWon ? [world.idOf('li'), 11] : [world.idOf('wang'), 12])
      const late = answers[liWon ? 1 : 0]!.body as { error: { message: string } }
      expect(late.error.message).toContain(liWon ? '李静' : '王建国')
      const { status } = await (liWon ? li : wangThere).send('POST', `${week()}/withdraw`, { requestId: randomUUID() })
      expect(status).toBe(200)
    }
    expect((await row()).pastScores.length).toBe(before + rounds)
    expect([await lines('scored'), await lines('score-withdrawn')]).toEqual(noted.map((n) => n + rounds))
  })
})

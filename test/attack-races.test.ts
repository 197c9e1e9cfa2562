import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

describe('two replicas on one database', () => {
  let second: Bot
  let wangThere: Client
  beforeAll(async () => {
    second = await world.replica()
    await second.idle()
    wangThere = await client(second.url, wang.cookie)
  })
  afterAll(() => second.stop())

  /** Neither replica writes the sheet before both have read and decided. */
  function bothDecideFirst(): void {
    let waiting = 0
    let go = () => {}
    const both = new Promise<void>((done) => {
      go = done
    })
    for (const { weeks } of [world.ctx, second.ctx]) {
      const { collection } = weeks.model
      const { replaceOne } = Object.getPrototypeOf(collection)
      let first = true
      collection.replaceOne = async (...args: unknown[]) => {
        if (first) {
          first = false
          if (++waiting === 2) go()
          await both
        }
        return replaceOne.apply(collection, args)
      }
    }
  }

  test('both decide on one sheet before either has written: one score counts, the other hears who was first', async () => {
    const rounds = Math.ceil(ROUNDS / 3)
    const before = (await row()).pastScores.length
    const noted = [await lines('scored'), await lines('score-withdrawn')]
    for (let round = 0; round < rounds; round++) {
      const body = (first: number) => ({ requestId: randomUUID(), points: [first, 30, 50], deductions: [] })
      bothDecideFirst()
      const answers = await Promise.all([li.send('POST', week(), body(11)), wangThere.send('POST', week(), body(12))])
      expect([round, answers.map((a) => a.status).sort()]).toEqual([round, [200, 409]])
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

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { instantAt } from '../src/domain/time.ts'
import { createLog } from '../src/log.ts'
import { createSchedule, type Job, slotModel } from '../src/schedule/schedule.ts'
import type { Db } from '../src/store/connect.ts'
import { standingClock } from './clock.ts'
import { openTestDb } from './db.ts'

let database: { db: Db; stop(): Promise<void> }
beforeAll(async () => {
  database = await openTestDb()
})
afterAll(() => database.stop())
beforeEach(() => slotModel(database.db).deleteMany({}))

const zone = 'Asia/Shanghai'
const log = createLog('silent')
const HOUR = 3_600_000

function world(
  clock: ReturnType<typeof standingClock>,
  more: { owner?: string; leaseMs?: number; since?: string; run?: (slot: Date) => Promise<void> } = {},
) {
  const runs: string[] = []
  const job: Job<null> = {
    name: 'noon',
    about: 'test',
    catchUpMs: 3 * HOUR,
    times: (day) => [instantAt(day, '09:00', zone), instantAt(day, '12:00', zone)],
    async run(slot) {
      await more.run?.(slot)
      runs.push(slot.toISOString())
    },
  }
  const since = new Date(more.since ?? '2026-11-01T00:00:00+08:00')
  const schedule = createSchedule({
    db: database.db,
    clock,
    log,
    owner: more.owner ?? 'a',
    jobs: [job],
    ctx: null,
    zone: () => zone,
    since,
    ...(more.leaseMs && { leaseMs: more.leaseMs }),
  })
  return { schedule, runs }
}

const nine = '2026-11-28T01:00:00.000Z'
const noon = '2026-11-28T04:00:00.000Z'

test('a slot runs at its instant and once, not a second before', async () => {
  const clock = standingClock('2026-11-28T11:59:59+08:00')
  const { schedule, runs } = world(clock)
  await schedule.tick()
  expect(runs).toEqual([nine])
  clock.set('2026-11-28T12:00:00+08:00')
  await schedule.tick()
  await schedule.tick()
  expect(runs).toEqual([nine, noon])
})

test('what was missed is caught up while it still makes sense, and not when it is too old', async () => {
  const clock = standingClock('2026-11-28T12:30:00+08:00')
  const { schedule, runs } = world(clock)
  await schedule.tick()
  expect(runs).toEqual([noon])
})

test('slots from before the installation never run', async () => {
  const clock = standingClock('2026-11-28T12:00:00+08:00')
  const { schedule, runs } = world(clock, { since: '2026-11-28T11:00:00+08:00' })
  await schedule.tick()
  expect(runs).toEqual([noon])
})

test('five replicas run a slot once between them', async () => {
  const clock = standingClock('2026-11-28T12:00:00+08:00')
  const replicas = ['a', 'b', 'c', 'd', 'e'].map((owner) => world(clock, { owner }))
  await Promise.all(replicas.map((r) => r.schedule.tick()))
  expect(replicas.flatMap((r) => r.runs).sort()).toEqual([nine, noon])
})

test('a run whose process died is taken over when its lease is over', async () => {
  const clock = standingClock('2026-11-28T12:00:00+08:00')
  const dead = world(clock, { owner: 'dead', run: () => new Promise(() => {}) })
  void dead.schedule.tick()
  const { schedule, runs } = world(clock, { owner: 'living' })
  await expect.poll(async () => (await slotModel(database.db).countDocuments({ owner: 'dead' })) > 0).toBe(true)
  await schedule.tick()
  expect(runs).not.toContain(nine)
  // The dead process renews no more: its timer goes with it. Here it is the same process, so the lease is ended by hand.
  await slotModel(database.db).updateMany({ owner: 'dead' }, { $set: { leaseUntil: 0, owner: 'gone' } })
  await schedule.tick()
  expect(runs).toContain(nine)
})

test('a failing job is tried again with growing waits and given up after five tries', async () => {
  const clock = standingClock('2026-11-28T09:00:00+08:00')
  let tries = 0
  const { schedule } = world(clock, {
    run: async () => {
      tries++
      throw new Error('the platform is down')
    },
  })
  for (let i = 0; i < 8; i++) {
    await schedule.tick()
    await slotModel(database.db).updateMany({}, { $set: { leaseUntil: 0 } })
  }
  expect(tries).toBe(5)
  const [row] = await schedule.lastRuns('noon')
  expect(row).toMatchObject({ state: 'failed', error: 'the platform is down', tries: 5 })
})

test('a stop waits for the run under way and begins no other; what is left runs elsewhere', async () => {
  const clock = standingClock('2026-11-28T12:00:00+08:00')
  let open = () => {}
  const gate = new Promise<void>((done) => {
    open = done
  })
  let begun = 0
  const first = world(clock, {
    run: () => {
      begun++
      return gate
    },
  })
  const ticking = first.schedule.tick()
  await expect.poll(() => begun).toBe(1)
  const stopping = first.schedule.stop()
  open()
  await Promise.all([ticking, stopping])
  expect(first.runs).toEqual([nine])
  const second = world(clock, { owner: 'b' })
  await second.schedule.tick()
  expect(second.runs).toEqual([noon])
})

test('the list of what is to come runs nothing', async () => {
  const clock = standingClock('2026-11-28T12:00:00+08:00')
  const { schedule, runs } = world(clock)
  expect(schedule.slots('2026-11-28', '2026-11-29').map((s) => s.at.toISOString())).toHaveLength(4)
  expect(runs).toEqual([])
})

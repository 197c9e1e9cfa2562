import { afterEach, expect, test } from 'vitest'
import { crowd, killing, type ProcessWorld, startProcesses, until } from './process.ts'

let world: ProcessWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

const yaml = `name: 测试公司
positions: { '*': 周计划, 总经理: 不考核 }
schemes: { 周计划: { kind: weekly }, 不考核: { kind: none } }
moments: { askBirthday: false }
`
const people = crowd(300)
/**
 * In use for weeks, but its people were never read: they are while the first reminder falls due, and it waits for that, or
 * those who were not read yet would have none.
 */
const unread = async (db: ProcessWorld['db']) => {
  await db.collection('meta').insertOne({ _id: 'started' as never, value: '2026-11-02T00:00:00.000Z' })
}
const slotsOf = (w: ProcessWorld) => w.db.collection('slots').find({ job: 'remind-weekly-plan-first' }).toArray()
const allTold = async (w: ProcessWorld) =>
  (await slotsOf(w)).some((s) => s.state === 'done') &&
  (await w.db.collection('outbox').countDocuments({ state: 'pending' })) === 0

test('three processes with wrong clocks, killed at random during a push: everybody has the reminder, nobody has it twice', async () => {
  // Four seconds before the first reminder of the week; one clock is fast, one slow, by less than the platform's tolerance.
  world = await startProcesses({
    ...{ at: '2026-11-20T15:59:56+08:00', people, yaml, prepare: unread, seed: 7 },
    skews: [0, 1_500, -1_500],
  })
  const w = world
  w.wecom.faults.only = /message\/send/
  w.wecom.faults.slowMs = 30
  w.wecom.faults.resetAfterShare = 0.03
  w.wecom.faults.busyShare = 0.02
  const reminders = (userId: string) => w.wecom.chat(userId).filter((m) => m.from === 'bot' && m.kind === 'card')
  const staff = people.slice(1).map((p) => p.userId)
  await until('the push has begun', () => staff.some((u) => reminders(u).length > 0), 90_000)
  const kills = await killing(w, { seed: 7, kills: 3, everyMs: [100, 500], until: () => false })
  await until('everything is sent', () => allTold(w), 180_000)
  expect(kills).toBe(3)
  const seen = staff.map((u) => [u, ...reminders(u).map((m) => m.card?.title)])
  expect(seen.filter((s) => s.length !== 2)).toEqual([])
  expect(await w.db.collection('outbox').countDocuments({ state: 'failed' })).toBe(0)
  expect((await slotsOf(w)).map((s) => [s.state, s.at.toISOString()])).toEqual([['done', '2026-11-20T08:00:00.000Z']])
}, 400_000)

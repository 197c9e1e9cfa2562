import { setTimeout as sleep } from 'node:timers/promises'
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
const plan = '周计划\n1. 采购对账 30分\n2. 考勤统计 20分'
const inUse = async (db: ProcessWorld['db']) => {
  await db.collection('meta').insertOne({ _id: 'started' as never, value: '2026-11-16T00:00:00.000Z' })
}
const start = (size: number) =>
  startProcesses({ at: '2026-11-20T10:00:00+08:00', people: crowd(size), yaml, prepare: inUse, seed: 11 })

const cardsOf = (w: ProcessWorld, userId: string) =>
  w.wecom.chat(userId).filter((m) => m.from === 'bot' && m.kind === 'card')
const draftOf = (w: ProcessWorld, userId: string) =>
  cardsOf(w, userId).find((m) => m.card?.buttons.some((b) => b.text === '提交'))
const done = async (w: ProcessWorld) =>
  (await w.db.collection('inbox').countDocuments({ state: 'new' })) === 0 &&
  (await w.db.collection('outbox').countDocuments({ state: 'pending' })) === 0

async function submit(w: ProcessWorld, userId: string): Promise<void> {
  const draft = draftOf(w, userId)!
  const key = draft.card!.buttons.find((b) => b.text === '提交')!.key!
  await w.wecom.tap(userId, draft.id, key)
}

/** Everything the platform was told was taken in, against what is stored. */
async function expectNothingLost(w: ProcessWorld, staff: string[]): Promise<void> {
  const taken = w.wecom.callbacks.filter((c) => c.acknowledged)
  expect(taken.length).toBe(w.wecom.callbacks.length)
  expect(await w.db.collection('inbox').countDocuments({})).toBe(taken.length)
  const clicks = new Map(
    taken.filter((c) => c.fields.TaskId).map((c) => [String(c.fields.FromUserName), Number(c.fields.CreateTime)]),
  )
  const people = new Map((await w.db.collection('people').find().toArray()).map((p) => [p.wecom, String(p._id)]))
  const weeks = await w.db.collection('weeks').find().toArray()
  for (const userId of staff) {
    const handedIn = weeks.filter((row) => row.personId === people.get(userId)).flatMap((row) => row.submissions)
    // To the second of the click, whatever was killed between it and its effect.
    expect([userId, handedIn.map((s) => s.at.getTime() / 1000)]).toEqual([userId, [clicks.get(userId)]])
    // The draft's card, and its last face; nothing was said twice.
    expect([userId, cardsOf(w, userId).length]).toEqual([userId, 1])
  }
}

test('three processes killed at random while people hand in: nothing that was acknowledged is lost, nothing counts twice', async () => {
  world = await start(40)
  const w = world
  const staff = crowd(40)
    .slice(1)
    .map((p) => p.userId)
  const stroll = async (i: number, act: () => Promise<void>) => {
    await sleep(i * 60)
    await act()
  }
  const typing = Promise.all(staff.map((u, i) => stroll(i, () => w.wecom.type(u, plan))))
  let kills = await killing(w, { seed: 3, kills: 1, everyMs: [300, 900], until: () => false })
  await typing
  await until('every draft is shown', () => staff.every((u) => draftOf(w, u)), 120_000)
  const tapping = Promise.all(staff.map((u, i) => stroll(i, () => submit(w, u))))
  kills += await killing(w, { seed: 5, kills: 2, everyMs: [300, 700], until: () => false })
  await tapping
  await until('everything is worked off', () => done(w), 120_000)
  expect(kills).toBe(3)
  await expectNothingLost(w, staff)
}, 400_000)

test('a rolling restart under load: every process ends by itself, nothing is refused for good or lost', async () => {
  world = await start(30)
  const w = world
  const staff = crowd(30)
    .slice(1)
    .map((p) => p.userId)
  await Promise.all(staff.map((u) => w.wecom.type(u, plan)))
  await until('every draft is shown', () => staff.every((u) => draftOf(w, u)), 120_000)
  const tapping = Promise.all(staff.map((u, i) => sleep(i * 100).then(() => submit(w, u))))
  for (const r of w.replicas) {
    const from = performance.now()
    await r.signal('SIGTERM')
    expect([r.exitCode, performance.now() - from < 10_000]).toEqual([0, true])
    await r.start()
  }
  await tapping
  await until('everything is worked off', () => done(w), 90_000)
  await expectNothingLost(w, staff)
}, 400_000)

test('a process frozen in the middle of a push is relieved, and sends nothing again when it wakes up', async () => {
  const people = crowd(200)
  const staff = people.slice(1).map((p) => p.userId)
  world = await startProcesses({ at: '2026-11-20T15:59:57+08:00', people, yaml, prepare: inUse, seed: 13 })
  const w = world
  w.wecom.faults.only = /message\/send/
  w.wecom.faults.slowMs = 200
  await until('the push has begun', () => staff.some((u) => cardsOf(w, u).length > 0), 90_000)
  const holder = (await w.db.collection('outbox').findOne({ state: 'pending', owner: { $exists: true } }))?.owner
  const frozen = w.replicas.find((r) => String(holder).startsWith(`${r.pid}-`))!
  await frozen.signal('SIGSTOP')
  await until('the others have sent the rest', () => staff.every((u) => cardsOf(w, u).length === 1), 90_000)
  const before = w.wecom.log.filter((e) => e.path.endsWith('/message/send')).length
  await frozen.signal('SIGCONT')
  await until('everything is recorded', () => done(w), 60_000)
  await sleep(1_000)
  const after = w.wecom.log.filter((e) => e.path.endsWith('/message/send')).length
  // What was on its way when it froze may go on arriving; the platform knows it by its id. Nothing of the queue follows.
  expect(after - before).toBeLessThanOrEqual(48)
  expect(staff.filter((u) => cardsOf(w, u).length !== 1)).toEqual([])
}, 400_000)

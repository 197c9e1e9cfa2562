import { mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/clock.ts'
import { createLog } from '../../src/log.ts'
import { createOutbox } from '../../src/outbox/outbox.ts'
import { crowd, killing, type ProcessWorld, startProcesses, until } from '../../test/process.ts'

const yaml = `name: 测试公司
positions: { '*': 周计划, 总经理: 不考核 }
schemes: { 周计划: { kind: weekly }, 不考核: { kind: none } }
quiet: { mostPerDay: 100 }
moments: { askBirthday: false }
`
const plan = '周计划\n1. 采购对账 30分\n2. 考勤统计 20分'
/** People who hand in while everything dies around them. */
const WRITERS = 100

/**
 * Three processes of the service on the embedded database, killed with -9 at random instants 0.05 to 2 s apart, while pushes go
 * to everybody one after another, people hand in, and the platform fails in every way that leaves a caller in doubt
 * (reliability.md C1, C2, C4). What counts is what stands on the phones in the end. Prints and keeps the figures.
 */
export async function load(o: { kills: number; people: number; seed: number }): Promise<boolean> {
  const people = crowd(o.people)
  const staff = people.slice(1).map((p) => p.userId)
  const w = await startProcesses({
    ...{ at: '2026-11-20T10:00:00+08:00', people, yaml, seed: o.seed, retryDelayMs: 3_000 },
    async prepare(db) {
      await db.collection('meta').insertOne({ _id: 'started' as never, value: '2026-11-16T00:00:00.000Z' })
    },
  })
  const from = performance.now()
  const { faults, limits } = w.wecom
  faults.only = /message\/send|update_template_card/
  Object.assign(faults, { slowMs: 300, http500Share: 0.05, resetBeforeShare: 0.02, resetAfterShare: 0.02 })
  Object.assign(faults, { hangAfterShare: 0.005, busyShare: 0.02, rateLimitShare: 0.0005, tokenInvalidShare: 0.002 })
  limits.memberPerMinute = 1_000
  let ids = new Map<string, string>()
  await until(
    'the contacts are read',
    async () => {
      ids = new Map((await w.db.collection('people').find().toArray()).map((p) => [String(p.wecom), String(p._id)]))
      return ids.size > o.people
    },
    60_000,
  )
  // Only writes rows, as a job does; the processes send them.
  const writer = createOutbox({
    ...{ db: w.db, clock: { ...systemClock, now: w.now }, log: createLog('silent'), owner: 'bench' },
    sender: () => Promise.reject(new Error('sends nothing')),
  })
  await writer.stop()
  let pushes = 0
  const push = async () => {
    const n = pushes++
    const content = (u: string) => ({
      ...{ kind: 'card' as const, subject: `bench/${n}`, context: {} },
      card: { title: `通知 ${n}`, text: `给 ${u}` },
    })
    const rows = staff.map((u) => ({
      key: `bench/${n}/${u}`,
      to: ids.get(u)!,
      mode: 'push' as const,
      content: content(u),
    }))
    for (let i = 0; i < rows.length; i += 500) await again(() => writer.add(rows.slice(i, i + 500)))
  }
  const pending = () => again(() => w.db.collection('outbox').countDocuments({ state: 'pending' }))

  let over = false
  const pushing = (async () => {
    while (!over) {
      if ((await pending()) < o.people / 4) await push()
      await sleep(250)
    }
  })()
  const writers = staff.slice(0, WRITERS)
  const writing = Promise.all(writers.map((u, i) => sleep(i * 400).then(() => handIn(w, u))))
  const kills = await killing(w, { seed: o.seed, kills: o.kills, everyMs: [50, 2_000], until: () => false })
  over = true
  await pushing
  Object.assign(faults, { slowMs: 0, rateLimitShare: 0 })
  const handedIn = await writing
  const unacknowledged = w.wecom.callbacks.filter((c) => !c.acknowledged).length
  await until('everything is sent', async () => (await pending()) === 0, 600_000)
  await until(
    'everything is worked off',
    async () => (await again(() => w.db.collection('inbox').countDocuments({ state: 'new' }))) === 0,
    120_000,
  )

  const figures = await count(w, { staff, writers, pushes, ids })
  const result = {
    ...{
      kills,
      people: o.people,
      seed: o.seed,
      pushes,
      messages: pushes * o.people,
      handedIn: handedIn.length,
      unacknowledged,
    },
    ...figures,
    faults: faults.counts,
    seconds: Math.round((performance.now() - from) / 1000),
  }
  console.log(JSON.stringify(result, undefined, 2))
  mkdirSync('bench/results', { recursive: true })
  writeFileSync('bench/results/crash.json', `${JSON.stringify(result, undefined, 2)}\n`)
  await w.stop()
  return Object.values(figures).every((n) => n === 0)
}

/** Types a plan and presses the button under its draft; again when the platform gave up delivering it. */
async function handIn(w: ProcessWorld, userId: string): Promise<void> {
  const taken = async (act: () => Promise<void>) => {
    const mine = () => w.wecom.callbacks.filter((c) => c.fields.FromUserName === userId)
    for (let before = mine().length; ; ) {
      await act()
      if (
        mine()
          .slice(before)
          .some((c) => c.acknowledged)
      )
        return
      before = mine().length
    }
  }
  const draft = () => w.wecom.chat(userId).findLast((m) => m.card?.buttons.some((b) => b.text === '提交' && b.key))
  await taken(() => w.wecom.type(userId, plan))
  await until(`the draft of ${userId}`, () => draft() !== undefined, 300_000)
  const { id, card } = draft()!
  await taken(() => w.wecom.tap(userId, id, card!.buttons.find((b) => b.text === '提交')!.key!))
}

interface Expected {
  staff: string[]
  writers: string[]
  pushes: number
  ids: Map<string, string>
}

/** All of it should be zero. */
async function count(w: ProcessWorld, { staff, writers, pushes, ids }: Expected) {
  let missing = 0
  let double = 0
  for (const u of staff) {
    const seen = new Map<string, number>()
    for (const m of w.wecom.chat(u))
      if (m.card?.title.startsWith('通知 ')) seen.set(m.card.title, (seen.get(m.card.title) ?? 0) + 1)
    for (let n = 0; n < pushes; n++) {
      const times = seen.get(`通知 ${n}`) ?? 0
      if (times === 0) missing++
      if (times > 1) double++
    }
  }
  const stored = await w.db.collection('inbox').countDocuments({})
  const acknowledged = w.wecom.callbacks.filter((c) => c.acknowledged).length
  // A click that was not acknowledged may be stored all the same: then its instant counts.
  const clicked = (u: string) =>
    w.wecom.callbacks
      .filter((c) => c.fields.TaskId && c.fields.FromUserName === u)
      .map((c) => Number(c.fields.CreateTime))
  const rows = await w.db.collection('weeks').find().toArray()
  let submissionsWrong = 0
  let saidTwice = 0
  for (const u of writers) {
    const mine = rows.filter((r) => r.personId === ids.get(u)).flatMap((r) => r.submissions)
    if (mine.length !== 1 || !clicked(u).includes(mine[0].at.getTime() / 1000)) submissionsWrong++
    // One card for each text; a click that was repeated because nobody acknowledged it may be answered as a second one.
    const asked = w.wecom.callbacks.filter((c) => c.fields.FromUserName === u).length - 1
    const said = w.wecom.chat(u).filter((m) => m.from === 'bot' && !m.card?.title.startsWith('通知 ')).length
    if (said < 1 || said > asked) saidTwice++
  }
  return {
    ...{ missing, double, submissionsWrong, saidTwice },
    acknowledgedButNotStored: Math.max(0, acknowledged - stored),
    failedRows: await w.db.collection('outbox').countDocuments({ state: 'failed' }),
  }
}

/** While the database changes hands a call may fail. */
async function again<T>(call: () => Promise<T>): Promise<T> {
  for (let left = 20; ; left--) {
    try {
      return await call()
    } catch (error) {
      if (left === 0) throw error
      await sleep(250)
    }
  }
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbeddedMongo } from 'embedded-mongo'
import { handlers } from '../../handlers/index.ts'
import { countRound } from '../../handlers/survey/count.ts'
import { openRound } from '../../handlers/survey/round.ts'
import { notices } from '../../jobs/notices.ts'
import type { Clock } from '../../src/clock.ts'
import { parseCompany } from '../../src/company.ts'
import type { Ctx } from '../../src/context.ts'
import { canteenSurvey, EVERYBODY } from '../../src/domain/survey.ts'
import { createDispatch } from '../../src/inbox/dispatch.ts'
import { createInbox } from '../../src/inbox/inbox.ts'
import { createLog } from '../../src/log.ts'
import { backOffMs, createOutbox } from '../../src/outbox/outbox.ts'
import { createSender } from '../../src/outbox/sender.ts'
import type { Delivery, Incoming, Platform } from '../../src/platforms/port.ts'
import { createSeal } from '../../src/seal.ts'
import { auditStore } from '../../src/store/audit.ts'
import { cardStore } from '../../src/store/cards.ts'
import { connect, prepare } from '../../src/store/connect.ts'
import { metaStore } from '../../src/store/meta.ts'
import { peopleStore } from '../../src/store/people.ts'
import { surveyStores } from '../../src/store/surveys.ts'
import { talkStore } from '../../src/store/talks.ts'
import { weekStore } from '../../src/store/weeks.ts'

const AT = new Date('2026-11-20T03:30:00Z')
const clock: Clock = { now: () => new Date(AT), everyMinute: () => () => {} }
const SECRET = 'a-session-secret-of-thirty-two-or-more'
/** Taps that wait for their acknowledgement side by side, as a platform sends them. */
const AT_ONCE = 200
const LUNCH_SECONDS = 1800
/** WeCom's habits with a callback that nobody acknowledges. */
const REPEATS = 3
const REPEAT_AFTER_MS = 5_000

const now = () => performance.now()
const figures: Record<string, string> = {}
const line = (what: string, value: string) => {
  figures[what] = value
  console.log(`${what.padEnd(46)} ${value}`)
}
const share = (sorted: number[], part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!

/** Everything of the service but the platform's HTTP: inbox, dispatch, handlers, ballots, outbox, on the embedded database. */
export async function load(count: number): Promise<Record<string, string>> {
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-bench-'))
  const engine = await startEmbeddedMongo({ dir, dbName: 'jixiao' })
  const db = await connect(engine.uri)
  const log = createLog('silent')
  const people = peopleStore(db)
  const cards = cardStore(db)
  const cardOf = new Map<string, string>()
  let updates = 0
  const platform = {
    name: 'wecom',
    async send({ id, userId }: Delivery) {
      cardOf.set(userId, id)
      return { kind: 'sent', code: `code-${id}` }
    },
    async update() {
      updates++
      return { kind: 'sent' }
    },
  } as unknown as Platform
  const platforms = { wecom: platform }
  const company = () => parsed
  const parsed = parseCompany('name: 甲\nquiet: { mostPerDay: 100 }')
  const sender = createSender({
    ...{ db, clock, people, cards, platforms, backOff: backOffMs },
    zone: () => parsed.timeZone,
    quiet: () => parsed.quiet,
    render: (name, to, args) => notices[name]!(to, args, ctx),
  })
  const outbox = createOutbox({ db, clock, log, owner: 'bench', sender })
  const stores = {
    people,
    cards,
    meta: metaStore(db),
    weeks: weekStore(db),
    talks: talkStore(db),
    audit: auditStore(db),
  }
  const surveys = surveyStores(db, SECRET)
  const ctx = { clock, log, company, ...stores, ...surveys, outbox, platforms, firstWeek: '2026-W01' } as unknown as Ctx
  const directory = { refresh: async () => {}, left: async () => {}, renamed: async () => {} }
  const handle = createDispatch(ctx, handlers, directory)
  const inbox = createInbox({ db, clock, log, owner: 'bench', handle, seal: createSeal(SECRET, 'inbox') })
  await prepare(db)

  const id = (i: number) => `p${String(i).padStart(6, '0')}`
  const base = { position: '专员', departments: ['行政部'], roles: [], nicknames: [], active: true }
  const rows = Array.from({ length: count }, (_, i) => ({ _id: id(i), name: `员工${i}`, wecom: `u${i}`, ...base }))
  await people.model.collection.insertMany(rows as never[])

  const survey = { ...canteenSurvey, assesses: [], improvedBy: [], resultsTo: [], sample: EVERYBODY }
  const plan = { period: '2026-11', opensAt: AT, closesAt: new Date(AT.getTime() + 5 * 86_400_000) }
  const opening = now()
  const opened = await openRound(ctx, survey, plan, AT, 'bench')
  if (opened.kind !== 'opened') throw new Error(opened.kind)
  await outbox.idle()
  line(`draw, ask and invite ${count}`, `${Math.round(now() - opening)} ms`)

  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const acks: number[] = []
  const choices = (step: number, i: number): Record<string, string[]> => {
    const star = (k: number) => [`${((i + k) % 5) + 1}`]
    if (step === 0) return {}
    return step === 1 ? { hygiene: star(0), price: star(1), taste: star(2) } : { variety: star(3) }
  }
  let repeats = 0
  let lost = 0
  /** As the platform does: again, five seconds after each try that was not acknowledged, three times at the most. */
  async function deliver(receive: () => Promise<void>): Promise<void> {
    for (let attempt = 0; attempt <= REPEATS; attempt++) {
      if (attempt > 0) repeats++
      const sent = now()
      try {
        await receive()
        acks.push(now() - sent)
        return
      } catch {
        await sleep(Math.max(0, REPEAT_AFTER_MS - (now() - sent)))
      }
    }
    lost++
  }
  const from = now()
  for (let step = 0; step < 3; step++) {
    for (let start = 0; start < count; start += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, count - start) }, (_, k) => start + k)
      await Promise.all(
        some.map(async (i) => {
          const event: Incoming = {
            ...{ id: `wecom:e:${step}/${i}`, platform: 'wecom', userId: `u${i}`, at: AT },
            ...{ type: 'card-action', cardId: cardOf.get(`u${i}`)!, action: 'anon-step', choices: choices(step, i) },
            code: `r-${step}-${i}`,
          }
          await deliver(() => inbox.receive(event))
        }),
      )
    }
    await inbox.idle()
    await outbox.idle()
  }
  const seconds = (now() - from) / 1000
  delay.disable()
  acks.sort((a, b) => a - b)
  const taps = count * 3
  line(
    'taps, acknowledged, handled, cards changed',
    `${taps} in ${seconds.toFixed(1)} s: ${Math.round(taps / seconds)} a second`,
  )
  line(
    'a lunch half-hour brings',
    `${(taps / LUNCH_SECONDS).toFixed(1)} a second: ${Math.round((LUNCH_SECONDS * 100) / seconds) / 100} times less`,
  )
  line('acknowledged within (p50, p99, worst)', [0.5, 0.99, 1].map((p) => `${share(acks, p).toFixed(0)} ms`).join(', '))
  line('deliveries repeated by the platform, given up', `${repeats}, ${lost}`)
  line(
    'event loop late by (p99, worst)',
    `${(delay.percentile(99) / 1e6).toFixed(0)} ms, ${(delay.max / 1e6).toFixed(0)} ms`,
  )
  const inBox = await surveys.surveyBallots.count(opened.round._id)
  const counting = now()
  await surveys.surveyRounds.model.updateOne({ _id: opened.round._id }, { $set: { closesAt: AT } })
  await countRound(ctx, (await surveys.surveyRounds.get(opened.round._id))!, 'bench')
  const tally = await surveys.surveyResults.tally(opened.round._id)
  line('counted, envelopes destroyed', `${Math.round(now() - counting)} ms`)
  line('memory', `${Math.round(process.memoryUsage().rss / 1024 / 1024)} MB`)
  const right = lost === 0 && inBox === count && tally?.answers === count && updates === taps
  line(
    'each answer once, each card changed',
    right ? 'yes' : `NO: ${inBox} in the box, ${tally?.answers} counted, ${updates} cards`,
  )
  await inbox.stop()
  await outbox.stop()
  await db.close()
  await engine.stop()
  rmSync(dir, { recursive: true, force: true })
  if (!right) process.exitCode = 1
  return figures
}

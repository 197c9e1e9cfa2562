import { Schema } from 'mongoose'
import { type Clock, machineMs } from '../clock.ts'
import { addDays, type Day, dayOf } from '../domain/time.ts'
import type { Log } from '../log.ts'
import type { Db } from '../store/connect.ts'

/** One thing the clock does. `jobs/index.ts` is the list. */
export interface Job<Ctx> {
  name: string
  /** What it is for, in a line, for people who look at the list. */
  about: string
  /** The instants of one company day at which it is due. */
  times(day: Day, ctx: Ctx): Date[]
  /** A run missed by more than this (process down) has lost its meaning and is left out. */
  catchUpMs: number
  /** `slot` is the moment the run was due, which may be a while ago. Must be harmless to run again. */
  run(slot: Date, ctx: Ctx): Promise<void>
}

interface SlotRow {
  _id: string
  job: string
  at: Date
  state: 'running' | 'done' | 'failed'
  owner: string
  leaseUntil: number
  /** Runs begun, the number of the run that holds the slot. */
  tries: number
  /** Runs that ended in an error; a run that was cut off by a crash is none. */
  failures: number
  error?: string
}

const schema = new Schema<SlotRow>(
  {
    _id: String,
    job: String,
    at: Date,
    state: String,
    owner: String,
    leaseUntil: Number,
    tries: Number,
    failures: Number,
    error: String,
  },
  { versionKey: false },
)
schema.index({ job: 1, at: -1 })
schema.index({ at: 1 }, { expireAfterSeconds: 400 * 86400 })

export const slotModel = (db: Db) => db.model<SlotRow>('slots', schema, 'slots')

export interface ScheduleOptions<Ctx> {
  db: Db
  clock: Clock
  log: Log
  owner: string
  jobs: Job<Ctx>[]
  ctx: Ctx
  zone(): string
  /** Slots before this instant belong to a time when the bot was not there yet. */
  since: Date
  /** A run is over. @param lagMs how long after its time it began */
  onRun?(job: string, lagMs: number, outcome: 'done' | 'failed'): void
  /** Milliseconds that all replicas agree on. */
  leaseNow?: () => number
  /** How long a dead process keeps a slot; a living one renews in good time. */
  leaseMs?: number
}

export type Schedule<Ctx> = ReturnType<typeof createSchedule<Ctx>>

const MAX_FAILURES = 5
/** A run that ends its process each time is given up as well, but a crash loop with another cause must not cost a slot. */
const MAX_TRIES = 100

const slotId = (job: string, at: Date) => `${job}@${at.toISOString()}`

/**
 * Runs jobs at their slots. A slot `(job, instant)` is claimed by one replica through a unique document; what was missed
 * while down is caught up if it still makes sense; a run that died is taken over (design §4).
 */
export function createSchedule<Ctx>({
  db,
  clock,
  log,
  owner,
  jobs,
  ctx,
  zone,
  since,
  onRun,
  leaseNow = machineMs,
  leaseMs = 15_000,
}: ScheduleOptions<Ctx>) {
  const model = slotModel(db)
  const settled = new Set<string>()
  let running: Promise<void> | undefined
  let stopAlarm: (() => void) | undefined

  function due(job: Job<Ctx>, now: Date): Date[] {
    const from = new Date(Math.max(now.getTime() - job.catchUpMs, since.getTime()))
    const slots: Date[] = []
    for (let day = dayOf(from, zone()); day <= dayOf(now, zone()); day = addDays(day, 1))
      slots.push(...job.times(day, ctx))
    return slots.filter((s) => s >= from && s <= now).sort((a, b) => a.getTime() - b.getTime())
  }

  async function claim(id: string, job: Job<Ctx>, at: Date): Promise<SlotRow | null> {
    const fresh: SlotRow = {
      _id: id,
      job: job.name,
      at,
      state: 'running',
      owner,
      leaseUntil: leaseNow() + leaseMs,
      tries: 1,
      failures: 0,
    }
    try {
      await model.collection.insertOne(fresh as never)
      return fresh
    } catch (error) {
      if ((error as { code?: number }).code !== 11000) throw error
    }
    return model
      .findOneAndUpdate(
        {
          _id: id,
          state: { $ne: 'done' },
          leaseUntil: { $lt: leaseNow() },
          tries: { $lt: MAX_TRIES },
          failures: { $not: { $gte: MAX_FAILURES } },
        },
        { $set: { owner, state: 'running', leaseUntil: leaseNow() + leaseMs }, $inc: { tries: 1 } },
        { returnDocument: 'after' },
      )
      .lean<SlotRow>()
  }

  async function runSlot(job: Job<Ctx>, at: Date): Promise<void> {
    const id = slotId(job.name, at)
    if (settled.has(id)) return
    const slot = await claim(id, job, at)
    if (!slot) {
      const row = await model.findById(id).lean<SlotRow>()
      if (!row) return
      const givenUp = (row.tries >= MAX_TRIES || row.failures >= MAX_FAILURES) && row.leaseUntil < leaseNow()
      if (row.state === 'done' || givenUp) settled.add(id)
      return
    }
    const mine = { _id: id, owner, tries: slot.tries }
    const renew = setInterval(
      () => void model.updateOne(mine, { $set: { leaseUntil: leaseNow() + leaseMs } }).catch(() => {}),
      leaseMs / 3,
    )
    const lagMs = clock.now().getTime() - at.getTime()
    const trail = log.child({ job: job.name, slot: at.toISOString() })
    try {
      await job.run(at, ctx)
      await model.updateOne(mine, { $set: { state: 'done' }, $unset: { error: 1 } })
      settled.add(id)
      trail.info('job done')
      onRun?.(job.name, lagMs, 'done')
    } catch (error) {
      trail.error({ err: error, tries: slot.tries }, 'job failed')
      onRun?.(job.name, lagMs, 'failed')
      const reason = String((error as Error)?.message ?? error).slice(0, 500)
      await model
        .updateOne(mine, {
          $set: { state: 'failed', error: reason, leaseUntil: leaseNow() + 1000 * 2 ** slot.failures },
          $inc: { failures: 1 },
        })
        .catch(() => {})
    } finally {
      clearInterval(renew)
    }
  }

  /** No slot falls into [from, until) and all before are settled, as far as this process knows. */
  let quiet = { from: 0, until: 0 }
  let unsettled = false
  let stopped = false

  /** The first slot after `now`, looking two days ahead; jobs are asked once for it and not every minute. */
  function nextSlot(now: Date): number {
    const today = dayOf(now, zone())
    const ahead = [0, 1, 2].flatMap((n) => jobs.flatMap((job) => job.times(addDays(today, n), ctx)))
    return Math.min(now.getTime() + 86_400_000, ...ahead.map((at) => at.getTime()).filter((at) => at > now.getTime()))
  }

  async function tick(): Promise<void> {
    const now = clock.now()
    if (now.getTime() >= quiet.from && now.getTime() < quiet.until) return
    const slots = jobs.flatMap((job) => due(job, now).map((at) => ({ job, at })))
    slots.sort((a, b) => a.at.getTime() - b.at.getTime())
    for (const { job, at } of slots) {
      // What is left is another replica's, or the next start's.
      if (stopped) return
      await runSlot(job, at).catch((err) => log.error({ err, job: job.name }, 'slot not claimed'))
    }
    unsettled = slots.some(({ job, at }) => !settled.has(slotId(job.name, at)))
    if (!unsettled) quiet = { from: now.getTime(), until: nextSlot(now) }
    if (settled.size > 10_000) settled.clear()
  }

  /** Runs everything due now; a call during a run waits for that run and one more. */
  async function tickNow(): Promise<void> {
    while (running) await running
    if (stopped) return
    running = tick().finally(() => {
      running = undefined
    })
    await running
  }

  return {
    model,
    tick: tickNow,
    /** Looks again at slots that were not settled: left by a dead process, or failed and due to be tried again. */
    async sweep(): Promise<void> {
      if (unsettled) await tickNow()
    },
    /** The jobs' times have changed with the company file. */
    changed(): void {
      quiet = { from: 0, until: 0 }
    },
    start(): void {
      stopAlarm = clock.everyMinute(() => tickNow().catch((err) => log.error({ err }, 'tick failed')))
    },
    async stop(): Promise<void> {
      stopped = true
      stopAlarm?.()
      await running?.catch(() => {})
    },
    jobs,
    /**
     * Runs one slot by hand, under the same key as the clock would: what was done already is not done again, what was given up
     * gets another chance.
     */
    async run(
      job: Job<Ctx>,
      at: Date,
    ): Promise<{ kind: 'done' | 'was-done' | 'running' } | { kind: 'failed'; reason: string }> {
      const id = slotId(job.name, at)
      const before = await model.findById(id).lean<SlotRow>()
      if (before?.state === 'done') return { kind: 'was-done' }
      if (before?.state === 'failed')
        await model.updateOne({ _id: id, state: 'failed' }, { $set: { leaseUntil: 0, failures: 0 } })
      settled.delete(id)
      await runSlot(job, at)
      const after = await model.findById(id).lean<SlotRow>()
      if (after?.state === 'done') return { kind: 'done' }
      return after?.state === 'failed' ? { kind: 'failed', reason: after.error ?? '' } : { kind: 'running' }
    },
    /** Every slot of the days from..to, without running anything: the rehearsal's and the list's view. */
    slots(from: Day, to: Day): { job: Job<Ctx>; at: Date }[] {
      const all: { job: Job<Ctx>; at: Date }[] = []
      for (let day = from; day <= to; day = addDays(day, 1))
        for (const job of jobs) for (const at of job.times(day, ctx)) all.push({ job, at })
      return all.sort((a, b) => a.at.getTime() - b.at.getTime())
    },
    lastRuns: (job: string) => model.find({ job }).sort({ at: -1 }).limit(5).lean<SlotRow[]>(),
  }
}

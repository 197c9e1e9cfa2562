import { Schema } from 'mongoose'
import { type Clock, machineMs } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Incoming } from '../platforms/port.ts'
import type { Seal } from '../seal.ts'
import { type Db, soon } from '../store/connect.ts'
import { insertNew, together } from '../store/group-writes.ts'
import { createTurns } from '../turns.ts'
import { createBeginnings } from './begin.ts'
import { type Kept, protect, reveal } from './private.ts'

/** One delivery of a platform, kept from its first receipt. */
interface InboxRow {
  _id: string
  event: Kept
  receivedAt: Date
  state: 'new' | 'done' | 'parked'
  tries: number
  owner: string
  /** By the clock of leases; after it another replica may take the row over. */
  leaseUntil: number
  error?: string
  parkedAt?: Date
}

const schema = new Schema<InboxRow>({
  _id: String,
  event: Schema.Types.Mixed,
  receivedAt: Date,
  state: String,
  tries: Number,
  owner: String,
  leaseUntil: Number,
  error: String,
  parkedAt: Date,
})
schema.index({ state: 1, leaseUntil: 1 })
// Long enough to know any repetition, short enough not to keep what people wrote.
schema.index({ receivedAt: 1 }, { expireAfterSeconds: 30 * 86400, partialFilterExpression: { state: 'done' } })

/**
 * What people say and press is worked on for so many at a time: in a rush the database belongs first to what is not stored yet.
 * Changes of contacts, which may read a whole company, take no turn.
 */
const MOST_UNDER_WAY = 16

/** Rows whose lease is renewed by one statement: nothing else waits for thousands of them. */
const RENEWED_AT_ONCE = 200

/** Marking events as done may wait for others: after a crash they are handled again, to the same effect. */
const DONE_GATHER_MS = 10

const TAKES_TURN = new Set<Incoming['type']>(['text', 'card-action', 'menu', 'media', 'opened'])

// One that always failed is an administrator's to look at for three months; then what somebody wrote goes, too.
schema.index({ parkedAt: 1 }, { expireAfterSeconds: 90 * 86400 })

/** More than the platform repeats in an outage; those beyond wait for their lease. */
const MOST_UNSURE = 10_000
/** Rows that are taken over together. */
const AT_ONCE = 500

export interface InboxOptions {
  db: Db
  clock: Clock
  log: Log
  /** Names this process in leases; different for every start. */
  owner: string
  handle(event: Incoming): Promise<void>
  /** Keeps anonymous answers unreadable in the store; they are taken out of it once they are handled. */
  seal?: Seal
  /** Milliseconds that all replicas agree on. */
  leaseNow?: () => number
  /** How long a dead process keeps its rows; a living one renews in good time. */
  leaseMs?: number
  /** Waits before the 2nd, 3rd... try of a failing event; after the last it is parked. */
  retryMs?: number[]
}

export type Inbox = ReturnType<typeof createInbox>

/**
 * Takes each delivery in once: stored before it is acknowledged, a repeated one changes nothing, worked on in the order
 * of arrival per person, taken over when the process dies, parked with its reason when it always fails (design §2).
 */
export function createInbox({
  db,
  clock,
  log,
  owner,
  handle,
  seal,
  leaseNow = machineMs,
  leaseMs = 10_000,
  retryMs = [200, 2_000, 10_000, 60_000],
}: InboxOptions) {
  const model = db.model<InboxRow>('inbox', schema, 'inbox')
  /** One statement for all that were handled in the meantime; what was sealed in them goes with it. */
  const markDone = together<string>(async (ids) => {
    const done = { $set: { state: 'done' }, $unset: { 'event.sealed': 1 } }
    await model.collection.updateMany({ _id: { $in: ids as never[] } }, done)
    return undefined
  }, DONE_GATHER_MS)
  let waiting: { row: InboxRow; done: () => void; failed: (e: unknown) => void }[] = []
  let flushing = false
  let flushed = Promise.resolve()
  const beginnings = createBeginnings()
  let stopped = false
  const lanes = new Map<string, Promise<void>>()
  let active = 0
  const inTurn = createTurns(MOST_UNDER_WAY)
  let claims = 0
  /** Names under which this process holds rows. */
  const owners = new Set([owner])
  /** Rows that wait their turn here, are worked on, or wait for their next try. */
  const held = new Set<string>()
  const waitingAgain = new Set<string>()
  /** Whether they were stored is not known: the answer did not come. */
  const unsure = new Set<string>()
  const idleWaiters: (() => void)[] = []

  /** Stores what arrived together in one write; concurrent arrivals wait for at most one write before theirs. */
  async function flush(): Promise<void> {
    flushing = true
    beginnings.storingBegins()
    try {
      while (waiting.length > 0) {
        const batch = waiting
        waiting = []
        const unique = new Map(batch.map((b) => [b.row._id, b.row]))
        try {
          const stored = store([...unique.values()]).then((known) => {
            const mine: string[] = []
            for (const { _id } of unique.values()) if (unsure.delete(_id) && known.has(_id)) mine.push(_id)
            for (const row of unique.values()) if (!known.has(row._id)) enqueue(row)
            return takeUp(mine)
          })
          await soon(stored)
          for (const b of batch) b.done()
          beginnings.wrote(batch.length)
        } catch (error) {
          if (unsure.size < MOST_UNSURE) for (const id of unique.keys()) unsure.add(id)
          // Those that came meanwhile would wait as long for the same: the platform is told in time, and repeats.
          for (const b of [...batch, ...waiting.splice(0)]) b.failed(error)
        }
      }
    } finally {
      flushing = false
      beginnings.storingEnds()
    }
  }

  /** What was stored by this process without its hearing of it is worked on now and not when its lease is over. */
  async function takeUp(ids: string[]): Promise<void> {
    if (ids.length === 0) return
    const rows = await model.find({ _id: { $in: ids }, state: 'new', owner }).lean<InboxRow[]>()
    for (const row of rows) if (!held.has(row._id)) enqueue(row)
  }

  /** Returns the ids that were there before. */
  async function store(rows: InboxRow[]): Promise<Set<string>> {
    const errors = await insertNew(model, rows)
    if ([...errors.values()].some((e) => e.code !== 11000)) throw new Error('not stored')
    return new Set([...errors.keys()].map((i) => rows[i]!._id))
  }

  function enqueue(row: InboxRow): void {
    active++
    held.add(row._id)
    const lane = `${row.event.platform}/${row.event.userId}`
    const next = (lanes.get(lane) ?? Promise.resolve()).then(() =>
      TAKES_TURN.has(row.event.type) ? inTurn(() => workInTime(row)) : work(row),
    )
    lanes.set(lane, next)
    void next.finally(() => {
      if (lanes.get(lane) === next) lanes.delete(lane)
      active--
      if (!waitingAgain.has(row._id)) held.delete(row._id)
      if (active === 0) for (const w of idleWaiters.splice(0)) w()
    })
  }

  async function workInTime(row: InboxRow): Promise<void> {
    await beginnings.begin()
    return work(row)
  }

  async function work(row: InboxRow): Promise<void> {
    if (stopped) return
    try {
      await handle(seal ? reveal(row.event, seal) : row.event)
      await markDone(row._id)
    } catch (error) {
      const tries = row.tries + 1
      const wait = retryMs[tries - 1]
      log.error({ event: row._id, err: error, tries, parked: wait === undefined }, 'event failed')
      const reason = String((error as Error)?.message ?? error).slice(0, 500)
      if (wait === undefined) {
        await model
          .updateOne({ _id: row._id }, { $set: { state: 'parked', tries, error: reason, parkedAt: clock.now() } })
          .catch(() => {})
        return
      }
      // Its lease is renewed as that of any other.
      await model.updateOne({ _id: row._id }, { $set: { tries, error: reason } }).catch(() => {})
      // A waiting retry is not work under way: neither `idle` nor the end of the process waits for it.
      setTimeout(() => {
        waitingAgain.delete(row._id)
        enqueue({ ...row, tries })
      }, wait).unref()
      waitingAgain.add(row._id)
    }
  }

  let recovery: Promise<void> | undefined

  /** Takes over what a dead process left: rows whose lease is over. */
  async function takeOver(): Promise<void> {
    while (!stopped) {
      const left = { state: 'new', leaseUntil: { $lt: leaseNow() } } as const
      const found = await model.find(left, { _id: 1 }).sort({ receivedAt: 1, _id: 1 }).limit(AT_ONCE).lean()
      if (found.length === 0) return
      const claim = `${owner}/${claims++}`
      const ids = { _id: { $in: found.map((f) => f._id) } }
      // Where the database was away for longer than a lease: what is under way here stays so.
      const here = new Set(found.map((f) => f._id).filter((id) => held.has(id)))
      await model.updateMany({ ...left, ...ids }, { $set: { owner: claim, leaseUntil: leaseNow() + leaseMs } })
      const rows = await model
        .find({ ...ids, owner: claim })
        .sort({ receivedAt: 1, _id: 1 })
        .lean<InboxRow[]>()
      owners.add(claim)
      for (const row of rows) if (!here.has(row._id)) enqueue(row)
    }
  }

  /** Keeps the lease of what waits its turn or its next try here. */
  let renewal = Promise.resolve()
  const renewing = setInterval(() => {
    renewal = renewal.then(renew).catch((err) => log.warn({ err }, 'lease of events not renewed'))
  }, leaseMs / 3).unref()

  async function renew(): Promise<void> {
    const ids = [...held]
    for (let i = 0; i < ids.length && !stopped; i += RENEWED_AT_ONCE) {
      const some = ids.slice(i, i + RENEWED_AT_ONCE)
      const mine = { _id: { $in: some }, state: 'new', owner: { $in: [...owners] } } as const
      await model.updateMany(mine, { $set: { leaseUntil: leaseNow() + leaseMs } })
    }
  }

  return {
    model,
    /** A call while one is under way is that one. */
    recover(): Promise<void> {
      recovery ??= takeOver().finally(() => {
        recovery = undefined
      })
      return recovery
    },
    /** Resolves when the event is stored; rejects when it is not, and then it must not be acknowledged. */
    receive(incoming: Incoming): Promise<void> {
      if (stopped) return Promise.reject(new Error('stopping'))
      const event = seal ? protect(incoming, seal) : incoming
      const row: InboxRow = {
        _id: event.id,
        event,
        receivedAt: clock.now(),
        state: 'new',
        tries: 0,
        owner,
        leaseUntil: leaseNow() + leaseMs,
      }
      return new Promise((done, failed) => {
        waiting.push({ row, done, failed })
        setImmediate(() => {
          if (!flushing) flushed = flush()
        })
      })
    },
    /** Tries all parked events again, in the order of arrival. @returns how many */
    async retryParked(): Promise<number> {
      let count = 0
      for (const row of await this.parked()) if (await this.retry(row._id)) count++
      return count
    },
    /** Tries a parked event again. */
    async retry(id: string): Promise<boolean> {
      const row = await model
        .findOneAndUpdate(
          { _id: id, state: 'parked' },
          { $set: { state: 'new', tries: 0, owner, leaseUntil: leaseNow() + leaseMs } },
          { returnDocument: 'after' },
        )
        .lean<InboxRow>()
      if (row) enqueue(row)
      return row !== null
    },
    parked: () => model.find({ state: 'parked' }).sort({ receivedAt: 1 }).lean<InboxRow[]>(),
    idle: (): Promise<void> => (active === 0 ? Promise.resolve() : new Promise((r) => idleWaiters.push(r))),
    /** Takes nothing new, lets what is being worked on finish, and gives back the rest at once. */
    async stop(): Promise<void> {
      stopped = true
      clearInterval(renewing)
      // What has arrived is still stored.
      await new Promise(setImmediate)
      await flushed
      if (recovery) await soon(recovery).catch(() => {})
      await Promise.all([...lanes.values(), renewal])
      await model.updateMany({ state: 'new', owner: { $in: [...owners] } }, { $set: { leaseUntil: 0 } }).catch(() => {})
    },
  }
}

import { createHash } from 'node:crypto'
import type { Model } from 'mongoose'
import { type Clock, machineMs } from '../clock.ts'
import type { Log } from '../log.ts'
import type { PlatformName } from '../platforms/port.ts'
import type { Db } from '../store/connect.ts'
import { groupInserts, groupWrites, insertNew } from '../store/group-writes.ts'
import { createTurns } from '../turns.ts'
import { type Content, type OutboxRow, outboxModel } from './rows.ts'
import type { OnWire, Sender, Sent } from './sender.ts'

export interface Add {
  key: string
  to: string
  content: Content
  mode: 'answer' | 'push'
  platform?: PlatformName
  cause?: string
  notBefore?: Date
  expiresAt?: Date
}

export interface OutboxOptions {
  db: Db
  clock: Clock
  log: Log
  owner: string
  sender: Sender
  /** How long nothing at all can be sent, because every platform is down. */
  heldMs?(): number
  /** Milliseconds that all replicas agree on. */
  leaseNow?: () => number
  /** How long a dead process keeps its rows; a living one renews in good time. */
  leaseMs?: number
  /** How many messages are on their way to one platform at a time. */
  atOnce?: number
}

export type Outbox = ReturnType<typeof createOutbox>

/**
 * Rows that are held at a time, their people served side by side: more than there are messages on the way, so that what is
 * written about each is written together, but not so many that the database is kept from storing what people say meanwhile.
 */
const MOST_HELD = 200
/** Further ones are taken when there is room for so many: one that hangs keeps nobody else waiting. */
const LEAST_TAKEN = 100
/** Results may wait for others; the next message does not wait for them. */
const GATHER_MS = 25
/** Rows that are written in one statement: while it runs, nothing that people say is stored. */
const ADDED_AT_ONCE = 500
/** No more than the answers to one event. */
const FEW = 8
const MAX_TRIES = 30
/** Doubles from half a second up to a minute, spread so that a crowd does not come back at once. */
export const backOffMs = (tries: number) => Math.min(60_000, 500 * 2 ** tries) * (0.75 + Math.random() / 2)

/**
 * What goes out, exactly once per fact (design §3). A row is leased, its reason is checked again at the moment of sending,
 * sent under an id made from its key so that the platform's own duplicate check covers an unknown outcome, and its result
 * is recorded. People are served in the order of writing.
 */
export function createOutbox({
  db,
  clock,
  log,
  owner,
  sender,
  heldMs = () => 0,
  leaseNow = machineMs,
  leaseMs = 10_000,
  atOnce = 48,
}: OutboxOptions) {
  const model = outboxModel(db)
  const write = groupWrites(model, GATHER_MS)
  const insert = groupInserts(model)
  /** One platform that is slow does not take the other's turns. */
  const inTurn = { wecom: createTurns(atOnce), dingtalk: createTurns(atOnce) }
  /** The last order of writing that was given. */
  let written = 0
  let leases = 0
  let stopped = false
  let working: Promise<void> | undefined
  let again = false
  /** People who are being served, and how many rows that are. */
  const busy = new Map<string, Promise<void>>()
  let held = 0
  /** Tells the loop that somebody has been served. */
  let onServed = () => {}
  let timer: NodeJS.Timeout | undefined
  let timerAt = 0
  /** Nothing in the store can be sent before this instant of business time, as far as this process knows. */
  let nothingBefore = 0
  /** Counts what may make that wrong: a look at the store that began before is not trusted. */
  let changes = 0
  const changed = () => {
    nothingBefore = 0
    changes++
  }

  async function add(rows: Add[]): Promise<void> {
    if (rows.length === 0) return
    const now = clock.now()
    // Replicas write about one person in turns: by the clock that all of them share.
    const order = Math.max(written + 1, leaseNow() * 1000)
    written = order + rows.length - 1
    const fresh = rows.map((r, n) => ({
      _id: r.key,
      to: r.to,
      content: r.content,
      mode: r.mode,
      ...(r.platform && { platform: r.platform }),
      ...(r.cause && { cause: r.cause }),
      state: 'pending' as const,
      seq: order + n,
      createdAt: now,
      notBefore: r.notBefore ?? now,
      ...(r.expiresAt && { expiresAt: r.expiresAt }),
      holdUntil: 0,
      tries: 0,
    }))
    // Answers to several people go into one write; a push does not stand before them in the queue.
    if (fresh.length <= FEW) await Promise.all(fresh.map(insert))
    else
      for (let i = 0; i < fresh.length; i += ADDED_AT_ONCE) {
        const errors = await insertNew(model, fresh.slice(i, i + ADDED_AT_ONCE))
        // What stands there already is the same fact.
        for (const error of errors.values()) if (error.code !== 11000) throw new Error('not stored', { cause: error })
      }
    changed()
    wake()
  }

  function wake(): void {
    if (stopped) return
    again = true
    working ??= run().finally(() => {
      working = undefined
      if (again && !stopped) wake()
    })
  }

  async function run(): Promise<void> {
    while (again && !stopped) {
      again = false
      try {
        for (let more = true; more && !stopped; ) {
          const room = MOST_HELD - held
          if (room < LEAST_TAKEN) await new Promise<void>((served) => (onServed = served))
          else more = await takeMore(room)
        }
      } catch (err) {
        log.error({ err }, 'outbox round failed')
        later(1000)
      }
    }
  }

  /** The soonest counts. */
  function later(ms: number): void {
    const at = machineMs() + ms
    if (stopped || (timer && timerAt <= at)) return
    clearTimeout(timer)
    timerAt = at
    timer = setTimeout(() => {
      timer = undefined
      wake()
    }, ms).unref()
  }

  /** Leases what is due and begins to send it. Returns whether there may be more; what busy people have waiting is not looked at. */
  async function takeMore(room: number): Promise<boolean> {
    const now = clock.now()
    if (now.getTime() < nothingBefore) return false
    const wait = heldMs()
    if (wait > 0) {
      later(wait)
      return false
    }
    const due = {
      ...({ state: 'pending', notBefore: { $lte: now }, holdUntil: { $lt: leaseNow() } } as const),
      ...(busy.size > 0 && { to: { $nin: [...busy.keys()] } }),
    }
    const found = await model
      .find(due, { _id: 1 })
      .sort({ seq: 1 })
      .limit(room)
      .batchSize(room)
      .lean<{ _id: string }[]>()
    // While somebody is served the loop looks again afterwards.
    if (found.length === 0 && busy.size === 0) await sleepUntilNext(now)
    if (found.length === 0) return false
    const ids = found.map((f) => f._id)
    const lease = { ids, claim: `${owner}/${leaseNow()}/${leases++}`, until: leaseNow() + leaseMs }
    const { rows, send } = await take(due, lease)
    const renewing = setInterval(() => void renew(lease), leaseMs / 3)
    const served = [...groupBy(rows)].map(([to, mine]) => {
      held += mine.length
      const serving = serve(mine, send, lease)
        .catch((err) => log.error({ err }, 'result of a message not written'))
        .finally(() => {
          held -= mine.length
          busy.delete(to)
          onServed()
          wake()
        })
      busy.set(to, serving)
      return serving
    })
    void Promise.all(served).then(() => clearInterval(renewing))
    return found.length === room
  }

  /** One after the other: the next message to somebody may change the card that this one was. */
  async function serve(mine: OutboxRow[], send: Send, lease: Lease): Promise<void> {
    for (const row of mine) await (await sendOne(row, send, lease)).written
  }

  /** Leases rows and looks up what sending them needs; where that fails, they do not have to wait for the lease to end. */
  async function take(due: object, lease: Lease) {
    try {
      await model.updateMany(
        { ...due, _id: { $in: lease.ids } },
        { $set: { owner: lease.claim, holdUntil: lease.until } },
      )
      const rows = await model.find(heldBy(lease)).sort({ seq: 1 }).batchSize(MOST_HELD).lean<OutboxRow[]>()
      return { rows, send: await sender(rows) }
    } catch (err) {
      const back = { $set: { holdUntil: 0 }, $unset: { owner: 1 } } as const
      await model.updateMany(heldBy(lease), back).catch(() => {})
      throw err
    }
  }

  /** Rows that another process has taken over meanwhile stay its own. */
  async function renew(lease: Lease): Promise<void> {
    const until = leaseNow() + leaseMs
    try {
      await model.updateMany(heldBy(lease), { $set: { holdUntil: until } })
      // Frozen beyond the lease, or an answer that came late: what another took over in between must not go out again.
      if (leaseNow() < lease.until) lease.until = until
    } catch (err) {
      log.warn({ err }, 'lease of messages not renewed')
    }
  }

  async function sleepUntilNext(now: Date): Promise<void> {
    const before = changes
    const pending = await model
      .find({ state: 'pending' }, { notBefore: 1, holdUntil: 1 })
      .sort({ notBefore: 1 })
      .limit(1)
      .lean<OutboxRow[]>()
    if (changes !== before) return
    const first = pending[0]
    if (!first) {
      nothingBefore = Number.POSITIVE_INFINITY
      return
    }
    if (first.notBefore > now) nothingBefore = first.notBefore.getTime()
    else later(Math.max(20, Math.min(5000, first.holdUntil - leaseNow() + 5)))
  }

  /** Resolves when the row is sent or will not be; `written` when the outcome is. */
  async function sendOne(row: OutboxRow, send: Send, lease: Lease): Promise<{ written: Promise<void> }> {
    const isLost = () => leaseNow() >= lease.until
    if (isLost()) return { written: Promise.resolve() }
    const onWire: OnWire = (platform, ask) =>
      inTurn[platform](() => {
        if (isLost()) throw LOST
        return ask()
      })
    const trail = log.child({ out: row._id, cause: row.cause })
    const pending = { _id: row._id, state: 'pending' }
    const mine = { ...pending, owner: lease.claim }
    const record = (change: Change, filter: object = mine) => ({
      written: keep(() => write({ updateOne: { filter: filter as never, update: change as never } }), trail),
    })
    if (stopped) return record({ $set: { holdUntil: 0 }, $unset: { owner: 1 } })
    let result: Sent
    try {
      result =
        row.expiresAt && clock.now() >= row.expiresAt
          ? { kind: 'cancelled', reason: '已过时效' }
          : await send(row, onWire)
    } catch (err) {
      // Another process has taken the row over.
      if (err === LOST) return { written: Promise.resolve() }
      trail.error({ err }, 'sending failed')
      result = {
        kind: 'later',
        reason: String((err as Error)?.message ?? err).slice(0, 300),
        afterMs: backOffMs(row.tries),
      }
    }
    switch (result.kind) {
      case 'sent': {
        const { on, messageId, keeping } = result
        trail.info({ on }, 'sent')
        const change = {
          $set: { state: 'sent' as const, sentAt: clock.now(), sentOn: on, ...(messageId && { messageId }) },
        }
        // It has arrived, whoever has taken the row over meanwhile.
        if (!keeping) return record(change, pending)
        return { written: keep(keeping, trail).then(() => record(change, pending).written) }
      }
      case 'cancelled':
        trail.info({ reason: result.reason }, 'not sent: reason gone')
        return record({ $set: { state: 'cancelled', reason: result.reason } })
      case 'postponed':
        changed()
        return record({ $set: { notBefore: result.until, holdUntil: 0 }, $unset: { owner: 1 } })
      case 'failed':
        trail.warn({ reason: result.reason }, 'undeliverable')
        return record({ $set: { state: 'failed', reason: result.reason, advice: result.advice } })
      case 'later': {
        const tries = row.tries + (result.uncounted ? 0 : 1)
        trail[result.uncounted ? 'debug' : 'warn']({ reason: result.reason, tries }, 'will be tried again')
        if (tries >= MAX_TRIES && !result.uncounted) {
          const advice = '平台多次没有接收，请在平台恢复后重新发送'
          return record({ $set: { state: 'failed', tries, reason: result.reason, advice } })
        }
        const wait = Math.max(result.afterMs, 20)
        later(wait + 5)
        return record({ $set: { tries, reason: result.reason, holdUntil: leaseNow() + wait }, $unset: { owner: 1 } })
      }
    }
  }

  /**
   * What became of a row is known here only until it is written: while the database is away it is tried again, so that a
   * message that was sent is not sent once more when it is back.
   */
  async function keep(writing: () => Promise<void>, trail: Log): Promise<void> {
    for (;;) {
      try {
        return await writing()
      } catch (err) {
        if (stopped) throw err
        trail.warn({ err }, 'result of a message not written yet')
        await new Promise((done) => setTimeout(done, 500).unref())
      }
    }
  }

  const answer = (
    eventId: string,
    n: number | string,
    to: string,
    platform: PlatformName | undefined,
    content: Content,
  ): Add => ({
    key: `${eventId}/${n}`,
    to,
    content,
    mode: 'answer',
    cause: eventId,
    ...(platform && { platform }),
  })

  return {
    model,
    add,
    answer,
    /** Looks again, for what has become due by the clock. */
    wake,
    /** Looks again, also for what other processes wrote or left behind. */
    sweep(): void {
      changed()
      wake()
    },
    /** When the message that has waited longest could first be sent; undefined when none waits. */
    async oldestDue(): Promise<Date | undefined> {
      const due = { state: 'pending', notBefore: { $lte: clock.now() } } as const
      const row = await model.findOne(due, { notBefore: 1 }).sort({ notBefore: 1 }).lean<OutboxRow>()
      return row?.notBefore
    },
    /** A platform is back: what waits for its next try goes now. */
    async release(): Promise<void> {
      await model.updateMany(
        { state: 'pending', owner: { $exists: false }, holdUntil: { $gt: leaseNow() } },
        { $set: { holdUntil: 0 } },
      )
      changed()
      wake()
    },
    /** Resolves when nothing that could be sent at this instant is left. */
    async idle(): Promise<void> {
      while (working || busy.size > 0) await (working ?? Promise.race(busy.values()))
    },
    failed: () => model.find({ state: 'failed' }).sort({ createdAt: -1 }).limit(500).lean<OutboxRow[]>(),
    async retry(key: string): Promise<boolean> {
      const again = await sendAgain(model, { _id: key })
      changed()
      wake()
      return again > 0
    },
    /** Lets what is under way finish; the rest stays for the next start. */
    async stop(): Promise<void> {
      stopped = true
      clearTimeout(timer)
      onServed()
      await working
      await Promise.all(busy.values())
    },
  }
}

/**
 * Puts failed rows back among those to be sent. A text that the platform refused gets a new id: the platform compares texts with
 * what it was asked before, and would take it for delivered. One that nobody answered for keeps its id for the same reason.
 *
 * @returns how many
 */
export async function sendAgain(model: Model<OutboxRow>, which: { _id?: string }): Promise<number> {
  const again = {
    $set: { state: 'pending', holdUntil: 0, tries: 0 },
    $unset: { reason: 1, advice: 1, owner: 1 },
  } as const
  const failed = { ...which, state: 'failed' } as const
  const refused = await model.updateMany({ ...failed, tries: { $lt: MAX_TRIES } }, { ...again, $inc: { resent: 1 } })
  const unanswered = await model.updateMany(failed, again)
  return refused.modifiedCount + unanswered.modifiedCount
}

/** A row whose lease is over. */
const LOST = new Error('the lease is over')

/** By id: looking for an owner would walk all that waits. */
const heldBy = ({ ids, claim }: Lease) => ({ _id: { $in: ids }, owner: claim, state: 'pending' as const })

interface Lease {
  ids: string[]
  /** Stands in the rows that were taken together. */
  claim: string
  /** By `leaseNow`; renewed while the rows are worked on. */
  until: number
}

type Send = (row: OutboxRow, onWire: OnWire) => Promise<Sent>
type Change = { $set: Partial<OutboxRow>; $unset?: { owner: 1 } }

function groupBy(rows: OutboxRow[]): Map<string, OutboxRow[]> {
  const groups = new Map<string, OutboxRow[]>()
  for (const row of rows) {
    const group = groups.get(row.to)
    if (group) group.push(row)
    else groups.set(row.to, [row])
  }
  return groups
}

/** The platform's id of what a row sends: the same on every try, from the fact and never from the attempt. */
export function deliveryId(key: string, platform: PlatformName): string {
  return createHash('sha256').update(`${platform}/${key}`).digest('base64url').slice(0, 32)
}

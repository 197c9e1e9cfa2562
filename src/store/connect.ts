import mongoose from 'mongoose'
import type { Log } from '../log.ts'
import { endWaitingForClosedSockets } from './closed-sockets.ts'

export type Db = mongoose.Connection

/**
 * Opens the database. Writes wait for the majority: what was acknowledged must survive (design §3).
 * `autoIndex` is off: `prepare` builds the indexes before anything is served, because uniqueness is what keeps
 * two replicas from doing one thing twice.
 */
export async function connect(uri: string): Promise<Db> {
  endWaitingForClosedSockets()
  return mongoose
    .createConnection(uri, {
      autoIndex: false,
      autoCreate: false,
      // A call while the database is away fails in its time; it does not wait in a queue of mongoose's for it to come back.
      bufferCommands: false,
      serverSelectionTimeoutMS: 5_000,
      // A network that swallows everything breaks no connection: without limits a call, or the driver's own look at the
      // server, would wait for minutes after it is whole again.
      heartbeatFrequencyMS: 2_000,
      connectTimeoutMS: 3_000,
      waitQueueTimeoutMS: 5_000,
      socketTimeoutMS: 60_000,
      w: 'majority',
      appName: 'jixiao-bot',
    })
    .asPromise()
}

/**
 * For what somebody waits for at the other end of a socket: a callback must be refused in time for the platform to repeat it
 * (reliability.md D1), a health check must answer. The driver has no such limit for a single call.
 *
 * @throws Error when the database has not answered within 1.5 s; what was asked may be carried out all the same
 */
export async function soon<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, failed) => {
    timer = setTimeout(() => failed(new Error('the database does not answer in time')), SOON_MS)
  })
  try {
    return await Promise.race([asked, late])
  } finally {
    clearTimeout(timer)
  }
}

const SOON_MS = 1_500

/** OutOfDiskSpace, as MongoDB and the embedded database say it. */
export const isDiskFull = (error: unknown): boolean => (error as { code?: unknown })?.code === 14031

/** Connects as soon as the database answers; what is wrong otherwise (address, password) is thrown at once. */
export async function waitAndConnect(uri: string, log: Log): Promise<Db> {
  for (let told = false; ; told = true) {
    try {
      return await connect(uri)
    } catch (error) {
      if (!(error instanceof mongoose.Error.MongooseServerSelectionError)) throw error
      if (!told) log.warn({ reason: (error as Error).message }, 'the database does not answer; waiting for it')
    }
  }
}

/** Creates collections and indexes; throws when an index cannot be built, and then the service must not start. */
export async function prepare(db: Db): Promise<void> {
  for (const { collection, schema } of Object.values(db.models)) {
    const indexes = schema.indexes().map(([key, options]) => ({ key: key as never, ...(options as object) }))
    // In one call for a collection: mongoose makes one for each.
    if (indexes.length > 0) await collection.createIndexes(indexes)
  }
}

import mongoose from 'mongoose'

export type Db = mongoose.Connection

/**
 * Opens the database. Writes wait for the majority: what was acknowledged must survive (design §3).
 * `autoIndex` is off: `prepare` builds the indexes before anything is served, because uniqueness is what keeps
 * two replicas from doing one thing twice.
 */
export async function connect(uri: string): Promise<Db> {
  return mongoose
    .createConnection(uri, {
      autoIndex: false,
      autoCreate: false,
      serverSelectionTimeoutMS: 5000,
      w: 'majority',
      appName: 'jixiao-bot',
    })
    .asPromise()
}

/** Creates collections and indexes; throws when an index cannot be built, and then the service must not start. */
export async function prepare(db: Db): Promise<void> {
  for (const model of Object.values(db.models)) await model.createIndexes()
}

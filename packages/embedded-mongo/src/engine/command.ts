import type { Doc } from '../bson/values.ts'
import type { Catalog } from '../store/catalog.ts'
import type { Cursors, Deadline } from './cursors.ts'
import type { FieldTable } from './fields.ts'

/** What a command may use while it runs. */
export interface Context {
  db: string
  catalog: Catalog
  cursors: Cursors
  session: string | undefined
  now: Date
  deadline: Deadline
  /** Throws error 50 when `maxTimeMS` has passed. */
  checkDeadline: () => void
  server: ServerFacts
}

export interface ServerFacts {
  address: string
  startedAt: number
  connectionId: number
  connections: () => number
  peer: string
  clusterTime: () => { seconds: number; increment: number }
}

export interface Command {
  fields: FieldTable
  /**
   * Parses the whole command and answers what remains to do. A `write` runs later, inside the transaction of its group;
   * by then nothing in the request can be wrong any more.
   */
  prepare(command: Doc, context: Context): () => Doc
  kind: 'read' | 'write'
  /** `txnNumber` makes it run at most once. */
  retryable?: boolean
}

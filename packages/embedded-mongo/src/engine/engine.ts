import { Binary, type Doc, Double, isDoc, isNumeric, Timestamp, type Value } from '../bson/values.ts'
import { codeName, fail, MongoError, notImplemented } from '../errors.ts'
import { Catalog, checkDbName } from '../store/catalog.ts'
import type { Store } from '../store/store.ts'
import { asInteger } from '../value/numbers.ts'
import { adminCommands } from './admin.ts'
import type { Command, Context, ServerFacts } from './command.ts'
import { deleteCommand, findAndModify, insert, update } from './crud.ts'
import { Cursors, checkDeadline } from './cursors.ts'
import {
  collMod,
  create,
  createIndexes,
  drop,
  dropDatabase,
  dropIndexes,
  listCollections,
  listDatabases,
  listIndexes,
  renameCollection,
} from './ddl.ts'
import { checkFields } from './fields.ts'
import { GroupCommit } from './group-commit.ts'
import { aggregate, count, distinct, explain, find, getMore, killCursors } from './read.ts'
import { expireSessions, once, sessionOf, txnNumberOf } from './sessions.ts'
import { TtlMonitor } from './ttl.ts'

/** Commands that MongoDB has and this engine refuses. */
const REFUSED = new Set(
  (
    'mapReduce bulkWrite createUser dropUser updateUser usersInfo createRole rolesInfo grantRolesToUser createSearchIndexes ' +
    'updateSearchIndex dropSearchIndex listSearchIndexes currentOp killOp compact reIndex validate fsync fsyncUnlock ' +
    'shutdown top profile dataSize dbHash cloneCollectionAsCapped convertToCapped killAllSessions ' +
    'killAllSessionsByPattern planCacheClear planCacheListFilters filemd5 setFeatureCompatibilityVersion logRotate ' +
    'saslStart saslContinue authenticate logout replSetGetConfig replSetInitiate setDefaultRWConcern getDefaultRWConcern'
  ).split(' '),
)

export interface ConnectionFacts {
  connectionId: number
  peer: string
}

export interface EngineOptions {
  address: string
  /** Throws when this process no longer owns the data. Runs in every write transaction. */
  checkOwner: () => void
  connections: () => number
}

/** Runs commands one after another on one thread: each sees what all before it left. */
export class Engine {
  private readonly catalog: Catalog
  private readonly cursors = new Cursors()
  private readonly commits: GroupCommit
  private readonly ttl: TtlMonitor
  private readonly commands: Map<string, Command>
  private readonly startedAt = Date.now()
  private clock = { seconds: 0, increment: 0 }
  private readonly housekeeping: NodeJS.Timeout

  constructor(
    private readonly store: Store,
    private readonly options: EngineOptions,
  ) {
    this.catalog = new Catalog(store)
    this.commits = new GroupCommit(this.catalog, options.checkOwner)
    this.ttl = new TtlMonitor(this.catalog, this.commits)
    this.commands = new Map<string, Command>(
      Object.entries({
        insert,
        update,
        delete: deleteCommand,
        findAndModify,
        findandmodify: findAndModify,
        find,
        getMore,
        killCursors,
        count,
        distinct,
        aggregate,
        explain,
        create,
        drop,
        dropDatabase,
        renameCollection,
        createIndexes,
        dropIndexes,
        listIndexes,
        listCollections,
        listDatabases,
        collMod,
        ...adminCommands(
          () => [...this.commands.keys()],
          (seconds) => this.ttl.start(seconds),
        ),
      }),
    )
    this.ttl.start(60)
    this.housekeeping = setInterval(() => this.cleanUp(), 60_000).unref()
  }

  private cleanUp(): void {
    const now = Date.now()
    this.cursors.closeIdle(now)
    void this.commits
      .submit(() => {
        expireSessions(this.store, now)
        return new Map()
      })
      .catch(() => {})
  }

  stop(): void {
    clearInterval(this.housekeeping)
    this.ttl.stop()
  }

  /** Answers one command; never throws. */
  async execute(command: Doc, connection: ConnectionFacts): Promise<Doc> {
    let reply: Doc
    try {
      reply = await this.run(command, connection)
      reply.set('ok', new Double(1))
      const concern = writeConcernError(command)
      if (concern) reply.set('writeConcernError', concern)
    } catch (error) {
      reply = errorReply(error)
    }
    const time = this.now()
    const operationTime = new Timestamp(time.seconds, time.increment)
    const signature: Doc = new Map<string, Value>([
      ['hash', new Binary(Buffer.alloc(20), 0)],
      ['keyId', 0n],
    ])
    reply.set(
      '$clusterTime',
      new Map<string, Value>([
        ['clusterTime', operationTime],
        ['signature', signature],
      ]),
    )
    return reply.set('operationTime', operationTime)
  }

  private run(command: Doc, connection: ConnectionFacts): Doc | Promise<Doc> {
    const name = command.keys().next().value ?? fail(59, 'no command given')
    const handler = this.commands.get(name)
    if (!handler) return REFUSED.has(name) ? notImplemented(`command ${name}`) : fail(59, `no such command: '${name}'`)
    checkFields(command, handler.fields, name)
    checkGeneric(command)
    const db = command.get('$db')
    if (typeof db !== 'string') return fail(14, "BSON field '$db' is the wrong type, expected type 'string'")
    checkDbName(db)
    const session = sessionOf(command)
    const txnNumber = txnNumberOf(command)
    const limit = command.get('maxTimeMS')
    const deadline = {
      at: limit !== undefined && asInteger(limit)! > 0 ? Date.now() + asInteger(limit)! : Number.POSITIVE_INFINITY,
    }
    const server: ServerFacts = {
      ...connection,
      address: this.options.address,
      startedAt: this.startedAt,
      connections: this.options.connections,
      clusterTime: () => this.clock,
    }
    const context: Context = {
      db,
      catalog: this.catalog,
      cursors: this.cursors,
      session,
      now: new Date(),
      deadline,
      checkDeadline: () => checkDeadline(deadline),
      server,
    }
    const action = handler.prepare(command, context)
    if (handler.kind === 'read') return action()
    return this.commits.submit(() => {
      context.checkDeadline()
      this.tick()
      if (txnNumber === undefined || session === undefined || !handler.retryable) return action()
      return once(this.store, session, txnNumber, context.now, action)
    })
  }

  /** The logical clock: seconds since 1970 and a counter within the second; every write moves it. */
  private tick(): void {
    const seconds = Math.floor(Date.now() / 1000)
    if (seconds > this.clock.seconds) this.clock = { seconds, increment: 1 }
    else this.clock.increment++
  }

  private now(): { seconds: number; increment: number } {
    if (this.clock.seconds === 0) this.tick()
    return this.clock
  }
}

const READ_CONCERNS = new Set(['local', 'available', 'majority', 'linearizable'])

/** Arguments that every command shares. */
function checkGeneric(command: Doc): void {
  if (command.get('startTransaction') !== undefined || command.get('autocommit') !== undefined)
    notImplemented('a multi-document transaction')
  const limit = command.get('maxTimeMS')
  if (limit !== undefined) {
    if (!isNumeric(limit)) fail(14, "BSON field 'maxTimeMS' is the wrong type, expected type 'number'")
    const ms = asInteger(limit)
    if (ms === undefined || ms < 0 || ms > 2_147_483_647)
      fail(2, `maxTimeMS must be between 0 and 2147483647, got ${ms}`)
  }
  if (command.has('apiVersion') && command.get('apiVersion') !== '1') fail(322, 'API version must be "1"')
  const concern = command.get('readConcern')
  if (concern !== undefined) {
    if (!isDoc(concern)) fail(9, 'readConcern must be an object')
    const level = concern.get('level')
    if (level === 'snapshot') fail(246, 'readConcern level snapshot is only valid in multi-statement transactions')
    if (level !== undefined && !(typeof level === 'string' && READ_CONCERNS.has(level)))
      fail(9, `${String(level)} is not a valid read concern level`)
  }
  const write = command.get('writeConcern')
  if (write !== undefined) {
    if (!isDoc(write)) fail(9, 'writeConcern must be an object')
    const w = write.get('w')
    if (w !== undefined && typeof w !== 'string' && !(isNumeric(w) && (asInteger(w) ?? -1) >= 0 && asInteger(w)! <= 50))
      fail(9, 'w has to be a number or a string')
  }
}

/** One machine is one member: more cannot acknowledge. */
function writeConcernError(command: Doc): Doc | undefined {
  const write = command.get('writeConcern')
  const w = isDoc(write) ? write.get('w') : undefined
  if (typeof w === 'string' && w !== 'majority') {
    return new Map<string, Value>([
      ['code', 79],
      ['codeName', codeName(79)],
      ['errmsg', `No write concern mode named '${w}' found in replica set configuration`],
    ])
  }
  if (isNumeric(w) && asInteger(w)! > 1) {
    return new Map<string, Value>([
      ['code', 100],
      ['codeName', codeName(100)],
      ['errmsg', 'Not enough data-bearing nodes'],
    ])
  }
  return undefined
}

export function errorReply(error: unknown): Doc {
  const known = error instanceof MongoError ? error : translate(error)
  const reply: Doc = new Map<string, Value>([
    ['ok', new Double(0)],
    ['errmsg', known.message],
    ['code', known.code],
    ['codeName', codeName(known.code)],
  ])
  for (const [name, value] of known.extra) reply.set(name, value as Value)
  if (known.labels.length > 0) reply.set('errorLabels', [...known.labels])
  return reply
}

/** Failures that are not the client's: a full disk, a stack that ended, a bug. */
function translate(error: unknown): MongoError {
  const message = error instanceof Error ? error.message : String(error)
  if (/ENOSPC|MDB_MAP_FULL|No space left|Input\/output error/i.test(message))
    return new MongoError(14031, `[embedded-mongo] the disk is full or failing: ${message}`)
  if (error instanceof RangeError && /call stack/i.test(message))
    return new MongoError(15, '[embedded-mongo] the request is nested too deeply')
  if (error instanceof RangeError) return new MongoError(146, `[embedded-mongo] the result is too large: ${message}`)
  return new MongoError(1, `[embedded-mongo] ${message}`)
}

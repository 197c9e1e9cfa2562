import { hostname, platform, totalmem } from 'node:os'
import { Binary, type Doc, isDoc, isNumeric, Timestamp, toDouble, type Value } from '../bson/values.ts'
import { fail, notImplemented } from '../errors.ts'
import { asInteger } from '../value/numbers.ts'
import type { Command, Context } from './command.ts'
import { nsOf } from './crud.ts'
import type { FieldTable } from './fields.ts'
import { collectionStats, databaseStats } from './stats.ts'

/** Wire version 21 is MongoDB 7.0; both must say the same, or drivers use what is not there. */
export const WIRE_VERSION = 21
const SERVER_VERSION = [7, 0, 0, 0]
const VERSION = SERVER_VERSION.slice(0, 3).join('.')

const doc = (fields: Record<string, Value>): Doc => new Map(Object.entries(fields))

function reader(fields: FieldTable, answer: (command: Doc, context: Context) => Doc): Command {
  return { kind: 'read', fields, prepare: (command, context) => () => answer(command, context) }
}

const HELLO_FIELDS: FieldTable = {
  helloOk: 'bool',
  client: 'any',
  compression: 'any',
  saslSupportedMechs: 'any',
  speculativeAuthenticate: 'any',
  topologyVersion: 'any',
  maxAwaitTimeMS: 'any',
  loadBalanced: 'any',
  hostInfo: 'any',
  internalClient: 'any',
  hangUpOnStepDown: 'any',
  forShell: 'any',
  backpressure: 'any',
  hello: 'any',
  isMaster: 'any',
  ismaster: 'any',
}

/**
 * Looks like the primary of a replica set of one, so that drivers send sessions and retryable writes. There is no
 * `topologyVersion`: with it drivers open a streaming monitor and clear their pools all the time.
 */
function hello(command: Doc, context: Context): Doc {
  const { address, connectionId, clusterTime } = context.server
  const { seconds, increment } = clusterTime()
  const opTime = doc({ ts: new Timestamp(seconds, increment), t: 1n })
  const legacy = !command.has('hello')
  const reply = doc({
    helloOk: true,
    [legacy ? 'ismaster' : 'isWritablePrimary']: true,
    secondary: false,
    setName: 'embedded',
    setVersion: 1,
    hosts: [address],
    primary: address,
    me: address,
    lastWrite: doc({ opTime, lastWriteDate: context.now, majorityOpTime: opTime, majorityWriteDate: context.now }),
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    localTime: context.now,
    logicalSessionTimeoutMinutes: 30,
    connectionId,
    minWireVersion: 0,
    maxWireVersion: WIRE_VERSION,
    readOnly: false,
  })
  if (command.has('saslSupportedMechs')) reply.set('saslSupportedMechs', [])
  return reply
}

const buildInfo = () =>
  doc({
    version: VERSION,
    gitVersion: 'embedded-mongo',
    modules: ['embedded'],
    allocator: 'system',
    javascriptEngine: 'none',
    sysInfo: 'deprecated',
    versionArray: SERVER_VERSION,
    bits: 64,
    debug: false,
    maxBsonObjectSize: 16_777_216,
    storageEngines: ['lmdb'],
  })

function getParameter(command: Doc): Doc {
  const reply: Doc = new Map()
  const all = command.get('getParameter') === '*' || isDoc(command.get('getParameter'))
  if (all || command.has('featureCompatibilityVersion'))
    reply.set('featureCompatibilityVersion', doc({ version: '7.0' }))
  return reply.size > 0 ? reply : fail(72, 'no option found to get')
}

function sessionIds(list: Value | undefined): string[] {
  if (!Array.isArray(list)) return fail(14, 'sessions must be given as an array')
  return list.map((entry) => {
    const id = isDoc(entry) ? entry.get('id') : undefined
    return id instanceof Binary ? id.bytes.toString('hex') : fail(14, 'a session id must be a UUID')
  })
}

function endSessions(name: string): Command {
  return reader({ [name]: 'array!' }, (command, context) => {
    for (const id of sessionIds(command.get(name))) context.cursors.killSession(id)
    return new Map()
  })
}

const collStats: Command = {
  kind: 'read',
  fields: { collStats: 'string!', scale: 'number' },
  prepare(command, context) {
    const ns = nsOf(command, 'collStats', context)
    return () => collectionStats(context.catalog.get(ns), ns)
  },
}

function refuseTransaction(name: string): Command {
  return {
    kind: 'read',
    fields: { [name]: 'any', recoveryToken: 'any' },
    prepare: () => notImplemented('a multi-document transaction'),
  }
}

/** Everything about the server rather than its data. */
export function adminCommands(
  names: () => string[],
  setTtlSeconds: (seconds: number) => void,
): Record<string, Command> {
  return {
    hello: reader(HELLO_FIELDS, hello),
    isMaster: reader(HELLO_FIELDS, hello),
    ismaster: reader(HELLO_FIELDS, hello),
    ping: reader({ ping: 'any' }, () => new Map()),
    buildInfo: reader({ buildInfo: 'any' }, buildInfo),
    buildinfo: reader({ buildinfo: 'any' }, buildInfo),
    connectionStatus: reader({ connectionStatus: 'any', showPrivileges: 'bool' }, () =>
      doc({ authInfo: doc({ authenticatedUsers: [], authenticatedUserRoles: [], authenticatedUserPrivileges: [] }) }),
    ),
    getParameter: reader(
      { getParameter: 'any', featureCompatibilityVersion: 'any', allParameters: 'any' },
      getParameter,
    ),
    setParameter: reader({ setParameter: 'any', ttlMonitorSleepSecs: 'number' }, (command) => {
      const seconds = asInteger(command.get('ttlMonitorSleepSecs'))
      if (seconds === undefined || seconds < 1) return fail(72, 'only ttlMonitorSleepSecs, at least 1, can be set')
      setTtlSeconds(seconds)
      return new Map()
    }),
    hostInfo: reader({ hostInfo: 'any' }, (_command, context) =>
      doc({
        system: doc({
          currentTime: context.now,
          hostname: hostname(),
          memSizeMB: Math.round(totalmem() / 1048576),
          cpuArch: process.arch,
        }),
        os: doc({ type: platform(), name: platform(), version: '' }),
        extra: new Map(),
      }),
    ),
    serverStatus: reader({ serverStatus: 'any', repl: 'any', metrics: 'any', locks: 'any' }, (_command, context) =>
      doc({
        host: hostname(),
        version: VERSION,
        process: 'embedded-mongo',
        pid: BigInt(process.pid),
        uptime: toDouble((Date.now() - context.server.startedAt) / 1000),
        localTime: context.now,
        connections: doc({ current: context.server.connections() }),
        mem: doc({ resident: Math.round(process.memoryUsage.rss() / 1048576), bits: 64 }),
        storageEngine: doc({ name: 'lmdb' }),
        metrics: doc({ cursor: doc({ open: doc({ total: context.cursors.size }) }) }),
      }),
    ),
    whatsmyuri: reader({ whatsmyuri: 'any' }, (_command, context) => doc({ you: context.server.peer })),
    getLog: reader({ getLog: 'string!' }, (command) => {
      const wanted = command.get('getLog')
      if (wanted === '*') return doc({ names: ['global', 'startupWarnings'] })
      return wanted === 'global' || wanted === 'startupWarnings'
        ? doc({ totalLinesWritten: 0, log: [] })
        : fail(72, `No log named '${wanted}'`)
    }),
    getCmdLineOpts: reader({ getCmdLineOpts: 'any' }, () => doc({ argv: ['embedded-mongo'], parsed: new Map() })),
    listCommands: reader({ listCommands: 'any' }, () =>
      doc({ commands: new Map(names().map((name): [string, Value] => [name, doc({ help: '' })])) }),
    ),
    replSetGetStatus: reader({ replSetGetStatus: 'any', initialSync: 'any' }, () =>
      fail(13, 'not a replica set member for administration'),
    ),
    collStats,
    dbStats: reader({ dbStats: 'any', scale: 'number', freeStorage: 'number' }, (command, context) => {
      const scale = command.get('scale')
      if (isNumeric(scale) && asInteger(scale) !== 1) return notImplemented('dbStats scale')
      return databaseStats(context.db, context.catalog.in(context.db))
    }),
    startSession: reader({ startSession: 'any' }, (_command, context) =>
      context.session
        ? doc({ id: doc({ id: new Binary(Buffer.from(context.session, 'hex'), 4) }), timeoutMinutes: 30 })
        : notImplemented('startSession without a session id'),
    ),
    endSessions: endSessions('endSessions'),
    refreshSessions: reader({ refreshSessions: 'array!' }, () => new Map()),
    killSessions: endSessions('killSessions'),
    commitTransaction: refuseTransaction('commitTransaction'),
    abortTransaction: refuseTransaction('abortTransaction'),
  }
}

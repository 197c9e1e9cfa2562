import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { startEmbeddedMongo } from 'embedded-mongo'
import { type DingtalkStandIn, startDingtalkStandIn } from '../sandbox/dingtalk/stand-in.ts'
import type { SandboxPerson } from '../sandbox/stand-in.ts'
import { startWecomStandIn, type WecomStandIn } from '../sandbox/wecom/stand-in.ts'
import { connect, type Db } from '../src/store/connect.ts'

const aesKey = 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C'
// Tests and benches run from the top of the repository.
const preload = pathToFileURL('test/shifted-clock.mjs').href

/** One process of the service, as `npm start` runs it. */
export interface Replica {
  readonly name: string
  /** Undefined while it is not serving. */
  readonly port: number | undefined
  readonly pid: number | undefined
  /** Resolves when it serves. */
  start(): Promise<void>
  /** kill -9, or another signal; resolves when the process is gone (at once for STOP and CONT). */
  signal(signal: NodeJS.Signals): Promise<void>
  /** Exit code of the last end, null after a kill. */
  readonly exitCode: number | null | undefined
}

export interface ProcessWorld {
  replicas: Replica[]
  /** What all replicas see, plus the skew of each. */
  now(): Date
  wecom: WecomStandIn
  dingtalk?: DingtalkStandIn
  db: Db
  /** Address of the balancer in front of the replicas: a request goes to one that lives. */
  url: string
  /** A line of a replica's log. */
  logs: { replica: string; level: string; msg: string; [key: string]: unknown }[]
  stop(): Promise<void>
}

export interface ProcessOptions {
  /** The instant that the clocks show when everything starts. */
  at: string
  people: SandboxPerson[]
  yaml: string
  replicas?: number
  /** Clock error of each replica in ms. */
  skews?: number[]
  /** Another one, in a process of its own; the embedded database of all replicas' DATA_DIR when left out. */
  mongodbUri?: string
  /** Before the replicas start. */
  prepare?(db: Db): Promise<void>
  dingtalk?: boolean
  env?: Record<string, string>
  seed?: number
  /** How long the platform waits before it delivers again; five seconds in life. */
  retryDelayMs?: number
}

let built = false
/** Replicas that ended although nobody told them to, with the last they said. */
const ends: string[] = []
const LAST_LINES = 15

/** Real processes of the service on one database, against stand-ins in this process. */
export async function startProcesses(o: ProcessOptions): Promise<ProcessWorld> {
  if (!built) execFileSync(process.execPath, ['scripts/build.mjs', 'embedded database', 'service'], { stdio: 'ignore' })
  built = true
  ends.length = 0
  const shiftMs = new Date(o.at).getTime() - Date.now()
  const clock = { now: () => new Date(Date.now() + shiftMs) }
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-processes-'))
  writeFileSync(join(dir, 'company.yaml'), o.yaml)
  const wecom = await startWecomStandIn({
    ...{ clock, corpId: 'ww1', agentId: 1000002, secret: 'app-secret', people: o.people, seed: o.seed ?? 1 },
    ...{ retryDelayMs: o.retryDelayMs ?? 2_000, deadlineMs: 5_000 },
  })
  const dingtalk = o.dingtalk
    ? await startDingtalkStandIn({
        ...{ clock, corpId: 'dingcorp', clientId: 'dingapp', clientSecret: 'ding-secret', agentId: '77' },
        ...{ people: o.people, seed: o.seed ?? 1 },
      })
    : undefined
  // The test looks into the database as one more process: when the owner dies, it may be the one that takes over.
  const embedded = o.mongodbUri ? undefined : await startEmbeddedMongo({ dir: join(dir, 'embedded'), dbName: 'jixiao' })
  const db = await connect(o.mongodbUri ?? embedded!.uri)
  await o.prepare?.(db)
  const env: Record<string, string> = {
    PATH: process.env.PATH!,
    TZ: 'UTC',
    NODE_OPTIONS: `--import ${preload}`,
    PORT: '0',
    DATA_DIR: dir,
    COMPANY_FILE: join(dir, 'company.yaml'),
    PUBLIC_BASE_URL: 'https://jixiao.example.com',
    SESSION_SECRET: 'a-session-secret-of-thirty-two-or-more',
    LOG_LEVEL: 'info',
    WECOM_CORP_ID: 'ww1',
    WECOM_AGENT_ID: '1000002',
    WECOM_SECRET: 'app-secret',
    WECOM_TOKEN: 'token',
    WECOM_ENCODING_AES_KEY: aesKey,
    WECOM_API_BASE: wecom.apiBase,
    WECOM_OAUTH_BASE: wecom.oauthBase,
    ...(o.mongodbUri && { MONGODB_URI: o.mongodbUri }),
    ...(dingtalk && {
      DINGTALK_CORP_ID: 'dingcorp',
      DINGTALK_CLIENT_ID: 'dingapp',
      DINGTALK_CLIENT_SECRET: 'ding-secret',
      DINGTALK_AGENT_ID: '77',
      DINGTALK_API_BASE: dingtalk.apiBase,
      DINGTALK_OAPI_BASE: dingtalk.oapiBase,
    }),
    ...o.env,
  }
  const logs: ProcessWorld['logs'] = []
  const replicas = Array.from({ length: o.replicas ?? 3 }, (_, n) =>
    replica(`r${n}`, { ...env, CLOCK_SHIFT_MS: String(shiftMs + (o.skews?.[n] ?? 0)) }, logs),
  )
  const balancer = await balance(replicas)
  const world: ProcessWorld = {
    ...{ replicas, now: clock.now, wecom, db, url: balancer.url, logs },
    ...(dingtalk && { dingtalk }),
    async stop() {
      await Promise.all(replicas.map((r) => (r.pid === undefined ? undefined : r.signal('SIGKILL'))))
      await balancer.stop()
      await db.close()
      await embedded?.stop()
      await wecom.stop()
      await dingtalk?.stop()
      rmSync(dir, { recursive: true, force: true })
      // Whatever the test found out without it, this is to be seen.
      if (ends.length > 0) throw new Error(ends.splice(0).join('\n\n'))
    },
  }
  try {
    await Promise.all(replicas.map((r) => r.start()))
    await wecom.setCallback({ url: `${balancer.url}/wecom/callback`, token: 'token', aesKey })
  } catch (error) {
    await world.stop()
    throw error
  }
  return world
}

function replica(name: string, env: Record<string, string>, logs: ProcessWorld['logs']): Replica {
  let child: ChildProcess | undefined
  let port: number | undefined
  let exitCode: number | null | undefined
  /** To end: whatever it does then is expected. */
  let told = false
  return {
    name,
    get port() {
      return port
    },
    get pid() {
      return child?.pid
    },
    get exitCode() {
      return exitCode
    },
    start() {
      told = false
      const started = spawn(process.execPath, ['dist/start.js'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
      child = started
      let rest = ''
      let errors = ''
      const last: string[] = []
      started.stderr!.on('data', (d) => {
        errors = (errors + d).slice(-4_000)
      })
      return new Promise((done, fail) => {
        started.stdout!.on('data', (chunk) => {
          const lines = (rest + chunk).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) {
            last.push(line)
            if (last.length > LAST_LINES) last.shift()
            if (!line.startsWith('{')) continue
            const entry = JSON.parse(line)
            if (entry.level !== 'info' || entry.msg !== 'sent') logs.push({ replica: name, ...entry })
            if (entry.msg !== 'ready') continue
            port = entry.port
            done()
          }
        })
        started.once('exit', (code, signal) => {
          if (child === started) {
            if (port !== undefined && !told)
              ends.push(`${name} ended by itself (${signal ?? code}); it said:\n${last.join('\n')}\n${errors}`)
            child = undefined
            port = undefined
            exitCode = code
          }
          fail(new Error(`${name} ended (${code}) before it served:\n${errors}`))
        })
      })
    },
    async signal(signal) {
      const target = child
      if (!target) return
      const gone = new Promise((done) => target.once('exit', done))
      told ||= signal !== 'SIGCONT' && signal !== 'SIGSTOP' && signal !== 'SIGHUP'
      if (told) port = undefined
      target.kill(signal)
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await gone
    },
  }
}

/** A load balancer as it stands before replicas in production: it tries the next one when a connection is refused. */
async function balance(replicas: Replica[]): Promise<{ url: string; stop(): Promise<void> }> {
  let turn = 0
  const open = new Set<Socket>()
  const server: Server = createServer((client) => {
    open.add(client)
    client.on('error', () => client.destroy())
    client.once('close', () => open.delete(client))
    const attempt = (left: number) => {
      const living = replicas.filter((r) => r.port !== undefined)
      const chosen = living[turn++ % Math.max(1, living.length)]
      if (!chosen || left === 0) return void client.destroy()
      const backend = connectTcp(chosen.port!, '127.0.0.1')
      backend.once('connect', () => {
        backend.removeAllListeners('error')
        backend.on('error', () => client.destroy())
        backend.once('close', () => client.destroy())
        client.once('close', () => backend.destroy())
        client.pipe(backend).pipe(client)
      })
      backend.once('error', () => attempt(left - 1))
    }
    attempt(replicas.length)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      for (const socket of open) socket.destroy()
      return new Promise((done) => server.close(() => done()))
    },
  }
}

/** Numbers in [0, 1) that are the same for the same seed. */
export function seeded(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Kills and restarts replicas at random instants until told to stop; at least one of them lives on. Returns the number of kills. */
export async function killing(
  world: ProcessWorld,
  o: { seed: number; kills: number; everyMs: [number, number]; until(): boolean },
): Promise<number> {
  const random = seeded(o.seed)
  const starting = new Set<Promise<void>>()
  let kills = 0
  while (kills < o.kills && !o.until()) {
    await sleep(o.everyMs[0] + random() * (o.everyMs[1] - o.everyMs[0]))
    const living = world.replicas.filter((r) => r.port !== undefined)
    if (living.length === 0) continue
    const victim = living[Math.floor(random() * living.length)]!
    await victim.signal('SIGKILL')
    kills++
    // The machine may end a process as well while it starts.
    const start = victim
      .start()
      .catch(() => victim.start())
      .finally(() => starting.delete(start))
    starting.add(start)
  }
  await Promise.all(starting)
  return kills
}

/**
 * Waits until something holds; for processes, whose own time cannot be driven from here.
 * @throws Error at once when a process has ended by itself
 */
export async function until(what: string, holds: () => Promise<boolean> | boolean, mostMs: number): Promise<void> {
  const from = performance.now()
  while (!(await holds())) {
    if (ends.length > 0) throw new Error(`${what}:\n${ends.splice(0).join('\n\n')}`)
    if (performance.now() - from > mostMs) throw new Error(`not within ${mostMs} ms: ${what}`)
    await sleep(100)
  }
}

/** A department of that many assistants under one manager. */
export function crowd(size: number): SandboxPerson[] {
  const boss: SandboxPerson = {
    ...{ userId: 'boss', name: '王建国', departments: ['总经办'], title: '总经理', jobNumber: '0000', leader: true },
  }
  const staff = Array.from({ length: size }, (_, i): SandboxPerson => {
    const n = String(i + 1).padStart(5, '0')
    const who = { userId: `u${n}`, name: `员工${n}`, departments: ['行政部'], title: '行政人事助理', jobNumber: n }
    return { ...who, managerUserId: 'boss', hiredOn: '2022-03-01' }
  })
  return [boss, ...staff]
}

import { fork, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbeddedMongo } from 'embedded-mongo'
import { Pool } from 'undici'
import { createLog } from '../../src/log.ts'
import { createOutbox } from '../../src/outbox/outbox.ts'
import { connect, type Db } from '../../src/store/connect.ts'
import { keys } from '../callbacks/keys.ts'
import { requests } from '../callbacks/requests.ts'
import { serve } from '../callbacks/serve.ts'

const yaml = `name: 测试公司
positions: { '*': 周计划 }
schemes: { 周计划: { kind: weekly } }
quiet: { from: '00:00', to: '00:00', mostPerDay: 100 }
moments: { askBirthday: false }
`
/** WeCom answers for itself after five seconds; nothing of ours should come near it. */
const CONNECTIONS = 128

type Requests = ReturnType<typeof requests>

/** Sends at an even pace whatever the answers do, and counts from the instant a request was due: a queue is not hidden. In ms. */
async function pace(port: number, list: Requests, perSecond: number) {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS, pipelining: 1 })
  const times: number[] = []
  let refused = 0
  const from = performance.now()
  const one = async (r: Requests[number], due: number) => {
    const headers = { 'content-type': 'text/xml' }
    for (;;) {
      const answer = await pool.request({ method: 'POST', path: r.path, body: r.body, headers })
      await answer.body.dump()
      if (answer.statusCode === 200) break
      // The platform repeats what was not taken in.
      refused++
      await sleep(1_000)
    }
    times.push(performance.now() - due)
  }
  const underWay: Promise<void>[] = []
  for (let i = 0; i < list.length; ) {
    const dueNow = Math.min(list.length, Math.floor(((performance.now() - from) * perSecond) / 1000) + 1)
    for (; i < dueNow; i++) underWay.push(one(list[i]!, from + (i * 1000) / perSecond))
    await sleep(1)
  }
  await Promise.all(underWay)
  await pool.close()
  times.sort((a, b) => a - b)
  const at = (share: number) =>
    Math.round(10 * times[Math.min(times.length - 1, Math.floor(times.length * share))]!) / 10
  return { p50: at(0.5), p99: at(0.99), worst: at(1), refused }
}

/** The whole service in a process of its own, on its embedded database, with a platform that takes everything. */
async function service(dir: string, people: number) {
  writeFileSync(join(dir, 'company.yaml'), yaml)
  const sink = fork('dist/bench/sink.js', { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const { port: sinkPort } = await new Promise<{ port: number }>((done) => sink.once('message', done as never))
  const base = `http://127.0.0.1:${sinkPort}`
  const data = join(dir, 'embedded')
  let engine = await startEmbeddedMongo({ dir: data, dbName: 'jixiao' })
  let db = await connect(engine.uri)
  await db.collection('meta').insertOne({ _id: 'started' as never, value: '2026-01-05T00:00:00.000Z' })
  const who = {
    position: '专员',
    departments: ['行政部'],
    roles: [],
    nicknames: [],
    active: true,
    joinedOn: '2020-01-01',
  }
  for (let i = 0; i < people; i += 1_000)
    await db.collection('people').insertMany(
      Array.from({ length: Math.min(1_000, people - i) }, (_, k) => ({
        ...{ _id: `e${i + k}` as never, name: `员工${i + k}`, wecom: `u${i + k}`, ...who },
      })),
    )
  await db.close()
  await engine.stop()
  const child = spawn(process.execPath, ['dist/start.js'], {
    env: {
      ...{ PATH: process.env.PATH!, PORT: '0', DATA_DIR: dir, COMPANY_FILE: join(dir, 'company.yaml') },
      ...{ PUBLIC_BASE_URL: 'https://jixiao.example.com', LOG_LEVEL: 'info', WECOM_CORP_ID: keys.corpId },
      ...{ SESSION_SECRET: 'a-session-secret-of-thirty-two-or-more', WECOM_AGENT_ID: '1000002', WECOM_SECRET: 's' },
      ...{ WECOM_TOKEN: keys.token, WECOM_ENCODING_AES_KEY: keys.aesKey, WECOM_API_BASE: base, WECOM_OAUTH_BASE: base },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await new Promise<number>((done, fail) => {
    let rest = ''
    child.stdout.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line.includes('"msg":"ready"')) done(JSON.parse(line).port)
    })
    child.once('exit', (code) => fail(new Error(`the service ended: ${code}`)))
  })
  engine = await startEmbeddedMongo({ dir: data, dbName: 'jixiao' })
  db = await connect(engine.uri)
  return {
    port,
    db,
    async stop() {
      await db.close()
      await engine.stop()
      child.kill('SIGTERM')
      await new Promise((done) => child.once('exit', done))
      sink.kill()
    },
  }
}

async function settled(db: Db): Promise<void> {
  for (;;) {
    const inbox = await db.collection('inbox').countDocuments({ state: 'new' })
    const outbox = await db.collection('outbox').countDocuments({ state: 'pending' })
    if (inbox + outbox === 0) return
    await sleep(200)
  }
}

/** Each delivery stored once, with the instant the platform signed. */
async function stored(db: Db, before: number, sentAt: number): Promise<number> {
  const all = await db.collection('inbox').countDocuments({})
  const right = await db.collection('inbox').countDocuments({ 'event.at': new Date(sentAt) })
  if (right !== all - before) throw new Error(`${all - before} stored, ${right} of them with the right instant`)
  return right
}

/**
 * People who hand in at the last moment, through the whole service: received, stored, acknowledged, understood, answered with
 * a card. Beside the durable bare server of `bench/callbacks` where a ratio is asked for.
 */
export async function load({ people = 10_000 } = {}): Promise<object> {
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-rush-'))
  const durable = await serve('durable', join(dir, 'journal'))
  const ours = await service(dir, people)
  let known = 0
  const measure = async (n: number, perSecond: number) => {
    const list = requests(n, 'text', people)
    const sentAt = Number(/timestamp=(\d+)/.exec(list[0]!.path)![1]) * 1000
    const got = await pace(ours.port, list, perSecond)
    const storedOnce = await stored(ours.db, known, sentAt)
    known += storedOnce
    const from = performance.now()
    await settled(ours.db)
    return { ...got, stored: storedOnce, of: n, answeredAfterS: Math.round((performance.now() - from) / 1000) }
  }
  const beside = (n: number, perSecond: number) => pace(durable.port, requests(n, 'text', people), perSecond)
  await beside(2_000, 500)
  await measure(Math.min(2_000, people), 200)

  const rows: Record<string, unknown> = {}
  const ratio = (a: { p99: number }, b: { p99: number }) => Number((a.p99 / b.p99).toFixed(2))
  for (const [name, seconds] of [
    ['in 60 s', 60],
    ['1,000 a second', people / 1_000],
  ] as const) {
    const bare = await beside(people, people / seconds)
    const got = await measure(people, people / seconds)
    rows[name] = { ...got, p99OfDurable: ratio(got, bare), durableP99: bare.p99 }
    console.error(name, JSON.stringify(rows[name]))
  }
  rows['in 2 s'] = await measure(people, people / 2)
  console.error('in 2 s', JSON.stringify(rows['in 2 s']))

  // 200 a second while everybody is sent a card, beside the same alone.
  const alone = await measure(Math.min(4_000, people), 200)
  const writer = createOutbox({
    ...{ db: ours.db, clock: { now: () => new Date(), every: () => () => {} } as never, log: createLog('silent') },
    ...{ owner: 'bench', sender: () => Promise.reject(new Error('sends nothing')) },
  })
  await writer.stop()
  for (let i = 0; i < people; i += 500)
    await writer.add(
      Array.from({ length: Math.min(500, people - i) }, (_, k) => ({
        ...{ key: `push/${i + k}`, to: `e${i + k}`, mode: 'push' as const },
        content: {
          ...{ kind: 'card' as const, subject: `push/${i + k}`, context: {} },
          card: { title: '本月结果', text: `给员工${i + k}` },
        },
      })),
    )
  const during = await measure(Math.min(4_000, people), 200)
  rows['200 a second during a push'] = { ...during, p99OfAlone: ratio(during, alone), aloneP99: alone.p99 }

  await ours.stop()
  durable.child.kill()
  rmSync(dir, { recursive: true, force: true })
  const result = { people, ...rows }
  mkdirSync('bench/results', { recursive: true })
  writeFileSync('bench/results/rush.json', `${JSON.stringify(result, undefined, 2)}\n`)
  return result
}

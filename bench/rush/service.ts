import { fork, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbeddedMongo } from 'embedded-mongo'
import { connect, type Db } from '../../src/store/connect.ts'
import { keys } from '../callbacks/keys.ts'

const yaml = `name: 测试公司
positions: { '*': 周计划 }
schemes: { 周计划: { kind: weekly } }
quiet: { from: '00:00', to: '00:00', mostPerDay: 100 }
moments: { askBirthday: false }
`

/** The whole service in a process of its own, on its embedded database, with a platform that takes everything. */
export async function service(dir: string, people: number, sinkFile = 'dist/bench/sink.js') {
  writeFileSync(join(dir, 'company.yaml'), yaml)
  const sink = fork(sinkFile, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
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
  let told = false
  child.once('exit', (code, signal) => {
    if (told) return
    // Nothing of what is waited for would ever come.
    console.error(`the service ended by itself: ${signal ?? code}`)
    process.exit(1)
  })
  engine = await startEmbeddedMongo({ dir: data, dbName: 'jixiao' })
  db = await connect(engine.uri)
  return {
    ...{ port, db, sink, sinkPort, pid: child.pid! },
    async stop() {
      await db.close()
      await engine.stop()
      told = true
      child.kill('SIGTERM')
      await new Promise((done) => child.once('exit', done))
      sink.kill()
    },
  }
}

/** Resolves when nothing waits to be handled or sent. */
export async function settled(db: Db): Promise<void> {
  for (;;) {
    const inbox = await db.collection('inbox').countDocuments({ state: 'new' })
    const outbox = await db.collection('outbox').countDocuments({ state: 'pending' })
    if (inbox + outbox === 0) return
    await sleep(1_000)
  }
}

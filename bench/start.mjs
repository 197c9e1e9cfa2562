// Start to ready, and idle memory: the service beside an empty process that loads koa, mongoose and node-cron, connects to
// the same database, listens and schedules one task. Ratios count; absolute figures are this machine's.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedMongo } from 'embedded-mongo'

const ROUNDS = 5
const SETTLE_MS = 3_000
const dir = mkdtempSync(join(tmpdir(), 'jixiao-start-'))
const engine = await startEmbeddedMongo({ dir: join(dir, 'db'), dbName: 'bench' })
writeFileSync(join(dir, 'company.yaml'), 'name: bench\n')

const empty = join(process.cwd(), 'bench/.empty.mjs')
writeFileSync(
  empty,
  `import Koa from 'koa'
import mongoose from 'mongoose'
import cron from 'node-cron'
const db = await mongoose.createConnection(process.env.MONGODB_URI).asPromise()
await db.db.command({ ping: 1 })
cron.schedule('* * * * *', () => {})
const app = new Koa()
app.use((ctx) => { ctx.body = 'ok' })
const server = app.listen(0, () => console.log('ready ' + server.address().port))
`,
)

/** Runs one process until it says that it is ready; resolves with the time and, after a while, its resident memory. */
function run(args, env, isReady) {
  return new Promise((resolve, reject) => {
    const from = performance.now()
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
      if (!isReady(out)) return
      child.stdout.removeAllListeners('data')
      child.stdout.resume()
      const readyMs = performance.now() - from
      // User and system time in ticks of 10 ms: what a start costs, whatever else the machine does.
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ')
      const cpuMs = (Number(stat[11]) + Number(stat[12])) * 10
      setTimeout(() => {
        const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))
        child.kill('SIGKILL')
        child.once('exit', () => resolve({ readyMs, cpuMs, memoryMb: Number(rss[1]) / 1024 }))
      }, SETTLE_MS)
    })
    child.once('error', reject)
  })
}

const service = {
  PORT: '0',
  MONGODB_URI: engine.uri,
  COMPANY_FILE: join(dir, 'company.yaml'),
  PUBLIC_BASE_URL: 'http://localhost',
  SESSION_SECRET: 'x'.repeat(32),
  DINGTALK_CORP_ID: 'bench',
  DINGTALK_CLIENT_ID: 'bench',
  DINGTALK_CLIENT_SECRET: 'bench',
  // Nobody answers there: the start must not wait for a platform that is down.
  DINGTALK_API_BASE: 'http://127.0.0.1:9',
  DINGTALK_OAPI_BASE: 'http://127.0.0.1:9',
  LOG_LEVEL: 'info',
}
const best = (list, key) => Math.min(...list.map((r) => r[key]))
const bare = []
const ours = []
for (let i = 0; i < ROUNDS; i++) {
  bare.push(await run([empty], { MONGODB_URI: engine.uri }, (out) => out.includes('ready ')))
  ours.push(await run(['dist/start.js'], service, (out) => out.includes('"msg":"ready"')))
}
rmSync(empty)
await engine.stop()
rmSync(dir, { recursive: true, force: true })
const result = {
  emptyReadyMs: Math.round(best(bare, 'readyMs')),
  readyMs: Math.round(best(ours, 'readyMs')),
  readyRatio: Number((best(ours, 'readyMs') / best(bare, 'readyMs')).toFixed(2)),
  emptyCpuMs: best(bare, 'cpuMs'),
  cpuMs: best(ours, 'cpuMs'),
  cpuRatio: Number((best(ours, 'cpuMs') / best(bare, 'cpuMs')).toFixed(2)),
  emptyMemoryMb: Math.round(best(bare, 'memoryMb')),
  memoryMb: Math.round(best(ours, 'memoryMb')),
  memoryRatio: Number((best(ours, 'memoryMb') / best(bare, 'memoryMb')).toFixed(2)),
}
console.log(JSON.stringify(result, undefined, 2))
process.exit(0)

import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedMongo } from 'embedded-mongo'
import { Pool } from 'undici'
import { encrypt, sign } from '../../src/platforms/wecom/crypto.ts'
import { keys } from './keys.ts'

const CONNECTIONS = 32
const aesKey = Buffer.from(`${keys.aesKey}=`, 'base64')

/** A callback as WeCom sends it, each with an id of its own. */
function requests(n: number, what: 'text' | 'nothing') {
  const now = String(Math.floor(Date.now() / 1000))
  return Array.from({ length: n }, (_, i) => {
    const id = `${Date.now()}${process.hrtime.bigint()}${i}`
    const common = `<ToUserName><![CDATA[${keys.corpId}]]></ToUserName><FromUserName><![CDATA[u${i % 5000}]]></FromUserName><CreateTime>${now}</CreateTime><AgentID>1000002</AgentID>`
    const xml =
      what === 'text'
        ? `<xml>${common}<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[周计划 采购对账 30分]]></Content><MsgId>${id}</MsgId></xml>`
        : `<xml>${common}<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[LOCATION]]></Event><Latitude>31.2</Latitude><Longitude>121.4</Longitude><Precision>65</Precision></xml>`
    const encrypted = encrypt({ ...keys, aesKey, receiveId: keys.corpId }, xml)
    const nonce = String(i)
    const query = `msg_signature=${sign(keys.token, now, nonce, encrypted)}&timestamp=${now}&nonce=${nonce}`
    const body = `<xml><ToUserName><![CDATA[${keys.corpId}]]></ToUserName><Encrypt><![CDATA[${encrypted}]]></Encrypt><AgentID>1000002</AgentID></xml>`
    return { path: `/wecom/callback?${query}`, body }
  })
}

interface Server {
  port: number
  child: ChildProcess
  cpu(): Promise<number>
}

async function serve(kind: string, extra: string): Promise<Server> {
  const child = fork('dist/bench/server.js', [kind, extra], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const { port } = await new Promise<{ port: number }>((done) => child.once('message', done as never))
  return {
    ...{ port, child },
    async cpu() {
      child.send('cpu')
      const { cpu } = await new Promise<{ cpu: NodeJS.CpuUsage }>((done) => child.once('message', done as never))
      return cpu.user + cpu.system
    },
  }
}

/** As fast as they go over 32 connections. @returns requests a second, microseconds of the server's processor for each, latencies in ms */
async function run(server: Server, n: number, what: 'text' | 'nothing') {
  const pool = new Pool(`http://127.0.0.1:${server.port}`, { connections: CONNECTIONS })
  const list = requests(n, what)
  const times: number[] = []
  const cpuBefore = await server.cpu()
  const from = performance.now()
  const lane = async () => {
    for (let r = list.pop(); r; r = list.pop()) {
      const sent = performance.now()
      const answer = await pool.request({
        method: 'POST',
        path: r.path,
        body: r.body,
        headers: { 'content-type': 'text/xml' },
      })
      await answer.body.dump()
      if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`)
      times.push(performance.now() - sent)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, lane))
  const seconds = (performance.now() - from) / 1000
  const cpu = (await server.cpu()) - cpuBefore
  await pool.close()
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!
  return { perSecond: n / seconds, cpuUs: cpu / n, p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** Our path in beside the bare ones, in turns, the best of each: a busy machine slows all of them. */
export async function load({ requests: n = 6_000, rounds = 4 } = {}): Promise<object> {
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-callbacks-'))
  const engine = await startEmbeddedMongo({ dir: join(dir, 'db'), dbName: 'bench' })
  const bare = await serve('bare', '')
  const durable = await serve('durable', join(dir, 'journal'))
  const ours = await serve('ours', engine.uri)
  const rows = {
    bare: () => run(bare, n, 'nothing'),
    oursNothing: () => run(ours, n, 'nothing'),
    durable: () => run(durable, n, 'text'),
    oursStored: () => run(ours, n, 'text'),
  }
  const best: Record<string, Awaited<ReturnType<typeof run>>> = {}
  for (let round = 0; round <= rounds; round++)
    for (const [name, measure] of Object.entries(rows)) {
      const got = await measure()
      const before = best[name]
      // The first round warms up.
      if (round === 0) continue
      best[name] = before
        ? {
            perSecond: Math.max(before.perSecond, got.perSecond),
            cpuUs: Math.min(before.cpuUs, got.cpuUs),
            ...{
              p50: Math.min(before.p50, got.p50),
              p99: Math.min(before.p99, got.p99),
              max: Math.min(before.max, got.max),
            },
          }
        : got
    }
  for (const s of [bare, durable, ours]) s.child.kill()
  await engine.stop()
  rmSync(dir, { recursive: true, force: true })
  const ratio = (a: number, b: number) => Number((a / b).toFixed(2))
  const { bare: b, durable: d, oursNothing: o, oursStored: s } = best as Required<typeof best>
  const result = {
    requests: n,
    nothingToStore: { throughput: ratio(o!.perSecond, b!.perSecond), cpu: ratio(o!.cpuUs, b!.cpuUs) },
    stored: {
      cpuOfBare: ratio(s!.cpuUs, b!.cpuUs),
      throughputOfDurable: ratio(s!.perSecond, d!.perSecond),
      p99OfDurable: ratio(s!.p99, d!.p99),
    },
    absolute: Object.fromEntries(
      Object.entries(best).map(([name, r]) => [
        name,
        Object.fromEntries(Object.entries(r).map(([k, v]) => [k, Number(v.toFixed(1))])),
      ]),
    ),
  }
  mkdirSync('bench/results', { recursive: true })
  writeFileSync('bench/results/callbacks.json', `${JSON.stringify(result, undefined, 2)}\n`)
  return result
}

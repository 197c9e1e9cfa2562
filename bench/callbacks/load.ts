import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedMongo } from 'embedded-mongo'
import { Pool } from 'undici'
import { requests } from './requests.ts'
import { type Server, serve } from './serve.ts'

const CONNECTIONS = 32

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

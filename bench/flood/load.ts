import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbeddedMongo } from 'embedded-mongo'
import { Pool } from 'undici'
import { requests } from '../callbacks/requests.ts'
import { type Server, serve } from '../callbacks/serve.ts'

/** Good ones come at their own pace, as a platform sends them. */
const GOOD_PER_SECOND = 50
const SECONDS = 4
const ROUNDS = 5
const FLOOD_CONNECTIONS = 8

const headers = { 'content-type': 'text/xml' }
const forge = (path: string) => path.replace(/msg_signature=./, 'msg_signature=x')

async function good(server: Server): Promise<{ p50: number; p99: number; refused: number }> {
  const pool = new Pool(`http://127.0.0.1:${server.port}`, { connections: 8 })
  const times: number[] = []
  let refused = 0
  const from = performance.now()
  const list = requests(GOOD_PER_SECOND * SECONDS, 'text')
  await Promise.all(
    list.map(async ({ path, body }, i) => {
      const due = from + (i * 1000) / GOOD_PER_SECOND
      await sleep(due - performance.now())
      const answer = await pool.request({ method: 'POST', path, body, headers })
      await answer.body.dump()
      if (answer.statusCode !== 200) refused++
      // From when it was due: a late start is a wait as well.
      times.push(performance.now() - due)
    }),
  )
  await pool.close()
  times.sort((a, b) => a - b)
  const at = (share: number) => Number(times[Math.floor(times.length * share)]!.toFixed(1))
  return { p50: at(0.5), p99: at(0.99), refused }
}

/** Forged ones as fast as so many connections go, for as long as `during` lasts. */
async function flooded<T>(server: Server, during: () => Promise<T>) {
  const pool = new Pool(`http://127.0.0.1:${server.port}`, { connections: FLOOD_CONNECTIONS })
  const list = requests(500, 'text').map(({ path, body }) => ({ path: forge(path), body }))
  let over = false
  let forged = 0
  let believed = 0
  const from = performance.now()
  const lanes = Array.from({ length: FLOOD_CONNECTIONS }, async (_, lane) => {
    for (let i = lane; !over; i++) {
      const { path, body } = list[i % list.length]!
      const answer = await pool.request({ method: 'POST', path, body, headers })
      await answer.body.dump()
      forged++
      if (answer.statusCode !== 403) believed++
    }
  })
  const result = await during()
  over = true
  await Promise.all(lanes)
  await pool.close()
  return { result, believed, perSecond: Math.round((forged * 1000) / (performance.now() - from)) }
}

/** Good callbacks alone and beside a flood of forged ones, on our own path in (reliability.md S12). The ratio counts. */
export async function load(): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-flood-'))
  const engine = await startEmbeddedMongo({ dir: join(dir, 'db'), dbName: 'bench' })
  const ours = await serve('ours', engine.uri)
  await good(ours)
  const alone: Awaited<ReturnType<typeof good>>[] = []
  const beside: typeof alone = []
  const forged: { believed: number; perSecond: number }[] = []
  // In turns, the best of each: a busy machine slows both.
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(await good(ours))
    const { result, ...flood } = await flooded(ours, () => good(ours))
    beside.push(result)
    forged.push(flood)
  }
  ours.child.kill()
  await engine.stop()
  rmSync(dir, { recursive: true, force: true })
  const best = (of: typeof alone) => ({
    p50: Math.min(...of.map((r) => r.p50)),
    p99: Math.min(...of.map((r) => r.p99)),
    refused: of.reduce((sum, r) => sum + r.refused, 0),
  })
  const result = {
    ...{ goodPerSecond: GOOD_PER_SECOND, rounds: ROUNDS, alone: best(alone), beside: best(beside) },
    forgedPerSecond: Math.max(...forged.map((f) => f.perSecond)),
    forgedBelieved: forged.reduce((sum, f) => sum + f.believed, 0),
    p99Ratio: Number((best(beside).p99 / best(alone).p99).toFixed(2)),
  }
  console.log(JSON.stringify(result, undefined, 2))
  mkdirSync('bench/results', { recursive: true })
  writeFileSync('bench/results/flood.json', `${JSON.stringify(result, undefined, 2)}\n`)
  return result.forgedBelieved + result.alone.refused + result.beside.refused === 0
}

import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import type { requests } from '../callbacks/requests.ts'

/** WeCom answers for itself after five seconds; nothing of ours should come near it. */
const CONNECTIONS = 128

type Requests = ReturnType<typeof requests>

/** Sends at an even pace whatever the answers do, and counts from the instant a request was due: a queue is not hidden. In ms. */
export async function pace(port: number, list: Requests, perSecond: number) {
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

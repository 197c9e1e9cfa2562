import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '../../src/log.ts'
import { createOutbox } from '../../src/outbox/outbox.ts'
import type { Db } from '../../src/store/connect.ts'
import { requests } from '../callbacks/requests.ts'
import { serve } from '../callbacks/serve.ts'
import { pace } from './pace.ts'
import { service, settled } from './service.ts'

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

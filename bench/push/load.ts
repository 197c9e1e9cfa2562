import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedMongo } from 'embedded-mongo'
import { Pool } from 'undici'
import type { Card } from '../../cards/card.ts'
import { systemClock } from '../../src/clock.ts'
import { createLog } from '../../src/log.ts'
import { backOffMs, createOutbox } from '../../src/outbox/outbox.ts'
import { createSender } from '../../src/outbox/sender.ts'
import { drawCard } from '../../src/platforms/wecom/draw-card.ts'
import { createWecom } from '../../src/platforms/wecom/index.ts'
import { cardStore } from '../../src/store/cards.ts'
import { connect } from '../../src/store/connect.ts'
import { peopleStore } from '../../src/store/people.ts'

const card = (i: number): Card => ({
  title: '请提交周计划',
  text: `第${i}位同事，本周六12:00前提交`,
  facts: [{ label: '截止', value: '周六 12:00' }],
  buttons: [{ text: '现在写', action: 'write' }],
})

/** Ten thousand: what WeCom takes in a minute, so that our own meter holds nothing back. The outbox from rows to results, beside a loop of undici that sends the same cards and remembers nothing. */
export async function load({ cards: n = 10_000 } = {}): Promise<object> {
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-push-'))
  const engine = await startEmbeddedMongo({ dir: join(dir, 'db'), dbName: 'bench' })
  const sink = fork('dist/bench/sink.js', { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const { port } = await new Promise<{ port: number }>((done) => sink.once('message', done as never))
  const base = `http://127.0.0.1:${port}`
  const counted = async () => {
    sink.send('count')
    return new Promise<{ messages: number; distinct: number }>((done) => sink.once('message', done as never))
  }

  const pool = new Pool(base, { connections: 48 })
  const publicBaseUrl = 'https://jixiao.example.com'
  let next = 0
  const bareFrom = performance.now()
  const bareCpu = process.cpuUsage()
  const lane = async () => {
    for (let i = next++; i < n; i = next++) {
      const body = {
        touser: `u${i}`,
        agentid: 1,
        msgtype: 'template_card',
        template_card: drawCard(card(i), { publicBaseUrl, taskId: `bare${i}` }),
      }
      const answer = await pool.request({
        method: 'POST',
        path: '/cgi-bin/message/send?access_token=t',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      })
      await answer.body.json()
    }
  }
  await Promise.all(Array.from({ length: 48 }, lane))
  const bareSeconds = (performance.now() - bareFrom) / 1000
  const bareUs = process.cpuUsage(bareCpu)
  await pool.close()

  const log = createLog('silent')
  const db = await connect(engine.uri)
  const clock = systemClock
  const people = peopleStore(db)
  const cards = cardStore(db)
  const settings = {
    corpId: 'wwbench',
    agentId: 1,
    secret: 's',
    token: 't',
    aesKey: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C',
  }
  const wecom = createWecom({ ...settings, apiBase: base, oauthBase: base, publicBaseUrl, menu: [] }, { clock, log })
  const sender = createSender({
    ...{ db, clock, people, cards, platforms: { wecom }, zone: () => 'Asia/Shanghai', backOff: backOffMs },
    quiet: () => ({ from: '00:00', to: '00:00', mostPerDay: 100 }),
    render: async () => ({ cancel: 'none' }),
  })
  const options = { db, clock, log, owner: 'bench', sender }
  const writer = createOutbox(options)
  for (const m of [people.model, cards.model, writer.model]) await m.createIndexes()
  await writer.stop()
  for (let i = 0; i < n; i += 1_000) {
    const some = Array.from({ length: Math.min(1_000, n - i) }, (_, k) => i + k)
    await people.model.collection.insertMany(
      some.map((k) => ({
        _id: `e${k}`,
        name: `员工${k}`,
        position: '',
        departments: [],
        roles: [],
        nicknames: [],
        active: true,
        wecom: `u${k}`,
      })) as never[],
    )
    await writer.add(
      some.map((k) => ({
        key: `push/${k}`,
        to: `e${k}`,
        mode: 'push' as const,
        content: { kind: 'card' as const, card: card(k), subject: `push/${k}`, context: {} },
      })),
    )
  }
  const memory = process.memoryUsage().rss
  let most = memory
  const watching = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss)
  }, 100)
  const outbox = createOutbox(options)
  const before = await counted()
  const from = performance.now()
  const cpu = process.cpuUsage()
  outbox.wake()
  await outbox.idle()
  const seconds = (performance.now() - from) / 1000
  const us = process.cpuUsage(cpu)
  clearInterval(watching)
  const after = await counted()
  const sent = await outbox.model.countDocuments({ state: 'sent' })
  await outbox.stop()
  await wecom.stop()
  await db.close()
  await engine.stop()
  sink.kill()
  rmSync(dir, { recursive: true, force: true })
  const result = {
    cards: n,
    ...{ sent, arrived: after.messages - before.messages, distinct: after.distinct - before.distinct },
    throughputOfBare: Number((bareSeconds / seconds).toFixed(2)),
    // The embedded database works in this process too; with a MongoDB server its share is elsewhere.
    cpuOfBare: Number(((us.user + us.system) / (bareUs.user + bareUs.system)).toFixed(2)),
    memoryGrownMb: Math.round((most - memory) / 1e6),
    perSecond: { bare: Math.round(n / bareSeconds), ours: Math.round(n / seconds) },
  }
  mkdirSync('bench/results', { recursive: true })
  writeFileSync('bench/results/push.json', `${JSON.stringify(result, undefined, 2)}\n`)
  return result
}

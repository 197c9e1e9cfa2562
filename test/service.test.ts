import { connect } from 'node:net'
import { Writable } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import { createLog } from '../src/log.ts'
import { startWeekWorld, type WeekWorld } from './week-world.ts'

let world: WeekWorld
afterEach(() => world?.stop())

const start = { start: '2026-11-20T10:00:00+08:00' }
const inboxSize = () => world.bot().ctx.people.model.db.collection('inbox').countDocuments()

test('hostile callbacks are refused with 4xx and leave nothing behind; a good one still works', async () => {
  world = await startWeekWorld(start)
  const before = await inboxSize()
  for (const kind of [
    'bad-signature',
    'no-signature',
    'wrong-token',
    'wrong-receiveid',
    'wrong-agent',
    'wrong-key',
    'tampered',
    'cut',
    'pad-zero',
    'pad-33',
    'pad-unequal',
    'length-beyond',
    'doubled-query',
    'doctype-outside',
    'doctype-inside',
    'not-xml',
    'no-encrypt',
  ] as const) {
    const status = await world.wecom!.probe(kind)
    expect([kind, status >= 400 && status < 500]).toEqual([kind, true])
  }
  expect([0, 413]).toContain(await world.wecom!.probe('oversized'))
  expect(await inboxSize()).toBe(before)
  const zhao = world.phone('zhao')
  await zhao.type('帮助')
  expect(zhao.sees()).toContain('发“周计划”')
})

test('a captured request has no second effect, and beyond ten minutes it is refused', async () => {
  world = await startWeekWorld(start)
  const zhao = world.phone('zhao')
  await zhao.type('帮助')
  const after = zhao.messages().length
  expect(await world.wecom!.probe('replay')).toBe(200)
  await world.bot().idle()
  expect(zhao.messages()).toHaveLength(after)
  world.clock.set('2026-11-20T10:30:00+08:00')
  expect(await world.wecom!.probe('replay')).toBeGreaterThanOrEqual(400)
})

test('a body announced or sent beyond the limit is cut off', async () => {
  world = await startWeekWorld(start)
  const { port } = world.bot()
  const status = (request: string, body: Buffer) =>
    new Promise<string>((resolve) => {
      let answer = ''
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(request)
        socket.write(body)
      })
      socket.on('data', (d) => {
        answer += d
      })
      socket.on('error', () => resolve(answer.slice(0, 12)))
      socket.on('close', () => resolve(answer.slice(0, 12)))
    })
  const head = 'POST /wecom/callback?msg_signature=a&timestamp=1&nonce=2 HTTP/1.1\r\nHost: x\r\n'
  expect(await status(`${head}Content-Length: 2000000\r\n\r\n`, Buffer.alloc(100_000, 'x'))).toBe('HTTP/1.1 413')
  const chunk = `${(65_000).toString(16)}\r\n${'x'.repeat(65_000)}\r\n`
  expect(await status(`${head}Transfer-Encoding: chunked\r\n\r\n`, Buffer.from(chunk + chunk))).toBe('HTTP/1.1 413')
  expect((await fetch(`${world.bot().url}/healthz`)).status).toBe(200)
})

test('health, readiness and metrics say how it is', async () => {
  world = await startWeekWorld({ ...start, platforms: ['wecom', 'dingtalk'] })
  const { url } = world.bot()
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ ok: true })
  const ready = await fetch(`${url}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([
    200,
    { ok: true, checks: { database: 'ok', wecom: 'ok', dingtalk: 'ok' } },
  ])
  await world.phone('zhao').type('帮助')
  const metrics = await (await fetch(`${url}/metrics`)).text()
  expect(metrics).toContain('jixiao_events_total{platform="wecom",type="text"} 1')
  expect(metrics).toContain('jixiao_outbox_messages{state="pending"} 0')
  expect(metrics).not.toContain('zhao')
  world.wecom!.faults.untrustedIp = '203.0.113.7'
  world.wecom!.invalidateTokens()
  await world.phone('zhao').type('帮助')
  const down = await fetch(`${url}/readyz`)
  expect(down.status).toBe(503)
  expect(JSON.stringify(await down.json())).toMatch(/203.0.113.7.*可信IP|可信IP.*203.0.113.7/)
})

test('the log has one trail per event and holds no secret, no words and no names', async () => {
  const lines: string[] = []
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const log = createLog('trace', sink)
  world = await startWeekWorld({ ...start, log, platforms: ['wecom', 'dingtalk'] })
  const zhao = world.phone('zhao')
  await zhao.type('周计划\n1. 机密采购谈判 50分')
  await zhao.tap('提交')
  world.wecom!.faults.next.push('busy')
  await zhao.type('我的')
  await world.stop()
  const all = lines.join('')
  for (const secret of [
    'app-secret',
    'ding-secret',
    'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C',
    'a-session-secret',
    '机密采购',
    '赵敏',
    '李静',
    'access_token=',
  ]) {
    expect([secret, all.includes(secret)]).toEqual([secret, false])
  }
  const sent = lines.map((l) => JSON.parse(l)).filter((l) => l.msg === 'sent')
  expect(sent.length).toBeGreaterThanOrEqual(2)
  expect(sent.every((l) => l.cause)).toBe(true)
})

test('stopping lets what is under way finish and serves nothing new', async () => {
  world = await startWeekWorld(start)
  const zhao = world.phone('zhao')
  const typed = Promise.all(
    Array.from({ length: 20 }, (_, i) => world.wecom!.type('zhao', `帮助${'？'.repeat(i % 2)}`).catch(() => {})),
  )
  await world.restart()
  await typed
  await world.bot().idle()
  await expect
    .poll(async () => world.bot().ctx.people.model.db.collection('inbox').countDocuments({ state: 'new' }))
    .toBe(0)
  const answers = zhao.messages().filter((m) => m.from === 'bot').length
  const stored = await inboxSize()
  expect(answers).toBe(stored)
})

test('with passive updates on, the click’s own answer shows the next face; ignored by the platform, the API does it', async () => {
  for (const ignored of [false, true]) {
    world = await startWeekWorld({ ...start, env: { WECOM_PASSIVE_UPDATES: 'true' } })
    world.wecom!.quirks.passiveUpdateIgnored = ignored
    const zhao = world.phone('zhao')
    await zhao.type('周计划\n1. 考勤统计 50分')
    await zhao.tap('提交')
    expect(zhao.sees()).toContain('已提交')
    const click = world.wecom!.callbacks.at(-1)
    expect([click?.reply, click?.replyProblem]).toEqual([ignored ? undefined : 'update_template_card', undefined])
    await world.stop()
  }
})

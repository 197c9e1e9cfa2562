import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createBreaker } from '../src/outbox/breaker.ts'
import { createOutageWatch } from '../src/platforms/outages.ts'
import { companyOfFive, companyYaml } from './company-of-five.ts'
import { startWeekWorld, type WeekWorld } from './week-world.ts'

const startWorldOn = (...platforms: ('wecom' | 'dingtalk')[]): Promise<WeekWorld> =>
  startWeekWorld({
    ...{ start: '2026-11-16T10:00:00+08:00', platforms, yaml: `${companyYaml}roles: { admin: ['0003'] }\n` },
  })

/** Texts to everybody, `each` of them. */
async function tell(world: WeekWorld, name: string, each: number): Promise<number> {
  const { ctx } = world.bot()
  const people = await ctx.people.active()
  const rows = people.flatMap((p) =>
    Array.from({ length: each }, (_, n) => ({
      ...{ key: `${name}/${n}/${p._id}`, to: p._id, mode: 'answer' as const },
      content: { kind: 'text' as const, text: `${name} ${n}` },
    })),
  )
  await ctx.outbox.add(rows)
  return rows.length
}

const states = async (world: WeekWorld, name: string) => {
  const rows = await world
    .bot()
    .ctx.outbox.model.find({ _id: new RegExp(`^${name}/`) }, { state: 1 })
    .lean()
  return rows.map((r) => r.state)
}
const allSent = (world: WeekWorld, name: string) =>
  expect.poll(async () => new Set(await states(world, name))).toEqual(new Set(['sent']))
const ready = async (world: WeekWorld) => (await fetch(`${world.bot().url}/readyz`)).json()
const metrics = async (world: WeekWorld) => (await fetch(`${world.bot().url}/metrics`)).text()

/** What everybody has, each text once. */
function arrived(world: WeekWorld, platform: 'wecom' | 'dingtalk', name: string): string[] {
  return companyOfFive.flatMap(({ userId }) =>
    world
      .phone(userId, platform)
      .messages()
      .filter((m) => m.text?.startsWith(name))
      .map((m) => `${userId} ${m.text}`),
  )
}

describe('the breaker', () => {
  const later = { kind: 'later', reason: '', afterMs: 0 } as const
  const down = { ...later, outage: true } as const
  const refused = { kind: 'refused', reason: '', advice: '', outage: true } as const

  function breakerAt() {
    let now = 0
    let closed = 0
    const breaker = createBreaker({ nowMs: () => now, onClose: () => closed++ })
    return { breaker, pass: (ms: number) => (now += ms), closed: () => closed }
  }

  test('opens after five calls in a row that nobody answered, and not with one that was answered in between', () => {
    const { breaker } = breakerAt()
    for (let i = 0; i < 4; i++) breaker.note(down)
    breaker.note({ kind: 'refused', reason: '', advice: '' })
    for (let i = 0; i < 4; i++) breaker.note({ kind: 'unknown', reason: '' })
    expect([breaker.isOpen(), breaker.ask()]).toEqual([false, 0])
    breaker.note(down)
    expect([breaker.isOpen(), breaker.ask()]).toEqual([true, 1_000])
  })

  test('lets one through when it is time, twice as long after each failure up to half a minute, and all after a success', () => {
    const { breaker, pass, closed } = breakerAt()
    breaker.note(refused)
    const waits: number[] = []
    for (let i = 0; i < 7; i++) {
      waits.push(breaker.heldMs())
      pass(breaker.heldMs())
      expect([breaker.ask(), breaker.ask() > 0]).toEqual([0, true])
      breaker.note(down)
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    pass(30_000)
    expect(breaker.ask()).toBe(0)
    breaker.note(later)
    expect([breaker.isOpen(), breaker.ask(), closed()]).toEqual([false, 0, 1])
  })

  test('learns nothing from what our own pace held back', () => {
    const { breaker, pass } = breakerAt()
    breaker.note(refused)
    pass(1_000)
    expect(breaker.ask()).toBe(0)
    breaker.note({ ...later, afterMs: 300, untried: true })
    expect([breaker.isOpen(), breaker.heldMs()]).toEqual([true, 300])
  })
})

describe.each(['wecom', 'dingtalk'] as const)('%s', (platform) => {
  let world: WeekWorld
  beforeAll(async () => {
    world = await startWorldOn(platform)
  })
  afterAll(() => world.stop())
  // WeCom lets one person have thirty messages a minute.
  beforeEach(() => world.clock.set(new Date(world.clock.now().getTime() + 120_000).toISOString()))

  test('cannot be reached: nothing is lost, doubled or counted as tried in vain, all says so, and it recovers alone', async () => {
    const fault = async (on: boolean) => {
      if (world.wecom) await world.wecom.refuseConnections(on)
      else world.dingtalk!.faults.down = on
    }
    await fault(true)
    const count = await tell(world, '停机', 8)
    await expect.poll(() => ready(world)).toMatchObject({ ok: false, checks: { [platform]: expect.any(String) } })
    await expect
      .poll(async () => (await metrics(world)).includes(`jixiao_platform_up{platform="${platform}"} 0`))
      .toBe(true)
    expect(await states(world, '停机')).toEqual(Array(count).fill('pending'))
    const figures = await metrics(world)
    expect(figures).toMatch(
      new RegExp(`jixiao_platform_calls_total{platform="${platform}",code="(unsent|unknown|not-reached|no-answer)"} `),
    )
    expect(figures).toContain(`jixiao_outbox_messages{state="pending"} ${count}`)
    // A process whose platform is away still answers for itself.
    expect((await fetch(`${world.bot().url}/healthz`)).status).toBe(200)
    await fault(false)
    await allSent(world, '停机')
    expect(new Set(arrived(world, platform, '停机')).size).toBe(count)
    expect(arrived(world, platform, '停机')).toHaveLength(count)
    await expect.poll(() => ready(world)).toMatchObject({ ok: true })
  })

  test('takes no message because of a setting: one call finds out, the messages wait, and go out when it is mended', async () => {
    const set = (on: boolean) => {
      if (world.wecom) world.wecom.faults.untrustedIp = on ? '203.0.113.9' : undefined
      else world.dingtalk!.faults.ipNotInWhitelist = on
    }
    set(true)
    const sends = () => world[platform]!.log.filter((e) => /message\/send|batchSend/.test(e.path)).length
    const before = sends()
    const count = await tell(world, '白名单', 8)
    await expect.poll(async () => JSON.stringify(await ready(world))).toMatch(/可信IP|白名单/)
    expect(await states(world, '白名单')).toEqual(Array(count).fill('pending'))
    // One for each lane that was under way, not one for each message.
    expect(sends() - before).toBeLessThanOrEqual(companyOfFive.length + 3)
    set(false)
    await allSent(world, '白名单')
    expect(arrived(world, platform, '白名单')).toHaveLength(count)
    await expect.poll(() => ready(world)).toMatchObject({ ok: true })
  })

  test('ends all tokens while messages are under way: one new token for all, every message once', async () => {
    const tokens = () => world[platform]!.log.filter((e) => /gettoken|accessToken/.test(e.path)).length
    await tell(world, '之前', 1)
    await allSent(world, '之前')
    const before = tokens()
    if (world.wecom) world.wecom.invalidateTokens()
    else world.dingtalk!.faults.invalidateTokens()
    const count = await tell(world, '令牌', 4)
    await allSent(world, '令牌')
    expect(tokens() - before).toBe(1)
    expect(arrived(world, platform, '令牌')).toHaveLength(count)
    expect(await metrics(world)).toContain(
      `jixiao_platform_tokens_total{platform="${platform}",outcome="ok"} ${tokens()}`,
    )
  })

  test('gives no token: it is asked for seldom, not for each message', async () => {
    const tokens = () => world[platform]!.log.filter((e) => /gettoken|accessToken/.test(e.path)).length
    if (world.wecom) Object.assign(world.wecom.faults, { only: /gettoken/, busyShare: 1 })
    else Object.assign(world.dingtalk!.faults, { only: /accessToken/, http500Share: 1 })
    if (world.wecom) world.wecom.invalidateTokens()
    else world.dingtalk!.faults.invalidateTokens()
    const before = tokens()
    const from = performance.now()
    const count = await tell(world, '凭证', 10)
    await expect.poll(() => ready(world)).toMatchObject({ ok: false })
    expect(await states(world, '凭证')).toEqual(Array(count).fill('pending'))
    expect(tokens() - before).toBeLessThanOrEqual(2 + (performance.now() - from) / 1_000)
    Object.assign(world[platform]!.faults, { busyShare: 0, http500Share: 0 })
    await allSent(world, '凭证')
    expect(arrived(world, platform, '凭证')).toHaveLength(count)
  })
})

describe('a platform', () => {
  let world: WeekWorld
  beforeAll(async () => {
    world = await startWorldOn('wecom')
  })
  afterAll(() => world.stop())

  test('that answers slowly keeps no callback waiting', async () => {
    world.wecom!.faults.slowMs = 1_500
    await tell(world, '缓慢', 2)
    await Promise.all(companyOfFive.map(({ userId }) => world.wecom!.type(userId, '帮助')))
    const attempts = world.wecom!.callbacks.slice(-companyOfFive.length).flatMap((c) => c.attempts)
    // Acknowledged before anything is answered: each once, none after a repetition.
    expect(attempts.map((a) => a.status)).toEqual(companyOfFive.map(() => 200))
    expect(await states(world, '缓慢')).toContain('pending')
    world.wecom!.faults.slowMs = 0
    await allSent(world, '缓慢')
    expect(arrived(world, 'wecom', '缓慢')).toHaveLength(2 * companyOfFive.length)
  })

  test('that says too often is left alone for its minute, and everything goes after it, once', async () => {
    const sends = () => world.wecom!.log.filter((e) => e.path.endsWith('/message/send')).length
    await world.bot().idle()
    world.clock.set(new Date(world.clock.now().getTime() + 120_000).toISOString())
    world.wecom!.faults.next.push('rate-limit')
    const before = sends()
    const count = await tell(world, '频繁', 4)
    await expect.poll(sends).toBeGreaterThan(before)
    await expect
      .poll(async () => (await world.bot().ctx.outbox.model.find({ _id: /^频繁/, reason: /频/ }).lean()).length)
      .toBeGreaterThan(count / 2)
    const asked = sends()
    // At most what was under way when it was said.
    expect(asked - before).toBeLessThanOrEqual(companyOfFive.length)
    world.bot().ctx.outbox.sweep()
    await world.bot().idle()
    expect(sends()).toBe(asked)
    world.clock.set(new Date(world.clock.now().getTime() + 61_000).toISOString())
    await world.bot().ctx.outbox.release()
    await allSent(world, '频繁')
    expect(arrived(world, 'wecom', '频繁')).toHaveLength(count)
    expect(world.wecom!.faults.counts['rate-limit']).toBe(1)
  })

  test('that takes ten seconds for an answer: a hundred callbacks are acknowledged, each at its first delivery, before the first of them', async () => {
    await world.bot().idle()
    const wecom = world.wecom!
    const [calls, deliveries] = [wecom.log.length, wecom.callbacks.length]
    wecom.faults.slowMs = 10_000
    // The outbox has as much under way as it takes.
    await tell(world, '十秒', 15)
    await expect.poll(() => wecom.log.length).toBeGreaterThan(calls)
    for (let round = 0; round < 20; round++)
      await Promise.all(companyOfFive.map(({ userId }) => wecom.type(userId, '我的')))
    const attempts = wecom.callbacks.slice(deliveries).flatMap((c) => c.attempts)
    expect(attempts.map((a) => a.status)).toEqual(Array(100).fill(200))
    const unanswered = wecom.log.slice(calls)
    expect(unanswered.map((e) => e.status)).toEqual(unanswered.map(() => 0))
    expect(await world.bot().ctx.people.model.db.collection('inbox').countDocuments()).toBeGreaterThanOrEqual(100)
    // Nobody waits for the ten seconds to pass: the connections break.
    wecom.faults.slowMs = 0
    await wecom.refuseConnections(true)
    await wecom.refuseConnections(false)
  })
})

test('the administrator hears of an outage once, on the platform that works, and once of its end', async () => {
  const world = await startWorldOn('wecom', 'dingtalk')
  onTestFinished(() => world.stop())
  const bot = world.bot()
  // Another replica sees the same.
  const other = createOutageWatch(bot.ctx, (name) => !bot.ctx.platforms[name]!.status().ok)
  const pass = async (seconds: number) => {
    world.clock.set(new Date(world.clock.now().getTime() + seconds * 1_000).toISOString())
    await bot.lookAfterOutages()
    await other.look()
    await bot.idle()
  }
  const told = () =>
    world
      .phone('zhao', 'dingtalk')
      .messages()
      .map((m) => m.text)
  const everybody = () =>
    companyOfFive
      .flatMap(({ userId }) => [world.phone(userId, 'wecom'), world.phone(userId, 'dingtalk')])
      .flatMap((p) => p.messages())
  await pass(5)
  world.wecom!.faults.untrustedIp = '203.0.113.9'
  await bot.ctx.platforms.wecom!.members().catch(() => {})
  await pass(5)
  await pass(50)
  expect(everybody()).toEqual([])
  for (let i = 0; i < 5; i++) await pass(30)
  expect(told()).toEqual([expect.stringMatching(/^企业微信从11月16日 10:00起不可用：.*203\.0\.113\.9/)])
  world.wecom!.faults.untrustedIp = undefined
  await bot.ctx.platforms.wecom!.members()
  await pass(5)
  expect(told()).toHaveLength(1)
  // Away again for a moment: the same outage.
  world.wecom!.faults.untrustedIp = '203.0.113.9'
  await bot.ctx.platforms.wecom!.members().catch(() => {})
  for (let i = 0; i < 4; i++) await pass(30)
  world.wecom!.faults.untrustedIp = undefined
  await bot.ctx.platforms.wecom!.members()
  for (let i = 0; i < 4; i++) await pass(30)
  expect(told()).toEqual([
    expect.any(String),
    expect.stringMatching(/^企业微信已恢复（11月16日 10:00至11月16日 10:\d\d不可用）/),
  ])
  expect(everybody()).toHaveLength(2)
})

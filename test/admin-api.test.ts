import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { notices } from '../jobs/notices.ts'
import type {
  AdminAudit,
  AdminDeliveries,
  AdminDelivery,
  AdminDone,
  AdminJob,
  AdminMeter,
  AdminOverview,
  AdminPeople,
  AdminRehearsalLine,
} from '../src/http/admin/contract.ts'
import { adminEndpoints, REHEARSAL } from '../src/http/admin/index.ts'
import { noticeLabels } from '../src/http/admin/words.ts'
import { startWeekWorld, type WeekWorld } from './week-world.ts'

const TOKEN = 'a-token-for-the-admin-of-this-test'
let world: WeekWorld

// One world for all: each test goes on where the one before it left it, at a later time.
beforeAll(async () => {
  // The rehearsal is a process of its own.
  execFileSync(process.execPath, ['scripts/build.mjs', 'embedded database', 'service'], { stdio: 'ignore' })
  world = await startWeekWorld({
    start: '2026-11-16T10:00:00+08:00',
    platforms: ['wecom', 'dingtalk'],
    env: { ADMIN_TOKEN: TOKEN },
  })
})
afterAll(() => world.stop())

beforeEach(async () => {
  await world.bot().ctx.audit.model.deleteMany({})
  pass(2)
})

/** Minutes, without anything being due. */
function pass(minutes: number): void {
  world.clock.set(new Date(world.clock.now().getTime() + minutes * 60_000).toISOString())
}

async function call(method: string, path: string, body?: object, token: string | undefined = TOKEN) {
  const answer = await fetch(world.bot().url + path, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, text: await answer.text(), headers: answer.headers }
}

const get = async <T>(path: string) => JSON.parse((await call('GET', path)).text) as T
const post = async <T = AdminDone>(path: string, body: object) => JSON.parse((await call('POST', path, body)).text) as T
const search = async (wanted: object) => (await post<AdminDeliveries>('/api/admin/deliveries/search', wanted)).rows
const audit = () => world.bot().ctx.audit.model.find({ by: 'admin' }).sort({ at: 1 }).lean()

const routes = [...adminEndpoints.map((e) => [e.method, e.path] as const), ['POST', REHEARSAL] as const]

describe('who may', () => {
  test('without ADMIN_TOKEN there is no such page and no such route', async () => {
    const other = await startWeekWorld({ start: '2026-11-16T10:00:00+08:00' })
    try {
      for (const [method, path] of [...routes, ['GET', '/admin'], ['GET', '/admin/assets/x.js']] as const) {
        const headers = { authorization: `Bearer ${TOKEN}` }
        expect([path, (await fetch(other.bot().url + path, { method, headers })).status]).toEqual([path, 404])
      }
    } finally {
      await other.stop()
    }
  })

  test('every route asks for the token, and nothing is done before it is right', async () => {
    expect(routes.length).toBeGreaterThan(9)
    for (const [method, path] of routes) {
      // The wrong ones are counted: each route at a time of its own.
      pass(2)
      const body = method === 'POST' ? { key: 'k', name: 'retention' } : undefined
      for (const token of ['', 'wrong', `${TOKEN}x`, TOKEN.slice(0, -1)])
        expect([path, (await call(method, path, body, token)).status]).toEqual([path, 401])
      const odd = await fetch(world.bot().url + path, { method, headers: { authorization: TOKEN } })
      expect([path, odd.status]).toEqual([path, 401])
      const inAddress = await fetch(`${world.bot().url}${path}?token=${TOKEN}&access_token=${TOKEN}`, { method })
      expect([path, inAddress.status]).toEqual([path, 401])
    }
    expect(await audit()).toEqual([])
  })

  test('after ten wrong tokens in a minute also the right one has to wait for the minute to be over', async () => {
    const status = async (token?: string) => (await call('GET', '/api/admin/overview', undefined, token)).status
    for (let i = 0; i < 10; i++) expect(await status(`guess-${i}`)).toBe(401)
    const refused = await call('GET', '/api/admin/overview')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
    // The figures have the same door: no guessing there either.
    expect((await call('GET', '/metrics')).status).toBe(429)
    pass(1)
    expect(await status()).toBe(200)
    expect((await call('GET', '/metrics')).status).toBe(200)
    expect((await call('GET', '/metrics', undefined, 'wrong')).status).toBe(401)
  })

  test('nobody without any token is locked out, however often it is tried', async () => {
    for (let i = 0; i < 12; i++) await call('GET', '/api/admin/overview', undefined, '')
    expect((await call('GET', '/api/admin/overview')).status).toBe(200)
  })
})

test('the overview says what is wrong, and has a word for every notice there is', async () => {
  const seen = await get<AdminOverview>('/api/admin/overview')
  expect(seen).toMatchObject({ company: '测试公司', ok: true, failed: 0, parked: 0 })
  expect(seen.checks).toEqual([
    { name: 'database', ok: true, said: 'ok' },
    { name: 'wecom', ok: true, said: 'ok' },
    { name: 'dingtalk', ok: true, said: 'ok' },
  ])
  expect(Object.keys(notices).filter((name) => !noticeLabels[name])).toEqual([])
  expect(Object.keys(noticeLabels).filter((name) => !notices[name])).toEqual([])
})

describe('deliveries', () => {
  test('are found by person, state, kind and day, with why they failed and what to do, and go out again on request', async () => {
    world.wecom!.setUnlicensed(['zhao'])
    await world.phone('zhao').type('放假安排')
    await world.phone('li').type('放假安排')
    const [failed] = await search({ state: 'failed' })
    expect(failed).toMatchObject({ name: '赵敏', state: 'failed', recall: { possible: false } })
    expect(`${failed!.reason}。${failed!.advice}`).toContain('接口许可')
    // What it says is not the administrator's to read.
    expect(JSON.stringify(failed)).not.toContain('没有其他放假')
    const found = async (wanted: object) => (await search(wanted)).map((r: AdminDelivery) => r.name).sort()
    expect(await found({ person: '赵' })).toEqual(['赵敏'])
    expect(await found({ person: 'li' })).toEqual(['李静'])
    expect(await found({ person: '没有此人' })).toEqual([])
    expect(await found({ kind: 'answer' })).toEqual(['李静', '赵敏'])
    expect(await found({ kind: 'notice:plan-reminder' })).toEqual([])
    expect(await found({ from: '2026-11-16', until: '2026-11-16' })).toEqual(['李静', '赵敏'])
    expect(await found({ until: '2026-11-15' })).toEqual([])
    expect(await found({ from: '2026-11-17' })).toEqual([])
    world.wecom!.setUnlicensed([])
    expect(await post('/api/admin/deliveries/retry', { key: failed!.key })).toMatchObject({ ok: true })
    await world.bot().idle()
    expect(world.phone('zhao').sees()).toContain('没有其他放假安排')
    expect(await post('/api/admin/deliveries/retry', { key: failed!.key })).toMatchObject({ ok: false })
    expect(await post('/api/admin/deliveries/retry-all', {})).toMatchObject({ ok: false })
    const lines = await audit()
    expect(lines.map((l) => [l.by, l.what, l.to])).toEqual([['admin', 'delivery-retried', `outbox/${failed!.key}`]])
    expect(JSON.stringify(lines)).not.toContain(TOKEN)
  })

  test('all that failed go out again together', async () => {
    world.wecom!.setUnlicensed(['zhao', 'li'])
    await world.phone('zhao').type('放假安排')
    await world.phone('li').type('放假安排')
    world.wecom!.setUnlicensed([])
    const said = await post('/api/admin/deliveries/retry-all', {})
    expect(said).toMatchObject({ ok: true, said: expect.stringContaining('2条') })
    await world.bot().idle()
    expect(await search({ state: 'failed' })).toEqual([])
  })

  test('what a page sends is checked: nothing but words reaches the database', async () => {
    for (const wanted of [
      { state: { $ne: 'sent' } },
      { person: { $gt: '' } },
      { kind: 'notice:$where' },
      { from: '2026-02-30' },
      { skip: -1 },
      { token: TOKEN },
    ])
      expect((await call('POST', '/api/admin/deliveries/search', wanted)).status).toBe(400)
    expect((await call('POST', '/api/admin/deliveries/recall', { key: { $ne: 1 } })).status).toBe(400)
    expect((await call('POST', '/api/admin/deliveries/recall', { key: 'nothing' })).status).toBe(404)
  })

  test('a long text that went in parts is taken back in all its parts', async () => {
    const person = (await world.bot().ctx.people.byAccount('wecom', 'zhao'))!
    const longText = Array.from({ length: 900 }, (_, i) => `${i}. 很长的说明。`).join('\n')
    for (const platform of ['wecom', 'dingtalk'] as const) {
      const before = world.phone('zhao', platform).messages().length
      const content = { kind: 'text' as const, text: longText }
      await world.bot().ctx.outbox.add([{ key: `long/${platform}`, to: person._id, mode: 'answer', platform, content }])
      await world.bot().idle()
      const parts = () => world.phone('zhao', platform).messages().slice(before)
      expect(parts().length).toBeGreaterThan(1)
      expect(await post('/api/admin/deliveries/recall', { key: `long/${platform}` })).toMatchObject({ ok: true })
      expect(parts().every((m) => m.recalled)).toBe(true)
    }
  })

  test('that the platform does not know any more, or just now, are answered as what they are', async () => {
    await world.phone('zhao').type('放假安排')
    const [row] = await search({ person: '赵敏' })
    await world.bot().ctx.outbox.model.updateOne({ _id: row!.key }, { $set: { messageId: 'unknown-to-the-platform' } })
    const gone = await post('/api/admin/deliveries/recall', { key: row!.key })
    expect(gone).toMatchObject({ ok: false, said: expect.stringContaining('找不到这条消息') })
    world.wecom!.faults.next.push('busy')
    const busy = await post('/api/admin/deliveries/recall', { key: row!.key })
    expect(busy).toMatchObject({ ok: false, said: expect.stringContaining('请稍后再试') })
    await world.bot().ctx.outbox.model.updateOne({ _id: row!.key }, { $unset: { messageId: 1 } })
    expect((await search({ person: '赵敏' }))[0]!.recall).toMatchObject({ possible: false })
  })
})

test('a job is run now under the key of the clock: once', async () => {
  const jobs = async () => (await get<{ rows: AdminJob[] }>('/api/admin/jobs')).rows
  expect((await jobs()).find((j) => j.name === 'retention')).toMatchObject({
    about: expect.stringContaining('00:10'),
    next: '2026-11-16T16:10:00.000Z',
  })
  const run = (body: object) => post('/api/admin/jobs/run', body)
  expect(await run({ name: 'retention' })).toMatchObject({ ok: true, said: expect.stringContaining('已执行') })
  expect(await run({ name: 'retention' })).toMatchObject({ ok: true, said: expect.stringContaining('没有重复') })
  expect((await jobs()).find((j) => j.name === 'retention')?.last).toEqual({
    ...{ at: '2026-11-15T16:10:00.000Z', state: 'done' },
  })
  expect(await run({ name: 'retention', at: '2026-11-16T00:11:00+08:00' })).toMatchObject({ ok: false })
  expect(await run({ name: 'retention', at: '2026-11-17T00:10:00+08:00' })).toMatchObject({ ok: false })
  expect((await call('POST', '/api/admin/jobs/run', { name: 'no-such-job' })).status).toBe(404)
  expect((await audit()).map((l) => [l.to, l.detail?.result])).toEqual([
    ['job/retention', 'done'],
    ['job/retention', 'was-done'],
  ])
})

test('the meters of both platforms stand there', async () => {
  await world.phone('zhao').type('放假安排')
  const { rows } = await get<{ rows: AdminMeter[] }>('/api/admin/quota')
  expect(rows.map((m) => [m.platform, m.limit])).toEqual([
    ['wecom', 10_000],
    ['dingtalk', 5_000],
  ])
  expect(rows[0]!.used).toBeGreaterThan(0)
  expect(rows[1]!.used).toBe(world.dingtalk!.quotaUsed().api)
  // What other replicas have counted.
  await world.bot().ctx.meta.add('dingtalk-quota/2026-11', 100)
  const [, month] = (await get<{ rows: AdminMeter[] }>('/api/admin/quota')).rows
  expect(month!.used).toBeGreaterThanOrEqual(100)
})

test('people whom no platform knows are listed, and found after the contacts were read again', async () => {
  const people = () => get<AdminPeople>('/api/admin/people')
  const zhao = (await world.bot().ctx.people.byAccount('wecom', 'zhao'))!
  await world.bot().ctx.people.dropAccounts([zhao._id], 'wecom')
  await world.bot().ctx.people.dropAccounts([zhao._id], 'dingtalk')
  expect((await people()).without).toMatchObject([{ name: '赵敏' }])
  expect(await post('/api/admin/contacts/read', {})).toMatchObject({ ok: true })
  expect((await people()).without).toEqual([])
  world.wecom!.faults.untrustedIp = '203.0.113.9'
  expect(await post('/api/admin/contacts/read', {})).toMatchObject({ ok: false })
  world.wecom!.faults.untrustedIp = undefined
  expect((await audit()).map((l) => l.detail?.result)).toEqual(['done', 'failed'])
})

test('the record of what was done is read by person and day, and never changed by reading', async () => {
  const { ctx } = world.bot()
  const zhao = (await ctx.people.byAccount('wecom', 'zhao'))!
  await post('/api/admin/contacts/read', {})
  await ctx.audit.add({
    ...{ _id: 'x', at: new Date('2026-11-14T09:00:00+08:00'), by: zhao._id, what: 'birthday-set', to: 'person/x' },
  })
  const read = async (wanted: object) =>
    (await post<AdminAudit>('/api/admin/audit/search', wanted)).rows.map((r) => `${r.by} ${r.what}`)
  expect(await read({})).toEqual(['管理员（后台） 重新读取通讯录', '赵敏 登记生日'])
  expect(await read({ person: '赵敏' })).toEqual(['赵敏 登记生日'])
  expect(await read({ person: '管理员' })).toEqual(['管理员（后台） 重新读取通讯录'])
  expect(await read({ until: '2026-11-14' })).toEqual(['赵敏 登记生日'])
  expect(await read({ from: '2026-11-15' })).toEqual(['管理员（后台） 重新读取通讯录'])
  expect(await ctx.audit.model.countDocuments()).toBe(2)
})

test('a rehearsal says who will get what when and why, on the way how far it is, and sends nothing', async () => {
  const before = [world.wecom!.log.length, world.dingtalk!.log.length]
  const first = call('POST', REHEARSAL, { days: 5 })
  const lines = (await first).text
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l) as AdminRehearsalLine)
  expect(lines[0]).toEqual({ day: '2026-11-16', messages: expect.any(Number) })
  const last = lines.at(-1)!
  if (!('result' in last)) throw new Error(JSON.stringify(last))
  const { groups, messages } = last.result
  expect(messages).toBe(groups.reduce((sum, g) => sum + g.people, 0))
  const reminder = groups.find((g) => g.names.includes('赵敏') && g.text.includes('周计划'))
  expect(reminder).toMatchObject({ at: expect.stringMatching(/^2026-11-(20|21)T/) })
  expect(reminder!.why).toMatch(/提醒.*（11月2|周计划.*（11月2/)
  const own = await call('POST', REHEARSAL, { days: 5, person: '赵敏' })
  const result = JSON.parse(own.text.trim().split('\n').at(-1)!).result
  expect(result.groups.every((g: { names: string[] }) => g.names.join() === '赵敏')).toBe(true)
  expect([world.wecom!.log.length, world.dingtalk!.log.length]).toEqual(before)
})

test('what was sent is taken back within 24 hours, once, and a card takes no answer any more', async () => {
  const recall = (row: AdminDelivery) => post('/api/admin/deliveries/recall', { key: row.key })
  const old: AdminDelivery[] = []
  for (const platform of ['wecom', 'dingtalk'] as const) {
    const zhao = world.phone('zhao', platform)
    const newest = async () => (await search({ person: '赵敏', state: 'sent' }))[0]!
    await zhao.type('帮助')
    const text = await newest()
    expect(text).toMatchObject({ platform, recall: { possible: true } })
    expect(await recall(text)).toEqual({ ok: true, said: '已撤回' })
    expect(zhao.last()).toMatchObject({ from: 'bot', recalled: true })
    expect(await newest()).toMatchObject({ recalledAt: expect.any(String), recall: { possible: false } })
    // Again: it is what was wanted already, and the platform is not asked.
    const asked = world[platform]!.log.length
    expect([await recall(text), world[platform]!.log.length]).toMatchObject([{ ok: true }, asked])

    await zhao.type('周计划\n1. 考勤统计 50分')
    const card = await newest()
    expect(card.what).toBe('卡片')
    expect(await recall(card)).toMatchObject({ ok: true })
    expect(zhao.last()).toMatchObject({ recalled: true })
    const instances = await world.bot().ctx.cards.model.find({ platform }).lean()
    expect(instances.map((i) => i.state)).toEqual(['closed'])

    await zhao.type('帮助')
    old.push(await newest())
  }
  pass(24 * 60 + 1)
  for (const row of old)
    expect(await recall(row)).toMatchObject({ ok: false, said: expect.stringContaining('超过24小时') })
  expect(world.phone('zhao', 'dingtalk').last().recalled).toBeUndefined()
  const each = ['recalled', 'recalled', 'recalled']
  expect((await audit()).map((l) => l.detail?.result)).toEqual([...each, ...each, 'not-possible', 'not-possible'])
})

test('what people sent and no handler could work on is worked on again on request', async () => {
  const { db } = world.bot().ctx.outbox.model
  expect(await post('/api/admin/parked/retry-all', {})).toMatchObject({ ok: false })
  await world.phone('zhao').type('谁没交')
  await db.collection('outbox').deleteMany({})
  const inbox = db.collection('inbox')
  await inbox.updateMany({ 'event.text': '谁没交' }, { $set: { state: 'parked', tries: 5 } })
  expect(await get<AdminOverview>('/api/admin/overview')).toMatchObject({ parked: 1 })
  expect(await post('/api/admin/parked/retry-all', {})).toMatchObject({
    ok: true,
    said: expect.stringContaining('1条'),
  })
  await world.bot().idle()
  expect(await inbox.countDocuments({ state: 'parked' })).toBe(0)
  expect(await world.bot().ctx.outbox.model.countDocuments({ state: 'sent' })).toBe(1)
  expect((await audit()).map((l) => l.what)).toContain('events-retried')
})

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { runCli } from '../src/cli/index.ts'
import { rehearse } from '../src/cli/rehearse.ts'
import { companyYaml } from './company-of-five.ts'
import { testDatabase } from './db.ts'
import { readable, startWeekWorld } from './week-world.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function database() {
  const opened = await testDatabase()
  stops.push(opened.stop)
  return opened.uri
}

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-cli-'))
  stops.push(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A week on its way, on a database that commands can look into. */
async function worldOn(uri: string) {
  const world = await startWeekWorld({ start: '2026-11-16T10:00:00+08:00', env: { MONGODB_URI: uri } })
  stops.push(() => world.stop())
  return world
}

function cli(uri: string, now: string) {
  const dir = directory()
  writeFileSync(join(dir, 'company.yaml'), companyYaml)
  const env = {
    ...{ MONGODB_URI: uri, COMPANY_FILE: join(dir, 'company.yaml'), DATA_DIR: dir, PORT: '0' },
    ...{ PUBLIC_BASE_URL: 'https://jixiao.example.com', SESSION_SECRET: 'a-session-secret-of-thirty-two-or-more' },
  }
  return async (...argv: string[]) => {
    let out = ''
    let err = ''
    const io = {
      env,
      now: () => new Date(now),
      out(t: string) {
        out += `${t}\n`
      },
      err(t: string) {
        err += `${t}\n`
      },
    }
    return { code: await runCli(argv, io), out, err }
  }
}

test('a backup restored into an empty database is the same data, counted and hashed; it overwrites nothing', async () => {
  const uri = await database()
  const world = await worldOn(uri)
  const zhao = world.phone('zhao')
  await zhao.type('周计划\n1. 考勤统计 50分')
  await zhao.tap('提交')
  const first = join(directory(), 'first')
  const run = cli(uri, '2026-11-16T10:05:00+08:00')
  expect(await run('backup', first)).toMatchObject({ code: 0 })
  const again = await run('backup', first)
  expect([again.code, again.err]).toEqual([1, expect.stringContaining('不是空的')])
  const other = await database()
  const elsewhere = cli(other, '2026-11-16T10:06:00+08:00')
  expect(await elsewhere('restore', first)).toMatchObject({ code: 0 })
  const second = join(directory(), 'second')
  await elsewhere('backup', second)
  const parts = (dir: string) => JSON.parse(readFileSync(join(dir, 'backup.json'), 'utf8')).parts
  expect(parts(first).length).toBeGreaterThan(5)
  expect(parts(second)).toEqual(parts(first))
  expect(await elsewhere('restore', first)).toMatchObject({ code: 1, err: expect.stringContaining('不是空的') })
}, 60_000)

test('a backup whose file was changed or cut is refused', async () => {
  const uri = await database()
  await worldOn(uri)
  const dir = join(directory(), 'b')
  await cli(uri, '2026-11-16T10:05:00+08:00')('backup', dir)
  const file = join(dir, 'people.bson')
  writeFileSync(file, readFileSync(file).subarray(0, -10))
  const restored = await cli(await database(), '2026-11-16T10:06:00+08:00')('restore', dir)
  expect([restored.code, restored.err]).toEqual([1, expect.stringContaining('people.bson')])
}, 60_000)

test('a rehearsal says who gets what when, and that is what the clock then sends', async () => {
  const uri = await database()
  const world = await worldOn(uri)
  const env = {
    ...{ MONGODB_URI: uri, COMPANY_FILE: join(directory(), 'company.yaml'), DATA_DIR: directory(), PORT: '0' },
    ...{ PUBLIC_BASE_URL: 'https://jixiao.example.com', SESSION_SECRET: 'a-session-secret-of-thirty-two-or-more' },
    ...{ WECOM_CORP_ID: 'ww1', WECOM_AGENT_ID: '1000002', WECOM_SECRET: 's', WECOM_TOKEN: 'token' },
    WECOM_ENCODING_AES_KEY: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C',
  }
  writeFileSync(env.COMPANY_FILE, companyYaml)
  const { sent } = await rehearse(env, world.clock.now(), 8)
  const people = new Map((await world.bot().ctx.people.all()).map((p) => [p.wecom, p._id]))
  for (let at = world.clock.now().getTime(); at < Date.parse('2026-11-24T10:00:00+08:00'); ) {
    at += 60_000
    world.clock.set(new Date(at).toISOString())
    await world.bot().tick()
  }
  const happened = world.wecom!.people().flatMap(({ userId }) =>
    world
      .wecom!.chat(userId)
      .filter((m) => m.from === 'bot')
      .map((m) => ({ to: people.get(userId), at: m.at.toISOString(), text: readable(m) })),
  )
  const brief = (m: { to?: string | undefined; at: string; text: string }) => `${m.at} ${m.to} ${m.text.split('\n')[0]}`
  expect(happened.length).toBeGreaterThan(8)
  expect(sent.map((m) => brief({ ...m, at: m.at.toISOString() })).sort()).toEqual(happened.map(brief).sort())
  for (const m of sent) {
    expect(m.why).toMatch(/@2026-11/)
    const seen = happened.find((h) => brief(h) === brief({ ...m, at: m.at.toISOString() }))
    // Every sentence of it stands on the phone.
    for (const line of m.text.split('\n').filter((l) => !l.startsWith('［'))) expect(seen?.text).toContain(line)
  }
}, 120_000)

test('what was not delivered is listed with its reason and sent again on request', async () => {
  const uri = await database()
  const world = await worldOn(uri)
  world.wecom!.setUnlicensed(['zhao'])
  await world.phone('zhao').type('帮助')
  const run = cli(uri, '2026-11-16T10:05:00+08:00')
  const listed = await run('deliveries', 'list')
  expect([listed.code, listed.out]).toEqual([0, expect.stringMatching(/赵敏[\s\S]*接口许可/)])
  expect(await run('deliveries', 'retry')).toMatchObject({ code: 2 })
  world.wecom!.setUnlicensed([])
  expect(await run('deliveries', 'retry', '--all')).toMatchObject({ code: 0, out: expect.stringContaining('1 条') })
  world.bot().ctx.outbox.sweep()
  await world.bot().idle()
  expect(world.phone('zhao').sees()).toContain('周计划')
  expect((await run('deliveries', 'list', '--json')).out.trim()).toBe('[]')
}, 60_000)

test('a job that was missed is run by hand under the same key, once', async () => {
  const uri = await database()
  await (await worldOn(uri)).go('2026-11-16T10:01:00+08:00')
  const run = cli(uri, '2026-11-16T10:05:00+08:00')
  const list = await run('jobs', 'list')
  expect([list.code, list.out]).toEqual([0, expect.stringContaining('remind-weekly-plan-first')])
  expect(await run('jobs', 'run', 'retention', '--at', '2026-11-16T00:11+08:00')).toMatchObject({ code: 2 })
  const at = '2026-11-16T00:10+08:00'
  expect(await run('jobs', 'run', 'retention', '--at', at)).toMatchObject({ code: 0, out: '执行完成\n' })
  expect(await run('jobs', 'run', 'retention', '--at', at)).toMatchObject({
    code: 0,
    out: expect.stringContaining('没有重复'),
  })
  expect(await run('jobs', 'run', 'no-such-job', '--at', at)).toMatchObject({ code: 2 })
}, 60_000)

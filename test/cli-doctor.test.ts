import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { runCli } from '../src/cli/index.ts'
import { companyYaml } from './company-of-five.ts'
import { testDatabase } from './db.ts'
import { startWeekWorld, type WeekWorld } from './week-world.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** The service running on stand-ins, and the doctor beside it with the same settings. */
async function patient(at = new Date(), more: Record<string, string> = {}) {
  const database = await testDatabase()
  stops.push(database.stop)
  const world: WeekWorld = await startWeekWorld({
    ...{ start: at.toISOString(), platforms: ['wecom', 'dingtalk'], env: { MONGODB_URI: database.uri } },
  })
  stops.push(() => world.stop())
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-doctor-'))
  stops.push(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'company.yaml'), companyYaml)
  const { url } = world.bot()
  world.wecom!.setTrustedDomain(new URL(url).host)
  const env: Record<string, string> = {
    ...{ MONGODB_URI: database.uri, COMPANY_FILE: join(dir, 'company.yaml'), DATA_DIR: dir, PUBLIC_BASE_URL: url },
    ...{ SESSION_SECRET: 'a-session-secret-of-thirty-two-or-more', WECOM_CORP_ID: 'ww1', WECOM_AGENT_ID: '1000002' },
    ...{ WECOM_SECRET: 'app-secret', WECOM_TOKEN: 'token', WECOM_API_BASE: world.wecom!.apiBase },
    WECOM_ENCODING_AES_KEY: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C',
    ...{ DINGTALK_CORP_ID: 'dingcorp', DINGTALK_CLIENT_ID: 'dingapp', DINGTALK_CLIENT_SECRET: 'ding-secret' },
    ...{ DINGTALK_API_BASE: world.dingtalk!.apiBase, DINGTALK_OAPI_BASE: world.dingtalk!.oapiBase, ...more },
  }
  async function examine(change: Record<string, string | undefined> = {}, now = new Date()) {
    let out = ''
    let err = ''
    const io = {
      ...{ env: { ...env, ...change }, now: () => now },
      out(t: string) {
        out += t
      },
      err(t: string) {
        err += t
      },
    }
    const code = await runCli(['doctor', '--json'], io)
    const findings: { what: string; ok: boolean; said: string; mend?: string }[] = out ? JSON.parse(out).findings : []
    return { code, err, findings, of: (what: string) => findings.filter((f) => f.what === what), text: out }
  }
  return { world, examine }
}

test('each part is looked at and said to be right; secrets are not shown', async () => {
  const { examine } = await patient()
  const { findings, of, text } = await examine()
  for (const what of [
    '环境变量',
    '公司设置',
    '数据库',
    '企业微信凭证',
    '企业可信IP',
    '应用菜单',
    '企业微信回调',
    '钉钉凭证',
  ])
    expect([what, of(what).map((f) => f.ok)]).toEqual([what, [true]])
  expect(of('企业微信可见范围')[0]).toMatchObject({ ok: true, said: '5 人' })
  expect(of('服务器时间').every((f) => f.ok)).toBe(true)
  for (const f of findings) if (!f.ok) expect(f.mend).toBeTruthy()
  for (const secret of ['app-secret', 'ding-secret', 'access_token', 'jWmYm7qr5']) expect(text).not.toContain(secret)
}, 60_000)

test('an address that is not on the list is named, with the page where it is added', async () => {
  const { world, examine } = await patient()
  world.wecom!.faults.untrustedIp = '203.0.113.7'
  const { code, of } = await examine()
  expect(code).toBe(1)
  expect(of('企业微信应用')[0]).toMatchObject({ ok: false })
  expect(of('企业微信应用')[0]!.mend).toMatch(/203\.0\.113\.7/)
}, 60_000)

test('a wrong secret, a wrong key, an address nobody answers at, a clock that is wrong: each is told with what to mend', async () => {
  const { examine } = await patient()
  expect((await examine({ WECOM_SECRET: 'wrong' })).of('企业微信凭证')[0]).toMatchObject({
    ...{ ok: false, mend: expect.stringContaining('WECOM_SECRET') },
  })
  const otherKey = await examine({ WECOM_TOKEN: 'othertoken' })
  expect(otherKey.of('企业微信回调')[0]).toMatchObject({ ok: false, said: expect.stringContaining('密钥') })
  const nowhere = await examine({ PUBLIC_BASE_URL: 'http://127.0.0.1:9' })
  expect(nowhere.of('企业微信回调')[0]).toMatchObject({ ok: false, said: expect.stringContaining('不能访问') })
  const late = await examine({}, new Date(Date.now() + 120_000))
  expect(late.of('服务器时间').map((f) => f.ok)).toContain(false)
  expect((await examine({ DINGTALK_CLIENT_SECRET: 'wrong' })).of('钉钉凭证')[0]).toMatchObject({ ok: false })
}, 60_000)

test('mistakes in the environment and in the company file are all named', async () => {
  const { examine } = await patient()
  const { code, findings } = await examine({ WECOM_SECRET: undefined, SESSION_SECRET: 'short' })
  expect([code, findings.length]).toEqual([1, 1])
  expect((await examine({ SESSION_SECRET: undefined })).findings[0]!.said).toContain('SESSION_SECRET')
  expect((await examine({ COMPANY_FILE: '/nowhere.yaml' })).of('公司设置')[0]!.ok).toBe(false)
}, 60_000)

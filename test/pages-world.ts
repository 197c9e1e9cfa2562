import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext } from 'playwright-core'
import { submitWeek } from '../handlers/weekly/submit.ts'
import { startDingtalkStandIn } from '../sandbox/dingtalk/stand-in.ts'
import { freePort } from '../sandbox/free-port.ts'
import type { SandboxPerson } from '../sandbox/stand-in.ts'
import { startWecomStandIn } from '../sandbox/wecom/stand-in.ts'
import type { WeeklyContent } from '../src/domain/weekly-report.ts'
import { createLog } from '../src/log.ts'
import { startBot } from '../src/main.ts'
import { standingClock } from './clock.ts'
import { testDatabase } from './db.ts'

export const wecomAgent =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 wxwork/4.1.36 MicroMessenger/7.0.1 Language/zh'
export const dingtalkAgent =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 AliApp(DingTalk/7.6.15) com.laiwang.DingTalk/1 Channel/201200 language/zh-Hans-CN'
export const browserAgent =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36'

/** Two departments: 李静 leads 赵敏 and 钱进, 郑强 leads 吴芳; 周华 is HR; 孙立 drives and has no weekly plan. */
const people: SandboxPerson[] = [
  { userId: 'wang', name: '王建国', departments: ['总经办'], title: '总经理', jobNumber: '0001', leader: true },
  ...(
    [
      ['li', '李静', '行政部', '行政经理', '0002', 'wang'],
      ['zhao', '赵敏', '行政部', '行政人事助理', '0003', 'li'],
      ['qian', '钱进', '行政部', '车队队长', '0004', 'li'],
      ['sun', '孙立', '行政部', '司机', '0005', 'qian'],
      ['zhou', '周华', '人力资源部', '人力资源主管', '0006', 'wang'],
      ['zheng', '郑强', '市场部', '市场经理', '0007', 'wang'],
      ['wu', '吴芳', '市场部', '市场专员', '0008', 'zheng'],
    ] as const
  ).map(([userId, name, department, title, jobNumber, managerUserId]) => ({
    ...{ userId, name, departments: [department], title, jobNumber, managerUserId },
    hiredOn: '2020-03-02',
    leader: ['li', 'zheng'].includes(userId),
  })),
]

const yaml = `name: 示例公司
roles: { gm: ['0001'], hr: ['0006'] }
standIns: { '0001': '0002' }
positions: { '*': 周计划, 总经理: 不考核, 司机: 不考核 }
schemes: { 周计划: { kind: weekly }, 不考核: { kind: none } }
`

export const planOf48: WeeklyContent = {
  plan: [
    { text: '完成11月考勤汇总并与各部门核对', kind: 'key', points: 20, due: '2026-11-25' },
    { text: '组织新员工入职培训（6人）', kind: 'key', points: 30, due: '2026-11-26' },
    { text: '更新员工档案，补齐合同扫描件', kind: 'routine', points: 50 },
  ],
}

export const reportOf48: WeeklyContent = {
  summary: {
    outcomes: [
      { outcome: 'done' },
      { outcome: 'done' },
      { outcome: 'partly', note: '还差市场部4份合同，下周二前补齐' },
    ],
    extra: ['协助市场部布置展会'],
    shortcomings: '档案整理开始得太晚',
    problems: '市场部合同原件不在公司',
    improvements: '每月10日前先核对一次合同清单',
  },
  plan: [
    { text: '更新员工档案，补齐合同扫描件', kind: 'key', points: 40, carriedFrom: '2026-W48' },
    {
      text: '准备年度体检方案',
      kind: 'key',
      points: 40,
      due: '2026-12-03',
      support: { who: '钱进', what: '周四派车去体检中心' },
    },
    { text: '日常考勤与假期审批', kind: 'routine', points: 20 },
  ],
}

const callbackKey = 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C'

export type PagesWorld = Awaited<ReturnType<typeof startPagesWorld>>

/** The bot on both stand-ins, a week after it was first started, with plans of week 48 in; it is Friday 27 November, 15:00. */
export async function startPagesWorld() {
  const clock = standingClock('2026-11-20T15:00:00+08:00')
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-pages-'))
  writeFileSync(join(dir, 'company.yaml'), yaml)
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const wecom = await startWecomStandIn({
    ...{ clock, corpId: 'ww1', agentId: 1000002, secret: 'app-secret', people },
    trustedDomain: `127.0.0.1:${port}`,
  })
  const dingtalk = await startDingtalkStandIn({
    ...{ clock, corpId: 'dingcorp', clientId: 'dingapp', clientSecret: 'ding-secret', agentId: '42' },
    ...{ mode: 'stream', people, seed: 1 },
  })
  const database = await testDatabase()
  const log = createLog(process.env.TEST_LOG ?? 'silent')
  const env = {
    PORT: String(port),
    DATA_DIR: dir,
    MONGODB_URI: database.uri,
    COMPANY_FILE: join(dir, 'company.yaml'),
    PUBLIC_BASE_URL: origin,
    SESSION_SECRET: 'a-session-secret-of-thirty-two-or-more',
    WECOM_CORP_ID: 'ww1',
    WECOM_AGENT_ID: '1000002',
    WECOM_SECRET: 'app-secret',
    WECOM_TOKEN: 'token',
    WECOM_ENCODING_AES_KEY: callbackKey,
    WECOM_API_BASE: wecom.apiBase,
    WECOM_OAUTH_BASE: wecom.oauthBase,
    DINGTALK_CORP_ID: 'dingcorp',
    DINGTALK_CLIENT_ID: 'dingapp',
    DINGTALK_CLIENT_SECRET: 'ding-secret',
    DINGTALK_AGENT_ID: '42',
    DINGTALK_API_BASE: dingtalk.apiBase,
    DINGTALK_OAPI_BASE: dingtalk.apiBase,
  }
  const bot = await startBot({ clock, log, env })
  const { ctx } = bot
  await wecom.setCallback({ url: `${bot.url}/wecom/callback`, token: 'token', aesKey: callbackKey })
  await bot.idle()
  const person = async (userId: string) => (await ctx.people.byAccount('wecom', userId))!
  const ids = Object.fromEntries(await Promise.all(people.map(async (p) => [p.userId, (await person(p.userId))._id])))
  const idOf = (userId: string): string => ids[userId]!

  for (const userId of ['zhao', 'qian', 'wu', 'li'])
    await submitWeek(ctx, { id: `seed/${userId}`, at: clock.now() }, await person(userId), '2026-W47', planOf48)
  clock.set('2026-11-27T15:00:00+08:00')
  await bot.idle()

  /** Hands in week 48 as somebody; `at` is when. */
  async function handIn(userId: string, at: string, content = reportOf48): Promise<void> {
    const act = { id: `hand-in/${userId}/${at}`, at: new Date(at) }
    await submitWeek(ctx, act, await person(userId), '2026-W48', content)
  }

  /** A phone's browser: who holds it is known to the platform only. */
  async function phone(
    browser: Browser,
    userId: string,
    options: { platform?: 'wecom' | 'dingtalk'; dark?: boolean } = {},
  ): Promise<BrowserContext> {
    const { platform = 'wecom', dark = false } = options
    const context = await browser.newContext({
      viewport: { width: 390, height: 844 },
      deviceScaleFactor: 2,
      isMobile: true,
      hasTouch: true,
      locale: 'zh-CN',
      timezoneId: 'Asia/Shanghai',
      colorScheme: dark ? 'dark' : 'light',
      userAgent: platform === 'wecom' ? wecomAgent : dingtalkAgent,
    })
    context.setDefaultTimeout(8_000)
    if (platform === 'wecom') {
      await context.addCookies([{ name: 'sandbox_user', value: userId, url: wecom.oauthBase }])
    } else {
      await context.exposeFunction('nativeLoginCode', () => dingtalk.loginCode(userId))
      await context.addInitScript(nativeBridge)
    }
    return context
  }

  return {
    ...{ bot, ctx, clock, origin, wecom, dingtalk, idOf, person, handIn, phone },
    /** The service once more, on the same database and the same platform. */
    replica: () => startBot({ clock, log, env: { ...env, PORT: '0' } }),
    async stop() {
      await bot.stop()
      await database.stop()
      await wecom.stop()
      await dingtalk.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** What DingTalk's client on iOS offers to its pages, as far as ours ask (runs in the page). */
function nativeBridge(): void {
  const page = globalThis as unknown as { nativeLoginCode(): Promise<string> }
  const answers: Record<string, () => Promise<unknown>> = {
    'runtime.permission.requestAuthCodeV2': async () => ({
      code: await page.nativeLoginCode(),
    }),
  }
  Object.assign(globalThis, {
    WebViewJavascriptBridge: {
      init() {},
      registerHandler() {},
      callHandler(name: string, _args: unknown, done: (answer: unknown) => void) {
        const answer = answers[name]
        if (answer) void answer().then((result) => done({ errorCode: '0', result }))
        else done({ errorCode: '3', errorMessage: `no ${name}` })
      },
    },
  })
}

export interface Client {
  cookie: string
  csrf: string
  get(path: string): Promise<{ status: number; body: never }>
  send(method: 'POST' | 'PUT', path: string, body: object): Promise<{ status: number; body: never }>
}

/** Signs somebody in over plain HTTP, the way WeCom's browser does, and speaks to the API as the pages do. */
export async function signIn(world: PagesWorld, userId: string): Promise<Client> {
  const headers = { 'user-agent': wecomAgent }
  const out = await fetch(`${world.origin}/auth/wecom?next=/h5/week`, { redirect: 'manual', headers })
  const state = out.headers.getSetCookie()[0]!.split(';')[0]!
  const asked = await fetch(out.headers.get('location')!, {
    redirect: 'manual',
    headers: { ...headers, 'x-sandbox-user': userId },
  })
  const back = await fetch(asked.headers.get('location')!, {
    redirect: 'manual',
    headers: { ...headers, cookie: state },
  })
  const session = back.headers.getSetCookie().find((c) => c.startsWith('jixiao='))
  if (!session) throw new Error(`${userId} was not signed in: ${back.status} ${await back.text()}`)
  return client(world.origin, session.split(';')[0]!)
}

export async function client(origin: string, cookie: string): Promise<Client> {
  const answer = async (response: Response) => ({
    status: response.status,
    body: (await response.json().catch(() => undefined)) as never,
  })
  const get = async (path: string) => answer(await fetch(origin + path, { headers: { cookie } }))
  const { csrf } = (await get('/api/me')).body as { csrf: string }
  return {
    cookie,
    csrf,
    get,
    send: async (method, path, body) =>
      answer(
        await fetch(origin + path, {
          method,
          headers: { cookie, 'content-type': 'application/json', 'x-csrf-token': csrf ?? '' },
          body: JSON.stringify(body),
        }),
      ),
  }
}

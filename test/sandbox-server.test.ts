import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Happening } from '../sandbox/journal.ts'
import { type Sandbox, startSandbox } from '../sandbox/main.ts'
import type { PhoneMessage } from '../sandbox/stand-in.ts'

let dir: string
let sandbox: Sandbox
let port: number
const said: string[] = []

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'jixiao-sandbox-'))
  const env = { PORT: '0', DATA_DIR: dir, LOG_LEVEL: 'silent' }
  sandbox = await startSandbox(env, { history: false, say: (line) => said.push(line) })
  await sandbox.opened
  // A moment of its own, so that the reminder comes when the test asks for it.
  sandbox.world.clock.hold()
  port = Number(new URL(sandbox.url).port)
})
afterAll(async () => {
  await sandbox?.stop()
  rmSync(dir, { recursive: true, force: true })
})

interface Asked {
  method?: string
  host?: string
  headers?: Record<string, string>
  body?: unknown
}

/** `fetch` may not choose its Host, a hostile page's browser does. */
function ask(path: string, { method = 'GET', host = `localhost:${port}`, headers = {}, body }: Asked = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((done, fail) => {
    const req = request({ host: '127.0.0.1', port, path, method, headers: { host, ...headers } }, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      res.on('end', () => done({ status: res.statusCode!, headers: res.headers, text }))
    })
    req.on('error', fail)
    req.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
  })
}

async function act(name: string, body: object, more: Asked = {}) {
  const headers = { 'content-type': 'application/json', ...more.headers }
  const { status, text } = await ask(`/api/${name}`, { method: 'POST', ...more, headers, body })
  return { status, ...(JSON.parse(text) as { error?: string; happenings?: Happening[]; userId?: string }) }
}

const read = async <T>(path: string) => JSON.parse((await ask(path)).text) as T
const chat = (platform: string, id: string) => read<PhoneMessage[]>(`/api/chat?platform=${platform}&id=${id}`)
const zhao = { platform: 'wecom', userId: 'zhaomin' }

describe('the sandbox', () => {
  test('says one address when it starts', () => {
    expect(said.join('\n')).toContain(sandbox.url)
    expect(sandbox.url).toMatch(/^http:\/\/localhost:\d+$/)
  })

  test('shows who is on which platform, the menu and the clock', async () => {
    const state = await read<ReturnType<typeof sandbox.control.state>>('/api/state')
    const [wecom, dingtalk] = state.platforms
    expect(wecom!.people.find((p) => p.userId === 'zhaomin')).toMatchObject({ name: '赵敏', title: '行政人事助理' })
    expect(dingtalk!.people.map((p) => p.name)).toContain('罗鹏')
    expect(wecom!.menu.flatMap((e) => e.children ?? []).map((e) => e.text)).toContain('写周计划')
    expect(dingtalk!.groups.map((g) => g.name)).toContain('车队工作群')
    expect(state.clock.presets.map((p) => p.label)).toEqual([
      '周五 16:00',
      '周六 9:00',
      '周六 11:30',
      '周六 12:00',
      '周一 10:00',
    ])
  })

  test('types, taps and shows the answer in the chat', async () => {
    expect((await act('type', { ...zhao, text: '周计划\n1. 年会场地预订 40分 周三\n2. 考勤统计 60分' })).status).toBe(
      200,
    )
    await sandbox.world.idle()
    const draft = (await chat('wecom', 'zhaomin')).at(-1)!
    const submit = draft.card!.buttons.find((b) => b.text === '提交')!
    await act('tap', { ...zhao, messageId: draft.id, key: submit.key })
    await sandbox.world.idle()
    const after = (await chat('wecom', 'zhaomin')).find((m) => m.id === draft.id)!
    expect(after.card!.title).toBe('已提交')
  })

  test('presses entries of the menu and sends pictures', async () => {
    const before = (await chat('wecom', 'tangxin')).length
    const tang = { platform: 'wecom', userId: 'tangxin' }
    await act('menu', { ...tang, key: 'help' })
    await act('media', { ...tang, media: 'image' })
    await sandbox.world.idle()
    const fresh = (await chat('wecom', 'tangxin')).slice(before)
    const answers = fresh.filter((m) => m.from === 'bot').map((m) => m.text ?? '')
    expect(answers[0]).toContain('我是绩效机器人')
    expect(answers[1]).toContain('图片')
  })

  test('tells listeners of a change as it happens', async () => {
    const heard = new Promise<string>((done, fail) => {
      const headers = { host: `localhost:${port}` }
      const req = request({ host: '127.0.0.1', port, path: '/api/events', headers }, (res) => {
        let text = ''
        res.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
          if (!/event: chat\ndata: .*fanmeiling/.test(text)) return
          req.destroy()
          done(text)
        })
        void act('type', { platform: 'wecom', userId: 'fanmeiling', text: '帮助' })
      })
      req.on('error', (error) => (error as NodeJS.ErrnoException).code !== 'ECONNRESET' && fail(error)).end()
    })
    expect(await heard).toContain('event: chat')
  })

  test('jumps to the reminder and reports which jobs ran and who was told', async () => {
    const { happenings } = await act('clock', { to: '2026-11-27T16:00:00+08:00' })
    const jobs = happenings!.flatMap((h) => (h.kind === 'job' ? [h] : []))
    expect(jobs.map((j) => j.job)).toContain('remind-weekly-plan-first')
    expect(jobs.every((j) => j.about !== '' && !j.failed)).toBe(true)
    const told = happenings!.flatMap((h) => (h.kind === 'message' ? [h] : []))
    expect(told).toContainEqual(
      expect.objectContaining({ platform: 'dingtalk', to: 'luopeng', name: '罗鹏', title: '请提交本周总结和下周计划' }),
    )
    // She has handed in already, and drivers hand in nothing.
    expect(told.map((h) => h.to)).not.toContain('zhaomin')
    expect(told.map((h) => h.to)).not.toContain('mafuguo')
  })

  test('stops on the way when asked to, and says how far it came', async () => {
    const from = sandbox.world.clock.now()
    const days = act('clock', { minutes: 300 * 24 * 60 })
    await new Promise<void>((done) => {
      const leave = sandbox.world.clock.everyMinute(() => {
        leave()
        done()
      })
    })
    expect((await act('clock', { minutes: 1 })).error).toBe('时钟正在前进，请稍候')
    expect((await act('halt', {})).status).toBe(200)
    expect((await days).status).toBe(200)
    const { now } = (await read<ReturnType<typeof sandbox.control.state>>('/api/state')).clock
    expect(Date.parse(now)).toBeGreaterThan(from.getTime())
    expect(Date.parse(now) - from.getTime()).toBeLessThan(100 * 86_400_000)
  })

  test('refuses to go back, or more than a good year ahead, in words', async () => {
    expect(await act('clock', { to: '2026-11-27T15:00:00+08:00' })).toMatchObject({
      status: 400,
      error: '时间只能向前走，请选择更晚的时间',
    })
    expect((await act('clock', { to: '2036-11-27T16:00:00+08:00' })).status).toBe(400)
    expect((await act('clock', { minutes: 0 })).status).toBe(400)
  })

  test('lets somebody join and leave, and the bot knows at once', async () => {
    const newcomer = { name: '丁一', title: '文员', department: '财务部', platforms: ['wecom'] }
    const { userId } = await act('join', newcomer)
    await sandbox.world.idle()
    const ding = sandbox.world.phone(userId!, 'wecom')
    await ding.type('帮助')
    expect(ding.text()).toContain('我是绩效机器人')
    expect((await act('leave', { userId: userId! })).status).toBe(200)
    expect((await act('leave', { userId: userId! })).status).toBe(400)
    await sandbox.world.idle()
    const left = (await sandbox.world.bot.ctx.people.all()).find((p) => p.name === '丁一')
    expect(left?.active).toBe(false)
  })

  test('switches a fault on and off; what could not be sent arrives afterwards', async () => {
    const answers = async () => (await chat('wecom', 'heyuting')).filter((m) => m.from === 'bot').length
    const before = await answers()
    await act('fault', { name: 'down', on: true })
    const state = await read<ReturnType<typeof sandbox.control.state>>('/api/state')
    expect(state.faults.find((f) => f.name === 'down')?.on).toBe(true)
    const asked = act('type', { platform: 'wecom', userId: 'heyuting', text: '帮助' })
    expect((await asked).status).toBe(200)
    expect(await answers()).toBe(before)
    const arrived = new Promise<void>((done) => {
      const leave = sandbox.world.wecom.onChange((userId) => {
        if (userId !== 'heyuting') return
        leave()
        done()
      })
    })
    await act('fault', { name: 'down', on: false })
    await arrived
    expect(await answers()).toBe(before + 1)
    expect((await act('fault', { name: 'no-such', on: true })).status).toBe(400)
  })

  test('restarts the bot while the platforms live on', async () => {
    const before = await chat('wecom', 'zhaomin')
    expect((await act('restart', {})).status).toBe(200)
    expect(await chat('wecom', 'zhaomin')).toEqual(before)
    const phone = sandbox.world.phone('zhaomin')
    await phone.type('我的')
    expect(phone.text()).toContain('按时')
  })
})

describe('nobody else comes in', () => {
  test('a name that is not of this machine is refused, whoever it points to', async () => {
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      'zhaomin-wecom.localhost.evil.example',
      '192.168.0.7:1',
    ])
      expect((await ask('/api/state', { host })).status).toBe(403)
    expect((await ask('/api/state', { host: `127.0.0.1:${port}` })).status).toBe(200)
  })

  test('a page of another origin changes nothing, a phone’s page included', async () => {
    const text = { ...zhao, text: '帮助' }
    for (const origin of ['https://evil.example', 'null', `http://zhaomin-wecom.localhost:${port}`])
      expect((await act('type', text, { headers: { origin } })).status).toBe(403)
    expect((await act('type', text, { headers: { 'content-type': 'text/plain' } })).status).toBe(415)
    const origin = `http://localhost:${port}`
    expect((await act('type', text, { headers: { origin } })).status).toBe(200)
    await sandbox.world.idle()
  })

  test('nonsense is refused and nothing breaks', async () => {
    const headers = { 'content-type': 'application/json' }
    expect((await ask('/api/type', { method: 'POST', headers, body: '{' })).status).toBe(400)
    expect(await act('type', { platform: 'wecom', userId: 'nobody', text: '帮助' })).toEqual({
      status: 400,
      error: '公司里没有这个人',
    })
    expect((await act('type', { platform: 'feishu', userId: 'zhaomin', text: '帮助' })).status).toBe(400)
    expect((await act('constructor', {})).status).toBe(404)
    expect((await ask('/api/chat?platform=wecom&id=nobody')).status).toBe(400)
    expect((await ask('/../package.json')).text).not.toContain('jixiao-bot')
    expect((await ask('/api/state')).status).toBe(200)
  })
})

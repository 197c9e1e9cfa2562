import { afterAll, beforeAll, expect, test } from 'vitest'
import { safeNext } from '../src/http/auth.ts'
import {
  browserAgent,
  client,
  dingtalkAgent,
  type PagesWorld,
  signIn,
  startPagesWorld,
  wecomAgent,
} from './pages-world.ts'

let world: PagesWorld
beforeAll(async () => {
  world = await startPagesWorld()
}, 60_000)
afterAll(() => world.stop())

const open = (path: string, headers: Record<string, string> = { 'user-agent': wecomAgent }) =>
  fetch(path.startsWith('http') ? path : world.origin + path, { redirect: 'manual', headers })
const cookieOf = (r: Response, name: string) =>
  r.headers
    .getSetCookie()
    .find((c) => c.startsWith(name))
    ?.split(';')[0] ?? ''

/** As far as the platform sends somebody back. */
async function wayOut(userId: string, next = '/h5/week/2026-W48') {
  const out = await open(`/auth/wecom?next=${encodeURIComponent(next)}`)
  const state = cookieOf(out, 'jixiao-state')
  const asked = await open(out.headers.get('location')!, { 'user-agent': wecomAgent, 'x-sandbox-user': userId })
  return { state, back: asked.headers.get('location')! }
}

test('in WeCom a page without a session leads out to the platform and back to the same page', async () => {
  const first = await open('/h5/week/2026-W48')
  expect([first.status, first.headers.get('location')]).toEqual([302, '/auth/wecom?next=%2Fh5%2Fweek%2F2026-W48'])
  const { state, back } = await wayOut('zhao')
  const home = await open(back, { 'user-agent': wecomAgent, cookie: state })
  expect([home.status, home.headers.get('location')]).toEqual([302, '/h5/week/2026-W48'])
  const me = await (await client(world.origin, cookieOf(home, 'jixiao='))).get('/api/me')
  expect(me.body).toMatchObject({ name: '赵敏', platform: 'wecom', leads: false })
})

test('a link that somebody else began does not sign me in: the state belongs to one browser', async () => {
  const { back } = await wayOut('zhao')
  const other = await wayOut('qian')
  for (const cookie of ['', other.state]) {
    const answer = await open(back, { 'user-agent': wecomAgent, cookie })
    expect(answer.status).toBe(400)
    expect(cookieOf(answer, 'jixiao=')).toBe('')
    expect(await answer.text()).toContain('登录没有完成')
  }
})

test('a code is redeemed once, also when the redirect is opened twice at the same moment', async () => {
  const { state, back } = await wayOut('zhao')
  const before = world.wecom.log.filter((e) => e.path === '/cgi-bin/auth/getuserinfo').length
  const both = await Promise.all([1, 2].map(() => open(back, { 'user-agent': wecomAgent, cookie: state })))
  const places = both.map((r) => r.headers.get('location')!.replace(/\?.*/, '')).sort()
  expect(places).toEqual(['/h5/week/2026-W48', `${world.wecom.oauthBase}/connect/oauth2/authorize`])
  expect(world.wecom.log.filter((e) => e.path === '/cgi-bin/auth/getuserinfo').length).toBe(before + 1)
})

test('a state is good for ten minutes', async () => {
  const { state, back } = await wayOut('zhao')
  const start = world.clock.now().getTime()
  world.clock.set(new Date(start + 600_001).toISOString())
  expect((await open(back, { 'user-agent': wecomAgent, cookie: state })).status).toBe(400)
  world.clock.set(new Date(start).toISOString())
})

test('somebody outside the company and somebody who has left read why they cannot get in', async () => {
  const stranger = await wayOut('nobody-here')
  const answer = await open(stranger.back, { 'user-agent': wecomAgent, cookie: stranger.state })
  expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('通讯录中没有找到您')])

  const wu = await world.person('wu')
  await world.ctx.people.save({ ...wu, active: false })
  const left = await wayOut('wu')
  const refused = await open(left.back, { 'user-agent': wecomAgent, cookie: left.state })
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('您的账号已停用')])
  await world.ctx.people.save(wu)
})

test('DingTalk signs in by its code, once', async () => {
  const post = (body: object) =>
    fetch(`${world.origin}/auth/dingtalk`, {
      method: 'POST',
      headers: { 'user-agent': dingtalkAgent, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const code = world.dingtalk.loginCode('li')
  const first = await post({ code })
  expect(first.status).toBe(200)
  const me = await (await client(world.origin, cookieOf(first, 'jixiao='))).get('/api/me')
  expect(me.body).toMatchObject({ name: '李静', platform: 'dingtalk', leads: true })
  expect((await post({ code })).status).toBe(401)
  expect((await post({ code: 'made-up' })).status).toBe(403)
  expect((await post({ code: '' })).status).toBe(400)
  expect((await post({ code: 'x', more: 1 })).status).toBe(400)
})

test('an ordinary browser is told where to open the page, at once and without a script', async () => {
  for (const path of ['/h5/', '/h5/week', '/h5/score/e0/2026-W48', '/auth/wecom']) {
    const answer = await open(path, { 'user-agent': browserAgent })
    const html = await answer.text()
    expect([path, answer.status]).toEqual([path, 403])
    expect(html).toContain('请在企业微信或钉钉中打开')
    expect(html).not.toContain('<script')
  }
})

test('DingTalk gets the page itself, which then asks for the code', async () => {
  const answer = await open('/h5/week', { 'user-agent': dingtalkAgent })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-security-policy')).toContain("script-src 'self'")
  const html = await answer.text()
  expect(html).toContain('&quot;clientId&quot;:&quot;dingapp&quot;')
  expect(html).not.toContain('ding-secret')
})

test('one comes back only to pages of ours', () => {
  for (const good of ['/h5/', '/h5/week/2026-W48', '/h5/score?week=2026-W48', '/h5/form/a-b_c'])
    expect(safeNext(good)).toBe(good)
  for (const bad of [
    'https://evil.example/h5/',
    '//evil.example/h5/',
    '/h5/../api/me',
    '/h5//evil.example',
    '/h5/\\evil',
    '/api/me',
    '/h5evil',
    '/h5/week\r\nSet-Cookie: a=b',
    `/h5/${'a'.repeat(600)}`,
    ['/h5/', '/h5/week'],
    undefined,
  ])
    expect([bad, safeNext(bad)]).toEqual([bad, '/h5/'])
})

test('assets are kept for a year, packed, and nothing outside their folder is served', async () => {
  const { cookie } = await signIn(world, 'zhao')
  const page = await open('/h5/week', { 'user-agent': wecomAgent, cookie })
  expect(page.headers.get('cache-control')).toBe('no-cache')
  const script = /src="(\/h5\/assets\/[^"]+\.js)"/.exec(await page.text())![1]!
  const asset = await open(script, { 'accept-encoding': 'br' })
  expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(asset.headers.get('content-encoding')).toBe('br')
  for (const path of ['../index.html', '..%2f..%2fpackage.json', '%2e%2e%2findex.html', 'none.js', `${script}.br`])
    expect([path, (await open(`/h5/assets/${path}`)).status]).not.toEqual([path, 200])
})

test('only addresses of ours are signed for the platforms’ scripts', async () => {
  const zhao = await signIn(world, 'zhao')
  const ask = (platform: string, url: string, kind = 'config') =>
    zhao.get(`/api/js-signature?platform=${platform}&kind=${kind}&url=${encodeURIComponent(url)}`)
  expect((await ask('wecom', `${world.origin}/h5/week`)).body).toMatchObject({ signature: expect.any(String) })
  expect((await ask('wecom', `${world.origin}/h5/week`, 'agent')).status).toBe(200)
  expect((await ask('dingtalk', `${world.origin}/h5/week`)).body).toMatchObject({ corpId: 'dingcorp' })
  for (const url of ['https://evil.example/h5/', `${world.origin}.evil.example/`, 'javascript:alert(1)', ''])
    expect([url, (await ask('wecom', url)).status]).toEqual([url, 400])
})

test('the address of the consoles, without a slash, leads home and keeps what stands behind it', async () => {
  const bare = await open('/h5?corpid=ding1')
  expect([bare.status, bare.headers.get('location')]).toEqual([302, '/h5/?corpid=ding1'])
  const home = await open('/h5/')
  expect([home.status, home.headers.get('location')]).toEqual([302, '/auth/wecom?next=%2Fh5%2F'])
})

import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPhoneBrowser, phoneOfHost } from '../sandbox/phone-browser.ts'

/** What the bot and the platform's authorize page were asked, and what they answer. */
const asked: { to: 'bot' | 'platform'; req: IncomingMessage }[] = []
let botAnswers: (req: IncomingMessage, res: ServerResponse) => void
let platformAnswers: (req: IncomingMessage, res: ServerResponse) => void
let servers: Server[] = []
let port: number
let platform: string

const listen = async (server: Server) => {
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

beforeAll(async () => {
  const noting = (to: 'bot' | 'platform') =>
    createServer((req, res) => {
      asked.push({ to, req })
      const answer = to === 'bot' ? botAnswers : platformAnswers
      answer(req, res)
    })
  const bot = await listen(noting('bot'))
  const oauth = await listen(noting('platform'))
  platform = `http://127.0.0.1:${oauth}`
  const phones = createPhoneBrowser({
    botUrl: () => `http://127.0.0.1:${bot}`,
    publicBaseUrl: () => 'http://localhost:3000',
    oauthBase: platform,
    loginCode: (userId) => `code-of-${userId}`,
    framedBy: ['http://localhost:3001'],
  })
  port = await listen(createServer((req, res) => phones.handle(req, res, phoneOfHost(req.headers.host!)!)))
})
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
  servers = []
})

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  text: string
}

function ask(host: string, path: string, method = 'GET', headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((done, fail) => {
    const all = { host: `${host}.localhost:${port}`, ...headers }
    const req = request({ host: '127.0.0.1', port, path, method, headers: all }, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      res.on('end', () => done({ status: res.statusCode!, headers: res.headers, text }))
    })
    req.on('error', fail).end()
  })
}

const lastAsked = () => asked.at(-1)!.req

test('each phone has a host name of its own, and nothing else is one', () => {
  expect(phoneOfHost('zhaomin-wecom.localhost:3001')).toEqual({ userId: 'zhaomin', platform: 'wecom' })
  expect(phoneOfHost('luopeng-dingtalk.localhost')).toEqual({ userId: 'luopeng', platform: 'dingtalk' })
  for (const host of [
    'localhost:3001',
    'zhaomin.localhost',
    'zhaomin-wecom.localhost.evil.example',
    '-wecom.localhost',
  ])
    expect(phoneOfHost(host)).toBeUndefined()
})

test('the bot sees the app of the phone and its own public name, wherever the page is', async () => {
  botAnswers = (_req, res) => res.end('{}')
  const home = `http://zhaomin-wecom.localhost:${port}`
  await ask('zhaomin-wecom', '/api/week?x=1', 'POST', { origin: home, referer: `${home}/h5/week?via=1` })
  expect(lastAsked().url).toBe('/api/week?x=1')
  expect(lastAsked().headers).toMatchObject({
    host: 'localhost:3000',
    origin: 'http://localhost:3000',
    referer: 'http://localhost:3000/h5/week?via=1',
  })
  expect(lastAsked().headers['user-agent']).toMatch(/wxwork/)
  await ask('luopeng-dingtalk', '/h5/')
  expect(lastAsked().headers['user-agent']).toMatch(/DingTalk/)
  // A page of elsewhere stays a page of elsewhere.
  await ask('zhaomin-wecom', '/api/week', 'POST', { referer: 'https://evil.example/x' })
  expect(lastAsked().headers.referer).toBe('https://evil.example/x')
})

test('a page of another origin changes nothing with the sign-in of the phone', async () => {
  for (const origin of ['http://evil.example', 'http://qianjin-wecom.localhost:3001', 'null'])
    expect((await ask('zhaomin-wecom', '/api/week', 'POST', { origin })).status).toBe(403)
})

test('a page that says where it is says the public address', async () => {
  botAnswers = (_req, res) => res.end('{}')
  const here = encodeURIComponent(`http://zhaomin-wecom.localhost:${port}/h5/week?a=1`)
  await ask('zhaomin-wecom', `/api/js-signature?kind=config&url=${here}`)
  expect(lastAsked().url).toBe(
    `/api/js-signature?kind=config&url=${encodeURIComponent('http://localhost:3000/h5/week?a=1')}`,
  )
})

test('cookies stay with their phone and their path, and never reach the browser', async () => {
  botAnswers = (req, res) => {
    if (req.url === '/login')
      res.setHeader('set-cookie', ['jixiao=abc; Path=/; HttpOnly; SameSite=Lax', 'state=1; Path=/auth; Max-Age=600'])
    if (req.url === '/logout') res.setHeader('set-cookie', 'jixiao=; Path=/; Max-Age=0')
    res.end('ok')
  }
  expect((await ask('zhaomin-wecom', '/login')).headers['set-cookie']).toBeUndefined()
  await ask('zhaomin-wecom', '/h5/', 'GET', { cookie: 'jixiao=forged' })
  expect(lastAsked().headers.cookie).toBe('jixiao=abc')
  await ask('zhaomin-wecom', '/auth/wecom')
  expect(lastAsked().headers.cookie).toBe('jixiao=abc; state=1')
  for (const other of ['xuli-wecom', 'zhaomin-dingtalk']) {
    await ask(other, '/h5/')
    expect(lastAsked().headers.cookie).toBeUndefined()
  }
  await ask('zhaomin-wecom', '/logout')
  await ask('zhaomin-wecom', '/h5/')
  expect(lastAsked().headers.cookie).toBeUndefined()
})

test('signing in by WeCom goes to the platform with the holder of the phone, and comes back to the phone', async () => {
  botAnswers = (_req, res) =>
    res.writeHead(302, { location: `${platform}/connect/oauth2/authorize?appid=1&state=s#wechat_redirect` }).end()
  platformAnswers = (_req, res) =>
    res.writeHead(302, { location: 'http://localhost:3000/auth/wecom?code=c&state=s' }).end()
  const out = await ask('zhaomin-wecom', '/h5/week')
  expect(out.status).toBe(302)
  expect(out.headers.location).toMatch(/^\/[^/]/)
  const back = await ask('zhaomin-wecom', out.headers.location!.split('#')[0]!)
  expect(asked.at(-1)!.to).toBe('platform')
  expect(lastAsked().url).toBe('/connect/oauth2/authorize?appid=1&state=s')
  expect(lastAsked().headers['x-sandbox-user']).toBe('zhaomin')
  // The bot's cookies are none of the platform's business.
  expect(lastAsked().headers.cookie).toBeUndefined()
  expect(back.headers.location).toBe('/auth/wecom?code=c&state=s')
})

test('redirects to elsewhere are left alone, look-alikes of the public address too', async () => {
  for (const location of ['https://example.com/x', 'http://localhost:30001/x', '/h5/']) {
    botAnswers = (_req, res) => res.writeHead(302, { location }).end()
    expect((await ask('zhaomin-wecom', '/')).headers.location).toBe(location)
  }
})

test('only the frame’s owner may show the page; everything else of its policy stays', async () => {
  botAnswers = (_req, res) => {
    res.setHeader('content-security-policy', "default-src 'self'; frame-ancestors 'self'; object-src 'none'")
    res.setHeader('x-frame-options', 'SAMEORIGIN')
    res.setHeader('x-content-type-options', 'nosniff')
    res.setHeader('content-type', 'text/html; charset=utf-8')
    res.end('<!doctype html><html><head lang="zh"><title>周</title></head><body></body></html>')
  }
  const page = await ask('luopeng-dingtalk', '/h5/')
  const policy = String(page.headers['content-security-policy'])
  expect(policy).toContain("default-src 'self'")
  expect(policy).toContain("object-src 'none'")
  expect(policy).toContain('frame-ancestors http://localhost:3001')
  expect(policy.match(/frame-ancestors/g)).toHaveLength(1)
  expect(page.headers['x-frame-options']).toBeUndefined()
  expect(page.headers['x-content-type-options']).toBe('nosniff')
  expect(page.text).toMatch(/<head lang="zh"><script src="[^"]+"><\/script><title>周/)
  expect(Number(page.headers['content-length'])).toBe(Buffer.byteLength(page.text))
})

test('what is no page passes untouched, byte for byte', async () => {
  const bytes = Buffer.from([0, 255, 60, 104, 101, 97, 100, 62])
  botAnswers = (_req, res) => res.setHeader('content-type', 'image/png').end(bytes)
  expect((await ask('zhaomin-wecom', '/h5/assets/x.png')).text).toBe(bytes.toString('utf8'))
})

test('a bot that is away is said so on the phone', async () => {
  botAnswers = (req) => req.socket.destroy()
  const page = await ask('zhaomin-wecom', '/h5/')
  expect(page.status).toBe(502)
  expect(page.text).toContain('页面暂时打不开')
})

test('a login code is given to the page on a DingTalk phone and to nobody else', async () => {
  const script = (await ask('luopeng-dingtalk', await scriptPath('luopeng-dingtalk'))).text
  const codePath = /"(\/[^"]*login-code)"/.exec(script)![1]!
  expect(JSON.parse((await ask('luopeng-dingtalk', codePath, 'POST', { 'x-phone': '1' })).text)).toEqual({
    code: 'code-of-luopeng',
  })
  expect((await ask('luopeng-dingtalk', codePath, 'POST')).status).toBe(403)
  expect((await ask('luopeng-dingtalk', codePath, 'GET', { 'x-phone': '1' })).status).toBe(403)
  expect((await ask('zhaomin-wecom', codePath, 'POST', { 'x-phone': '1' })).status).toBe(403)
})

/** The script that the phone puts into pages. */
async function scriptPath(host: string): Promise<string> {
  botAnswers = (_req, res) => res.setHeader('content-type', 'text/html').end('<head></head>')
  return /<script src="([^"]+)">/.exec((await ask(host, '/h5/')).text)![1]!
}

test('a private window that denies storage to frames gets one for as long as the page lives', async () => {
  const script = (await ask('zhaomin-wecom', await scriptPath('zhaomin-wecom'))).text
  const real = { getItem: () => 'kept' }
  const page = createContext({ navigator: {}, localStorage: real })
  // Defined within: a context does not hear of what its object's getters throw in every version of Node.
  runInContext(
    "Object.defineProperty(globalThis, 'sessionStorage', { configurable: true, get() { throw new Error('denied') } })",
    page,
  )
  runInContext(script, page)
  expect(runInContext("sessionStorage.setItem('a', 1); sessionStorage.getItem('a')", page)).toBe('1')
  expect(runInContext("sessionStorage.removeItem('a'); sessionStorage.getItem('a')", page)).toBeNull()
  expect(runInContext("localStorage.getItem('a')", page)).toBe('kept')
})

test('dingtalk-jsapi itself gets its login code through the bridge', async () => {
  const entry = `
    import requestAuthCode from 'dingtalk-jsapi/api/union/requestAuthCode'
    import old from 'dingtalk-jsapi/api/runtime/permission/requestAuthCode'
    import 'dingtalk-jsapi/entry/union'
    const plain = (m) => m.default ?? m
    globalThis.answers = Promise.all([
      plain(requestAuthCode)({ corpId: 'ding1', clientId: 'c' }), plain(old)({ corpId: 'ding1' }),
    ])`
  const bundle = await build({
    stdin: { contents: entry, resolveDir: import.meta.dirname },
    ...{ bundle: true, write: false, format: 'iife', platform: 'browser', logLevel: 'silent' },
  })
  const script = (await ask('luopeng-dingtalk', await scriptPath('luopeng-dingtalk'))).text
  const page: Record<string, unknown> = {
    ...{ navigator: { userAgent: 'Chrome', language: 'zh-CN' }, location: { href: 'http://x/' }, console },
    ...{ document: { addEventListener() {}, dispatchEvent() {} }, parent: { postMessage() {} }, setTimeout, Promise },
    async fetch(path: string, { method, headers }: { method: string; headers: Record<string, string> }) {
      const { text } = await ask('luopeng-dingtalk', path, method, headers)
      return { json: async () => JSON.parse(text) as unknown }
    },
  }
  page.window = page
  page.self = page
  page.top = page
  createContext(page)
  runInContext(script, page)
  runInContext(bundle.outputFiles[0]!.text, page)
  expect(await page.answers).toEqual([{ code: 'code-of-luopeng' }, { code: 'code-of-luopeng' }])
})

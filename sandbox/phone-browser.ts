import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { PlatformName } from './company/people.ts'

/** Who holds the phone. */
export interface PhoneHolder {
  userId: string
  platform: PlatformName
}

export interface PhoneBrowserOptions {
  /** Address of the bot on loopback, now. */
  botUrl(): string
  /** What the bot believes to be its public address; redirects and referrers speak of it. */
  publicBaseUrl(): string
  /** Address of the WeCom stand-in with its authorize page, if there is a WeCom. */
  oauthBase: string | undefined
  /** A login code for a page that is open inside DingTalk. */
  loginCode(userId: string): string
  /** Origins of the sandbox page, which shows the phone in a frame. */
  framedBy: string[]
}

const WECOM_AGENT =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 wxwork/4.1.36 MicroMessenger/7.0.1 Language/zh'
const DINGTALK_AGENT =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 AliApp(DingTalk/7.6.15) com.laiwang.DingTalk/1 Channel/201200 language/zh-Hans-CN'
const agents: Record<PlatformName, string> = { wecom: WECOM_AGENT, dingtalk: DINGTALK_AGENT }

/** Paths of the phone's own, which never reach the bot. */
const OAUTH = '/__phone/oauth'
const CODE = '/__phone/login-code'
const SCRIPT = '/__phone/phone.js'

/** `<userId>-<platform>.localhost`, by which each phone has a browser of its own. */
export const phoneHost = ({ userId, platform }: PhoneHolder): string => `${userId}-${platform}.localhost`

/** The phone that a Host header means, if it means one. */
export function phoneOfHost(host: string): PhoneHolder | undefined {
  const found = /^([a-z0-9][a-z0-9-]{0,40})-(wecom|dingtalk)\.localhost(?::\d+)?$/.exec(host.toLowerCase())
  return found ? { userId: found[1]!, platform: found[2] as PlatformName } : undefined
}

/**
 * The browser inside each person's app: a reverse proxy to the bot under one host name a phone. It says which app it is part
 * of, lets WeCom's authorize page know who holds the phone, brings redirects back to the phone, and gives pages the native
 * bridge that `dingtalk-jsapi` looks for. Cookies stay here, one jar a phone, because browsers keep them from pages in frames.
 */
export function createPhoneBrowser(o: PhoneBrowserOptions) {
  const jars = new Map<string, Map<string, { value: string; path: string }>>()
  const jarOf = (phone: PhoneHolder) => {
    const host = phoneHost(phone)
    const jar = jars.get(host) ?? new Map<string, { value: string; path: string }>()
    jars.set(host, jar)
    return jar
  }

  function keepCookies(phone: PhoneHolder, lines: string[]): void {
    const jar = jarOf(phone)
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
      const at = pair.indexOf('=')
      if (at < 1) continue
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
      const read = (key: string) => attributes.find((a) => a.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1)
      const path = read('path') ?? '/'
      if (read('max-age') === '0' || Date.parse(read('expires') ?? '') <= 0) jar.delete(`${name};${path}`)
      else jar.set(`${name};${path}`, { value, path })
    }
  }

  const cookiesFor = (phone: PhoneHolder, path: string): string =>
    [...jarOf(phone)]
      .filter(([, c]) => path === c.path || path.startsWith(c.path.endsWith('/') ? c.path : `${c.path}/`))
      .map(([key, c]) => `${key.slice(0, key.indexOf(';'))}=${c.value}`)
      .join('; ')

  /** Where a redirect of the bot or of the platform leads on this phone. */
  function onPhone(location: string): string {
    const home = o.publicBaseUrl()
    if (location === home || location.startsWith(`${home}/`)) return location.slice(home.length) || '/'
    if (o.oauthBase && location.startsWith(`${o.oauthBase}/`)) return OAUTH + location.slice(o.oauthBase.length)
    return location
  }

  function headersUp(req: IncomingMessage, phone: PhoneHolder, path: string): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = {}
    for (const [name, value] of Object.entries(req.headers)) {
      if (value === undefined || droppedUp.has(name)) continue
      headers[name] = value
    }
    const home = new URL(o.publicBaseUrl())
    headers.host = home.host
    headers['user-agent'] = agents[phone.platform]
    // The page is changed on the way.
    headers['accept-encoding'] = 'identity'
    if (req.headers.origin === `http://${req.headers.host}`) headers.origin = home.origin
    if (req.headers.referer && URL.canParse(req.headers.referer)) {
      const from = new URL(req.headers.referer)
      if (phoneOfHost(from.host)) headers.referer = home.origin + from.pathname + from.search
    }
    const cookies = cookiesFor(phone, path)
    if (cookies) headers.cookie = cookies
    return headers
  }

  function headersDown(given: IncomingHttpHeaders): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = {}
    for (const [name, value] of Object.entries(given)) {
      if (value !== undefined && !droppedDown.has(name)) headers[name] = value
    }
    const policy = given['content-security-policy']
    if (typeof policy === 'string') {
      const rest = policy.split(';').filter((part) => !/^\s*frame-ancestors\b/i.test(part))
      headers['content-security-policy'] = [...rest, ` frame-ancestors ${o.framedBy.join(' ')}`].join(';')
    }
    if (given.location) headers.location = onPhone(given.location)
    return headers
  }

  function forward(req: IncomingMessage, res: ServerResponse, phone: PhoneHolder, base: string, path: string): void {
    const at = new URL(base)
    const headers = headersUp(req, phone, new URL(path, 'http://phone').pathname)
    // A page that says where it is, to have its address signed, is at the public address.
    const own = encodeURIComponent(`http://${req.headers.host}/`)
    const sent = path.replaceAll(own, encodeURIComponent(`${o.publicBaseUrl()}/`))
    if (base === o.oauthBase) {
      headers.host = at.host
      headers['x-sandbox-user'] = phone.userId
      delete headers.cookie
    }
    const up = httpRequest(
      { host: at.hostname, port: at.port, method: req.method, path: sent, headers },
      (answer: IncomingMessage) => {
        if (base !== o.oauthBase) keepCookies(phone, answer.headers['set-cookie'] ?? [])
        const down = headersDown(answer.headers)
        const isPage = /^text\/html\b/i.test(answer.headers['content-type'] ?? '')
        if (!isPage || req.method === 'HEAD') {
          res.writeHead(answer.statusCode ?? 502, down)
          answer.pipe(res)
          return
        }
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', () => res.destroy())
        answer.on('end', () => {
          const body = Buffer.from(withScript(Buffer.concat(chunks).toString('utf8')))
          res.writeHead(answer.statusCode ?? 502, { ...down, 'content-length': String(body.length) })
          res.end(body)
        })
      },
    )
    up.on('error', () => {
      if (res.headersSent) return void res.destroy()
      res.writeHead(502, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
      res.end('<!doctype html><meta charset="utf-8"><title>无法打开</title><p>页面暂时打不开，请稍后再试。</p>')
    })
    res.on('close', () => up.destroy())
    req.pipe(up)
  }

  return {
    /** Answers a request that came to a phone's host name. */
    handle(req: IncomingMessage, res: ServerResponse, phone: PhoneHolder): void {
      const path = req.url ?? '/'
      if (isForeign(req)) {
        // The jar holds sign-ins, and a browser would not send them along from elsewhere (SameSite).
        res.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' })
        res.end('only pages of this phone may do this')
      } else if (path === SCRIPT) {
        res.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-store' })
        res.end(phoneScript(phone.platform))
      } else if (path === CODE) {
        // Only the page on this very phone may ask; a form or a link from elsewhere cannot set this header.
        const isOwn = req.method === 'POST' && req.headers['x-phone'] === '1' && phone.platform === 'dingtalk'
        res.writeHead(isOwn ? 200 : 403, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        res.end(JSON.stringify(isOwn ? { code: o.loginCode(phone.userId) } : {}))
      } else if (path.startsWith(`${OAUTH}/`) && o.oauthBase && phone.platform === 'wecom') {
        forward(req, res, phone, o.oauthBase, path.slice(OAUTH.length))
      } else forward(req, res, phone, o.botUrl(), path)
    },
  }
}

/** A page of another origin wants to change something. */
const isForeign = (req: IncomingMessage): boolean =>
  req.method !== 'GET' &&
  req.method !== 'HEAD' &&
  req.headers.origin !== undefined &&
  req.headers.origin !== `http://${req.headers.host}`

const droppedUp = new Set(['host', 'cookie', 'connection', 'keep-alive', 'upgrade', 'accept-encoding', 'user-agent'])
const droppedDown = new Set([
  ...['x-frame-options', 'set-cookie', 'connection', 'keep-alive', 'transfer-encoding', 'content-length'],
  'strict-transport-security',
])

/** As the first script of the page, so that its own ones find themselves on a phone. */
function withScript(page: string): string {
  const tag = `<script src="${SCRIPT}"></script>`
  return /<head[^>]*>/i.test(page) ? page.replace(/<head[^>]*>/i, (head) => head + tag) : tag + page
}

/** What the app around the page gives it: its name, and in DingTalk the bridge of its iOS client. */
function phoneScript(platform: PlatformName): string {
  const name = `Object.defineProperty(navigator, 'userAgent', { get: () => ${JSON.stringify(agents[platform])} });`
  const common = `${name}\n(${storage.toString()})();\n`
  return platform === 'wecom' ? common : `${common}(${bridge.toString()})(${JSON.stringify(CODE)});\n`
}

/** Runs in the page. A browser that keeps pages in frames from storage (a private window) is no phone: until the page is left. */
function storage(): void {
  const page = globalThis as Record<string, unknown>
  for (const name of ['localStorage', 'sessionStorage']) {
    try {
      void page[name]
    } catch {
      const kept = new Map<string, string>()
      const value = {
        getItem: (key: string) => kept.get(key) ?? null,
        setItem: (key: string, text: string) => void kept.set(key, String(text)),
        removeItem: (key: string) => void kept.delete(key),
        clear: () => kept.clear(),
        key: (index: number) => [...kept.keys()][index] ?? null,
        get length() {
          return kept.size
        },
      }
      Object.defineProperty(page, name, { configurable: true, value })
    }
  }
}

/** Runs in the page. `WebViewJavascriptBridge` is what dingtalk-jsapi calls on an iPhone. */
function bridge(codePath: string): void {
  type Answer = (answer: { errorCode: string; result?: unknown; errorMessage?: string }) => void
  const page = globalThis as unknown as {
    WebViewJavascriptBridge: unknown
    parent: { postMessage(message: unknown, origin: string): void }
    document: { dispatchEvent(event: unknown): void }
  }
  const tell = (what: string) => page.parent.postMessage({ phone: what }, '*')
  page.WebViewJavascriptBridge = {
    init() {},
    registerHandler() {},
    callHandler(api: string, _params: unknown, answer: Answer) {
      if (/requestAuthCode/.test(api)) {
        fetch(codePath, { method: 'POST', headers: { 'x-phone': '1' } })
          .then((r) => r.json())
          .then(
            (result) => answer({ errorCode: '0', result }),
            (error) => answer({ errorCode: '1', errorMessage: String(error) }),
          )
        return
      }
      if (/closePage|navigation\.(close|quit|goBack)/.test(api)) tell('close')
      answer({ errorCode: '0', result: {} })
    },
  }
}

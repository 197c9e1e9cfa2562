import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Core } from './core.ts'
import type { Faults } from './faults.ts'
import { isRecord, type Json, parseJson } from './json.ts'
import type { Quota } from './quota.ts'
import { RawReply, Refusal, refuse, refuseOld } from './refusal.ts'
import type { Tokens } from './tokens.ts'

const MAX_BODY_BYTES = 32 * 1024 * 1024
const LOG_LENGTH = 2_000

export interface Call {
  params: Record<string, string>
  query: URLSearchParams
  headers: IncomingMessage['headers']
  /** JSON, or form fields on oapi; empty for neither. */
  body: Json
  raw: Buffer
}

export interface Route {
  method: 'GET' | 'POST' | 'PUT'
  /** `{name}` stands for one part. */
  path: string
  host: 'api' | 'oapi'
  /** Needs no access token. */
  open?: boolean
  /** The permission the app must have. */
  scope?: string
  /** Counted against the month's API calls (dingtalk.md §1.5). */
  counted?: boolean
  handle(call: Call): unknown
}

export interface RequestLogEntry {
  at: Date
  method: string
  path: string
  body: Json
  status: number
  /** `code` of api, `errcode` of oapi; '' or 0 for success. */
  code: string | number
}

export interface ApiServer {
  server: Server
  log: RequestLogEntry[]
  listen(port: number): Promise<string>
  cutAll(): void
  stop(): Promise<void>
}

interface Parts {
  core: Core
  faults: Faults
  quota: Quota
  tokens: Tokens
}

export function createApiServer({ core, faults, quota, tokens }: Parts, routes: readonly Route[]): ApiServer {
  const log: RequestLogEntry[] = []
  const sockets = new Set<Socket>()
  const table = routes.map((route) => ({ route, match: matcher(route.path) }))
  const server = createServer((req, res) => {
    void answer(req, res).catch(() => res.destroy())
  })
  server.on('connection', (socket) => {
    if (faults.settings.down) {
      faults.count('down')
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })

  async function answer(req: IncomingMessage, res: ServerResponse) {
    const url = new URL(req.url ?? '/', 'http://stand-in')
    const path = url.pathname
    if (faults.settings.down) {
      faults.count('down')
      res.destroy()
      return
    }
    if (faults.strikes('resetBefore', path)) {
      res.destroy()
      return
    }
    const raw = await readBody(req)
    if (faults.settings.slowMs > 0) await core.sleep(faults.settings.slowMs)
    if (faults.strikes('hang', path)) return
    const entry: RequestLogEntry = {
      at: new Date(core.now()),
      method: req.method ?? '',
      path,
      body: {},
      status: 0,
      code: '',
    }
    log.push(entry)
    if (log.length > LOG_LENGTH) log.shift()
    const reply = await run(req, url, raw, entry)
    entry.status = reply.status
    if (faults.strikes('resetAfter', path)) {
      res.destroy()
      return
    }
    res.writeHead(reply.status, { 'content-type': reply.contentType })
    res.end(reply.body)
  }

  async function run(req: IncomingMessage, url: URL, raw: Buffer, entry: RequestLogEntry): Promise<RawReply> {
    const path = url.pathname
    if (faults.settings.banned) {
      faults.count('banned')
      if (faults.settings.banned === 'html')
        return new RawReply(200, 'text/html', '<html><body><h1>punish: deny</h1><p>wait 5</p></body></html>')
      const body = { status: 1111, wait: 5, source: 'x5', punish: 'deny', uuid: core.random.hex(32) }
      return new RawReply(200, 'application/json', JSON.stringify(body))
    }
    const hit = table.find(({ route, match }) => route.method === req.method && match(path))
    const host = hit?.route.host ?? (path.startsWith('/v1.0/') ? 'api' : 'oapi')
    try {
      if (!hit) {
        if (host === 'api') throw refuse('InvalidAction.NotFound', 'Specified api is not found', 404)
        throw refuseOld(22, '不合法的请求路径')
      }
      const { route } = hit
      const params = hit.match(path)!
      const call: Call = { params, query: url.searchParams, headers: req.headers, body: {}, raw }
      if (!route.open) tokens.check(host, tokenOf(host, req, url))
      if (faults.settings.ipNotInWhitelist) throw notInWhitelist(host, faults)
      if (route.scope && faults.settings.deniedScopes.has(route.scope)) throw denied(host, route.scope, core, faults)
      quota.throttle(host, `${route.method} ${route.path}`)
      if (faults.strikes('busy', path)) throw busy(host, path)
      if (faults.strikes('http500', path))
        throw host === 'api'
          ? refuse('unknownError', '未知错误', 500)
          : new Refusal(500, { errcode: -1, errmsg: '系统繁忙' })
      if (route.counted) quota.countApi(host)
      call.body = readFields(host, req.headers['content-type'] ?? '', raw)
      entry.body = call.body
      const result = await route.handle(call)
      if (result instanceof RawReply) return result
      if (isRecord(result)) entry.code = Number(result.errcode ?? 0)
      const withId = host === 'oapi' && isRecord(result) ? { ...result, request_id: core.random.hex(12) } : result
      return new RawReply(200, 'application/json;charset=utf-8', JSON.stringify(withId ?? {}))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      entry.code = (error.body.code ?? error.body.errcode) as string | number
      const id = core.random.uuid().toUpperCase()
      const body = host === 'api' ? { ...error.body, requestid: id } : { ...error.body, request_id: id }
      return new RawReply(error.status, 'application/json;charset=utf-8', JSON.stringify(body))
    }
  }

  return {
    server,
    log,
    listen: (port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
      }),
    cutAll() {
      for (const socket of sockets) socket.destroy()
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** The header on api, the query on oapi; the other way round is no token at all. */
function tokenOf(host: 'api' | 'oapi', req: IncomingMessage, url: URL): string | undefined {
  if (host === 'oapi') return url.searchParams.get('access_token') ?? undefined
  const header = req.headers['x-acs-dingtalk-access-token']
  return typeof header === 'string' ? header : undefined
}

function notInWhitelist(host: 'api' | 'oapi', faults: Faults): Refusal {
  faults.count('ipNotInWhitelist')
  if (host === 'oapi') return refuseOld(60020, '访问ip不在白名单之中,request ip=127.0.0.1')
  return refuse('Forbidden.AccessDenied.IpNotInWhiteList', '访问ip不在白名单之中', 403)
}

function denied(host: 'api' | 'oapi', scope: string, core: Core, faults: Faults): Refusal {
  faults.count('permissionDenied')
  const message = `应用尚未开通所需的权限：[${scope}]`
  if (host === 'api')
    return refuse('Forbidden.AccessDenied.AccessTokenPermissionDenied', message, 403, {
      [core.variants.deniedDetailKey]: { requiredScopes: [scope] },
    })
  if (core.variants.deniedErrcode === 60011) return refuseOld(60011, message)
  return refuseOld(88, `ding talk error[subcode=60011,submsg=${message}]`, { sub_code: '60011', sub_msg: message })
}

function busy(host: 'api' | 'oapi', path: string): Refusal {
  if (host === 'oapi') return refuseOld(-1, '系统繁忙')
  return refuse('system.busy', '系统繁忙', path.startsWith('/v1.0/card/') ? 500 : 429)
}

function readFields(host: 'api' | 'oapi', contentType: string, raw: Buffer): Json {
  if (raw.length === 0 || contentType.startsWith('multipart/')) return {}
  if (host === 'oapi' && contentType.startsWith('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(raw.toString('utf8')))
  const body = contentType.startsWith('application/json') ? parseJson(raw.toString('utf8')) : undefined
  if (isRecord(body)) return body
  throw host === 'api' ? refuse('param.invalid', '请求体不是合法的JSON') : refuseOld(40035, '不合法的参数')
}

function matcher(pattern: string): (path: string) => Record<string, string> | undefined {
  const parts = pattern.split('/')
  return (path) => {
    const given = path.split('/')
    if (given.length !== parts.length) return undefined
    const params: Record<string, string> = {}
    for (const [i, part] of parts.entries()) {
      if (part.startsWith('{')) params[part.slice(1, -1)] = decodeURIComponent(given[i]!)
      else if (part !== given[i]) return undefined
    }
    return params
  }
}

async function readBody(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req) {
    size += (chunk as Buffer).length
    if (size > MAX_BODY_BYTES) throw new RangeError('body too large')
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

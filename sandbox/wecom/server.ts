import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { count, drawFault, type FaultName, type WecomFaults } from './faults.ts'
import { admit, type Meter, newMeter } from './limits.ts'
import { errmsg, isObject, type Json, Refusal, refuse } from './refusal.ts'
import type { TokenKind, World } from './state.ts'
import { checkToken, type Tokens } from './tokens.ts'

const MOST_BYTES = 25 * 1024 * 1024
const LOG_LENGTH = 20_000

export interface Call {
  query: URLSearchParams
  body: Json
  raw: Buffer
  headers: IncomingMessage['headers']
  kind: TokenKind
}

export interface Route {
  method: 'GET' | 'POST'
  /** Which tokens may call; `none` needs no token. Another kind: 48002, or `wrongKind`. */
  tokens: 'none' | TokenKind[]
  wrongKind?: number
  /** A form upload is not JSON. */
  form?: boolean
  /** Not counted against the general limits (wecom.md §3.4, §7). */
  uncounted?: () => boolean
  run(call: Call): Json | RawAnswer
}

/** An answer that is not JSON: a page, a redirection, a file. */
export interface RawAnswer {
  raw: { status: number; headers: Record<string, string>; body: Buffer | string }
}

export interface RequestLogEntry {
  at: Date
  method: string
  /** e.g. /cgi-bin/message/send */
  path: string
  /** Undefined when the call broke off unanswered or the answer was no JSON. */
  errcode: number | undefined
  status: number
  fault?: FaultName
  token?: TokenKind
  body?: Json
}

export interface Api {
  world: World
  tokens: Tokens
  faults: WecomFaults
  meters: Map<string, Meter>
  log: RequestLogEntry[]
  routes: Record<string, Route>
  /** Without the API's token, faults and envelope: what a browser opens. */
  pages: Record<string, (request: IncomingMessage, url: URL) => RawAnswer['raw']>
}

export async function listen(api: Api, port: number): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    answer(api, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500)
      response.end(String(error))
    })
  })
  await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done))
  return { server, port: (server.address() as AddressInfo).port }
}

async function answer(api: Api, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const page = api.pages[url.pathname]
  if (page && request.method === 'GET') {
    const { status, headers, body } = page(request, url)
    response.writeHead(status, headers).end(body)
    return
  }
  const raw = await readBody(request)
  const entry: RequestLogEntry = {
    ...{ at: api.world.clock.now(), method: request.method ?? '', path: url.pathname },
    ...{ errcode: undefined, status: 0 },
  }
  if (api.log.push(entry) > LOG_LENGTH) api.log.shift()
  if (api.faults.down) {
    count(api.faults, 'down')
    entry.status = 503
    response.writeHead(503).end('Service Unavailable')
    return
  }
  if (api.faults.slowMs > 0) {
    count(api.faults, 'slow')
    await wait(api.faults.slowMs, undefined, { ref: false })
  }
  const fault = drawFault(api.faults, url.pathname, api.world.random)
  if (fault) {
    entry.fault = fault
    count(api.faults, fault)
  }
  if (fault === 'hang') return
  if (fault === 'reset-before') return void request.socket.destroy()
  if (fault === 'http-500') {
    entry.status = 500
    response.writeHead(500, { 'content-type': 'text/html' }).end('<html><body>500 Internal Server Error</body></html>')
    return
  }
  const result = handle(api, { request, url, raw, fault, entry })
  if (fault === 'hang-after') return
  if (fault === 'reset-after') return void request.socket.destroy()
  entry.status = result.status
  response.writeHead(result.status, result.headers).end(result.body)
}

interface Arrived {
  request: IncomingMessage
  url: URL
  raw: Buffer
  fault: FaultName | undefined
  entry: RequestLogEntry
}

function handle(api: Api, arrived: Arrived): RawAnswer['raw'] {
  const { url, request, raw, entry } = arrived
  const route = api.routes[url.pathname]
  if (!route) return { status: 404, headers: {}, body: '404 page not found' }
  const parsed = route.method === 'GET' || route.form ? { body: {}, wrong: false } : parseJson(raw)
  entry.body = parsed.body
  let result: Json | RawAnswer
  try {
    const kind = gate(api, arrived, route)
    if (kind !== 'none') entry.token = kind
    if (route.method === 'POST' && !route.form && hasEscapes(raw)) refuse(40033, 'invalid charset, \\uXXXX found')
    result = route.run({
      query: url.searchParams,
      body: parsed.body,
      raw,
      headers: request.headers,
      kind: kind as TokenKind,
    })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const hint = `${api.world.clock.now().getTime()}${Math.floor(api.world.random() * 1e9)}`
    const ip = api.faults.untrustedIp ?? '127.0.0.1'
    const { errcode, message: text } = error
    result = { errcode, errmsg: errmsg({ errcode, text, hint, ip, wrongJson: parsed.wrong }) }
  }
  if ('raw' in result) return (result as RawAnswer).raw
  entry.errcode = (result as Json).errcode as number
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=UTF-8', 'error-code': String(entry.errcode) },
    body: JSON.stringify(result),
  }
}

/** Everything before the API itself: method, address, token, frequency. */
function gate(api: Api, arrived: Arrived, route: Route): TokenKind | 'none' {
  const { world, faults } = api
  const { url, fault } = arrived
  if (fault === 'busy') refuse(-1, 'system busy')
  if (faults.ipBanned) {
    count(faults, 'ip-banned')
    refuse(45009, 'api freq out of limit, ip is blocked')
  }
  if (arrived.request.method !== route.method) refuse(40063, `${route.method} is required`)
  const text = url.searchParams.get('access_token')
  if (fault === 'token-invalid' && text) api.tokens.issued.delete(text)
  const kind = route.tokens === 'none' ? 'none' : checkToken(world, api.tokens, text)
  if (faults.untrustedIp !== undefined && kind !== 'none') {
    count(faults, 'untrusted-ip')
    refuse(60020, 'not allow to access from your ip')
  }
  if (fault === 'rate-limit') refuse(45009, 'api freq out of limit')
  if (!route.uncounted?.()) {
    let meter = api.meters.get(url.pathname)
    if (!meter) {
      meter = newMeter()
      api.meters.set(url.pathname, meter)
    }
    // debug=1 lowers the limit to 5 a minute (wecom.md §3.5).
    const minute = url.searchParams.get('debug') === '1' ? 5 : world.limits.callsPerMinute
    admit(meter, world.clock.now().getTime(), { minute, hour: world.limits.callsPerHour })
  }
  if (kind !== 'none' && !(route.tokens as TokenKind[]).includes(kind))
    refuse(route.wrongKind ?? 48002, 'api forbidden')
  return kind
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MOST_BYTES) throw new Error('request too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A body that is not a JSON object is read as an empty one; the errmsg then warns (wecom.md §6.1). */
function parseJson(raw: Buffer): { body: Json; wrong: boolean } {
  try {
    const body: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw))
    return isObject(body) ? { body, wrong: false } : { body: {}, wrong: true }
  } catch {
    return { body: {}, wrong: true }
  }
}

/** Characters written as \uXXXX; an escaped backslash before a u is no such thing. */
function hasEscapes(raw: Buffer): boolean {
  return raw.includes('\\u') && /^(?:[^\\]|\\[^u])*\\u[0-9a-fA-F]{4}/s.test(raw.toString('utf8'))
}

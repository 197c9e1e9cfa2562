import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { z } from 'zod'
import { CannotDo, type Control, inputs } from './control.ts'
import { type PhoneHolder, phoneOfHost } from './phone-browser.ts'

export interface SandboxServer {
  readonly port: number
  stop(): Promise<void>
}

export interface SandboxServerOptions {
  /** 0: any free port. */
  port: number
  /** The built page. */
  pageDir: string
  /** What the page works with; undefined until the world is there. */
  control(): Control | undefined
  /** Answers requests to the host names of phones. */
  phone(req: IncomingMessage, res: ServerResponse, phone: PhoneHolder): void
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}
const MOST_BODY_BYTES = 64 * 1024

/**
 * The sandbox's own server: the page, its API with Server-Sent Events, and the phones' browsers under their host names. It
 * listens on loopback only, and answers only to names of this machine, so that no page of the internet can come in by
 * pointing a name of its own here; what changes something must come from our page.
 *
 * @throws Error when the port is taken
 */
export async function startSandboxServer(o: SandboxServerOptions): Promise<SandboxServer> {
  const page = readPage(o.pageDir)
  const streams = new Set<ServerResponse>()
  const server = createServer((req, res) => {
    const host = req.headers.host ?? ''
    const phone = phoneOfHost(host)
    if (phone && o.control()) o.phone(req, res, phone)
    else if (phone) text(res, 503, '沙箱正在启动，请稍候')
    else if (!/^(localhost|127\.0\.0\.1)(:\d+)?$/i.test(host)) text(res, 403, 'this host name is not served here')
    else answer(req, res).catch((error) => json(res, 400, { error: readableError(error) }))
  })

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', `http://${req.headers.host}`)
    if (!url.pathname.startsWith('/api/')) return sendPage(req, res, url.pathname)
    const control = o.control()
    if (!control) return json(res, 503, { error: '沙箱正在启动，请稍候' })
    if (req.method === 'GET') return read(req, res, url, control)
    // A page of another origin can send neither this type nor this origin without asking first.
    const isOurs = req.headers.origin === undefined || req.headers.origin === url.origin
    if (req.method !== 'POST' || !isOurs) return json(res, 403, { error: '请在沙箱页面中操作' })
    if (!/^application\/json\b/.test(req.headers['content-type'] ?? '')) return json(res, 415, { error: '只接受JSON' })
    const name = url.pathname.slice('/api/'.length)
    if (!Object.hasOwn(inputs, name)) return json(res, 404, { error: '没有这个操作' })
    const body = await readBody(req)
    if (control.state().phase === 'past') throw new CannotDo('正在准备三周的历史，请稍候')
    const key = name as keyof typeof inputs
    const run = control.actions[key] as (input: unknown) => Promise<unknown>
    json(res, 200, (await run(inputs[key].parse(body))) ?? {})
  }

  function read(req: IncomingMessage, res: ServerResponse, url: URL, control: Control): void {
    if (url.pathname === '/api/state') json(res, 200, control.state())
    else if (url.pathname === '/api/chat') {
      const { platform, id, as } = chatQuery.parse(Object.fromEntries(url.searchParams))
      json(res, 200, control.chat(platform, id, as))
    } else if (url.pathname === '/api/events') stream(req, res, control)
    else json(res, 404, { error: '没有这个地址' })
  }

  function stream(req: IncomingMessage, res: ServerResponse, control: Control): void {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'keep-alive' })
    res.write('retry: 1000\n\n')
    streams.add(res)
    const stop = control.onEvent((event, data) => res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`))
    req.on('close', () => {
      stop()
      streams.delete(res)
    })
  }

  function sendPage(req: IncomingMessage, res: ServerResponse, path: string): void {
    const file = page.get(path === '/' ? '/index.html' : path)
    if (!file) {
      if (page.size === 0) text(res, 503, '沙箱页面尚未构建，请先运行 npm run build')
      else text(res, 404, 'not found')
      return
    }
    const { port } = server.address() as AddressInfo
    res.writeHead(200, {
      'content-type': file.type,
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      'content-security-policy': `default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-src http://*.localhost:${port}; frame-ancestors 'none'; base-uri 'none'`,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
    })
    res.end(req.method === 'HEAD' ? undefined : file.body)
  }

  await new Promise<void>((done, fail) => server.once('error', fail).listen(o.port, '127.0.0.1', done))
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const stream of streams) stream.end()
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

const chatQuery = z.strictObject({
  platform: z.enum(['wecom', 'dingtalk']),
  id: z.string().min(1).max(64),
  as: z.string().min(1).max(64).optional(),
})

function readableError(error: unknown): string {
  if (error instanceof CannotDo) return error.message
  if (error instanceof z.ZodError) return '请求的内容不正确'
  return `没有成功：${error instanceof Error ? error.message : String(error)}`
}

/** All files of the built page; they are few and small. */
function readPage(dir: string): Map<string, { type: string; body: Buffer }> {
  const files = new Map<string, { type: string; body: Buffer }>()
  if (!existsSync(dir)) return files
  for (const entry of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    const type = types[extname(entry.name)]
    if (!entry.isFile() || !type) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path.slice(dir.replace(/[/\\]+$/, '').length).replaceAll('\\', '/'), { type, body: readFileSync(path) })
  }
  return files
}

async function readBody(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req) {
    size += (chunk as Buffer).length
    if (size > MOST_BODY_BYTES) throw new CannotDo('内容太长')
    chunks.push(chunk as Buffer)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}')
  } catch {
    throw new CannotDo('请求不是JSON')
  }
}

function json(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  res.end(JSON.stringify(body))
}

function text(res: ServerResponse, status: number, body: string): void {
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  res.end(body)
}

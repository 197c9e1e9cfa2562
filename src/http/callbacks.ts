import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Dingtalk } from '../platforms/dingtalk/index.ts'
import type { Wecom } from '../platforms/wecom/index.ts'

/** Callbacks carry at most a few kilobytes; anything beyond this is no platform's (design §8). */
const MOST_BODY_BYTES = 64 * 1024

interface Reply {
  status: number
  body: string
  headers?: Record<string, string>
}

interface Request {
  method: string
  headers: IncomingMessage['headers']
  query: Record<string, string>
  body: Buffer
}

interface Route {
  path: string
  methods: readonly string[]
  answer(request: Request): Promise<Reply>
}

export interface CallbackDeps {
  log: Log
  metrics: Metrics
  wecom?: Wecom
  dingtalk?: Dingtalk
}

/**
 * Answers the platforms' callbacks on Node's own server: they are most of the traffic, and nothing of a web framework is
 * needed for them (docs/performance.md). False: not a callback's path or method, and somebody else's to answer.
 */
export function createCallbacks(deps: CallbackDeps): (req: IncomingMessage, res: ServerResponse) => boolean {
  const { log, metrics } = deps
  const routes = new Map(routesOf(deps).map((r) => [r.path, r]))

  return (req, res) => {
    const url = req.url ?? ''
    const at = url.indexOf('?')
    const route = routes.get(at < 0 ? url : url.slice(0, at))
    if (!route?.methods.includes(req.method ?? '')) return false
    const end = metrics.callbacks.startTimer({ path: route.path })
    const finish = (reply: Reply) => {
      send(res, reply)
      end({ status: String(reply.status) })
    }
    const query = single(at < 0 ? '' : url.slice(at + 1))
    if (!query) {
      finish({ status: 400, body: '' })
      return true
    }
    readBody(req, (body) => {
      if (!body) return finish({ status: 413, body: '', headers: { connection: 'close' } })
      route.answer({ method: req.method!, headers: req.headers, query, body }).then(finish, (err) => {
        log.error({ err, path: route.path }, 'callback failed')
        finish({ status: 500, body: '' })
      })
    })
    return true
  }
}

function routesOf({ wecom, dingtalk }: CallbackDeps): Route[] {
  const both = ['GET', 'POST'] as const
  const post = ['POST'] as const
  return [
    ...(wecom
      ? [
          { path: '/wecom/callback', methods: both, answer: (r: Request) => wecom.handleCallback(r, 'app') },
          { path: '/wecom/contacts', methods: both, answer: (r: Request) => wecom.handleCallback(r, 'contacts') },
        ]
      : []),
    ...(dingtalk
      ? [
          { path: '/dingtalk/robot', methods: post, answer: dingtalk.handleRobot },
          { path: '/dingtalk/cards', methods: post, answer: dingtalk.handleCards },
          { path: '/dingtalk/events', methods: post, answer: dingtalk.handleEvents },
        ]
      : []),
  ]
}

function send(res: ServerResponse, { status, body, headers }: Reply): void {
  if (res.headersSent || res.destroyed) return
  const content = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
  res.writeHead(status, { ...(body !== '' && content), 'content-length': Buffer.byteLength(body), ...headers })
  res.end(body)
}

/** Undefined for doubled parameters: two readers could disagree on which one counts. */
function single(text: string): Record<string, string> | undefined {
  const query: Record<string, string> = Object.create(null)
  for (const [key, value] of new URLSearchParams(text)) {
    if (key in query) return undefined
    query[key] = value
  }
  return query
}

/** Calls back once, with the body or, beyond the limit, with nothing; then the connection is closed behind the answer. */
function readBody(req: IncomingMessage, done: (body: Buffer | undefined) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  let over = false
  const tooBig = () => {
    over = true
    done(undefined)
    setImmediate(() => req.destroy())
  }
  if (Number(req.headers['content-length']) > MOST_BODY_BYTES) {
    tooBig()
    return
  }
  req.on('data', (chunk: Buffer) => {
    if (over) return
    size += chunk.length
    if (size > MOST_BODY_BYTES) tooBig()
    else chunks.push(chunk)
  })
  req.on('end', () => {
    if (!over) done(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
  })
  // Cut off by the other side, or by the server's own limits of time: there is nobody to answer.
  req.on('error', () => {})
}

import Router from '@koa/router'
import Koa, { type Context } from 'koa'
import helmet from 'koa-helmet'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Dingtalk } from '../platforms/dingtalk/index.ts'
import type { Wecom } from '../platforms/wecom/index.ts'

export interface AppDeps {
  log: Log
  metrics: Metrics
  wecom?: Wecom
  dingtalk?: Dingtalk
  /** `ok: false` with what is wrong, when the bot cannot do its work. */
  ready(): Promise<{ ok: boolean; checks: Record<string, string> }>
  refreshMetrics(): Promise<void>
  adminToken?: string
  /** Pages and their API; mounted behind the callbacks. */
  mount?: (app: Koa) => void
}

/** Callbacks carry at most a few kilobytes; anything beyond this is no platform's (design §8). */
const MOST_BODY_BYTES = 64 * 1024

/** The Koa application: callbacks, health, metrics, pages. */
export function createApp(deps: AppDeps): Koa {
  const app = new Koa()
  app.on('error', (err, ctx?: Context) => deps.log.error({ err, path: ctx?.path }, 'request failed'))
  app.use(helmet({ crossOriginOpenerPolicy: false, contentSecurityPolicy: false, strictTransportSecurity: false }))
  app.use(routes(deps).routes())
  deps.mount?.(app)
  return app
}

function routes(deps: AppDeps): Router {
  const router = new Router()
  const { wecom, dingtalk, metrics } = deps

  const timed = (path: string, answer: (ctx: Context) => Promise<void>) => async (ctx: Context) => {
    const end = metrics.callbacks.startTimer({ path })
    try {
      await answer(ctx)
    } finally {
      end({ status: String(ctx.status) })
    }
  }

  if (wecom) {
    for (const [path, kind] of [
      ['/wecom/callback', 'app'],
      ['/wecom/contacts', 'contacts'],
    ] as const) {
      const answer = timed(path, async (ctx) => {
        const body = ctx.method === 'GET' ? Buffer.alloc(0) : await readBody(ctx)
        if (!body) return
        send(ctx, await wecom.handleCallback({ method: ctx.method, query: single(ctx), body }, kind))
      })
      router.get(path, answer)
      router.post(path, answer)
    }
  }
  if (dingtalk) {
    for (const [path, handle] of [
      ['/dingtalk/robot', dingtalk.handleRobot],
      ['/dingtalk/cards', dingtalk.handleCards],
      ['/dingtalk/events', dingtalk.handleEvents],
    ] as const) {
      router.post(
        path,
        timed(path, async (ctx) => {
          const body = await readBody(ctx)
          if (!body) return
          send(ctx, await handle({ headers: ctx.headers, query: single(ctx), body }))
        }),
      )
    }
  }

  router.get('/healthz', (ctx) => {
    ctx.body = { ok: true }
  })
  router.get('/readyz', async (ctx) => {
    const state = await deps.ready()
    ctx.status = state.ok ? 200 : 503
    ctx.body = state
  })
  router.get('/metrics', async (ctx) => {
    if (deps.adminToken && ctx.get('authorization') !== `Bearer ${deps.adminToken}`) {
      ctx.status = 401
      return
    }
    await deps.refreshMetrics()
    ctx.type = metrics.registry.contentType
    ctx.body = await metrics.registry.metrics()
  })
  return router
}

function send(ctx: Context, reply: { status: number; body: string; headers?: Record<string, string> }): void {
  ctx.status = reply.status
  if (reply.headers) ctx.set(reply.headers)
  if (!reply.headers?.['content-type']) ctx.type = 'text/plain; charset=utf-8'
  ctx.body = reply.body
}

/** Doubled parameters are refused: two readers could disagree on which one counts. */
function single(ctx: Context): Record<string, string> {
  const query: Record<string, string> = {}
  for (const [key, value] of Object.entries(ctx.query)) {
    if (Array.isArray(value)) ctx.throw(400, 'doubled parameter')
    if (value !== undefined) query[key] = value as string
  }
  return query
}

/** The body up to the limit; beyond it the connection is closed with 413. */
async function readBody(ctx: Context): Promise<Buffer | undefined> {
  const tooBig = () => {
    ctx.status = 413
    ctx.set('connection', 'close')
    ctx.body = ''
    ctx.req.unpipe()
    ctx.req.resume()
    ctx.res.once('finish', () => ctx.req.destroy())
    return undefined
  }
  if (Number(ctx.get('content-length')) > MOST_BODY_BYTES) return tooBig()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of ctx.req) {
    size += (chunk as Buffer).length
    if (size > MOST_BODY_BYTES) return tooBig()
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

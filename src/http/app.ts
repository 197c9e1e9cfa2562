import type { RequestListener } from 'node:http'
import Router from '@koa/router'
import Koa, { type Context } from 'koa'
import helmet from 'koa-helmet'
import type { Ready } from '../health.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Dingtalk } from '../platforms/dingtalk/index.ts'
import type { Wecom } from '../platforms/wecom/index.ts'
import type { AdminGuard } from './admin/guard.ts'
import { createCallbacks } from './callbacks.ts'

export interface AppDeps {
  log: Log
  metrics: Metrics
  wecom?: Wecom
  dingtalk?: Dingtalk
  /** `ok: false` with what is wrong, when the bot cannot do its work. */
  ready(): Promise<Ready>
  refreshMetrics(): Promise<void>
  /** Who may read the figures; everybody, when left out. */
  admin?: AdminGuard
  /** People reach us by https: their browsers are told to come no other way. */
  https: boolean
  /** Pages and their API; mounted behind the callbacks. */
  mount?: (app: Koa) => void
}

/** Everything that is served: callbacks as they come, the rest through Koa. */
export function createApp(deps: AppDeps): RequestListener {
  const app = new Koa()
  app.on('error', (err, ctx?: Context) => deps.log.error({ err, path: ctx?.path }, 'request failed'))
  app.use(headers(deps.https))
  app.use(routes(deps).routes())
  deps.mount?.(app)
  const callbacks = createCallbacks(deps)
  const rest = app.callback()
  return (req, res) => {
    if (!callbacks(req, res)) void rest(req, res)
  }
}

/** For whatever is served; a page, which loads and shows something, then says its own policy (static.ts). */
const headers = (https: boolean) =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // The platforms' sign-in opens and is opened by us.
    crossOriginOpenerPolicy: false,
    strictTransportSecurity: https && { maxAge: 31_536_000, includeSubDomains: false },
  })

function routes(deps: AppDeps): Router {
  const router = new Router()
  const { metrics } = deps

  router.get('/healthz', (ctx) => {
    ctx.body = { ok: true }
  })
  router.get('/readyz', async (ctx) => {
    const state = await deps.ready()
    ctx.status = state.ok ? 200 : 503
    ctx.body = state
  })
  router.get('/metrics', async (ctx) => {
    const verdict = deps.admin?.(ctx) ?? 'yes'
    if (verdict !== 'yes') {
      ctx.status = verdict === 'no' ? 401 : 429
      return
    }
    await deps.refreshMetrics()
    ctx.type = metrics.registry.contentType
    ctx.body = await metrics.registry.metrics()
  })
  return router
}

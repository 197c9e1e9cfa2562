import { randomBytes } from 'node:crypto'
import Router from '@koa/router'
import type { Context } from 'koa'
import type { Ctx } from '../context.ts'
import type { Dingtalk } from '../platforms/dingtalk/index.ts'
import type { Wecom } from '../platforms/wecom/index.ts'
import type { Db } from '../store/connect.ts'
import { loginCodeStore } from '../store/login-codes.ts'
import { answerErrors, apiRoutes } from './api/index.ts'
import { appOf, authRoutes, outsidePage } from './auth.ts'
import { createSessions } from './session.ts'
import { type PageConfig, staticPages } from './static.ts'

export interface PageDeps {
  db: Db
  publicBaseUrl: string
  /** SESSION_SECRET; without one sessions end with the process. */
  secret?: string
  wecom?: Wecom
  dingtalk?: Dingtalk
  /** Where the built pages are. */
  webDir: string
  config: PageConfig
}

/**
 * Everything below `/h5`, `/api` and `/auth`. Make it before the store's indexes are built: it has a collection of its own.
 */
export function pageRoutes(bot: Ctx, deps: PageDeps): Router {
  const { publicBaseUrl, wecom, dingtalk } = deps
  const sessions = createSessions({
    secret: deps.secret ?? randomBytes(32).toString('hex'),
    secure: publicBaseUrl.startsWith('https:'),
    clock: bot.clock,
  })
  const ports = { ...(wecom && { wecom }), ...(dingtalk && { dingtalk }) }
  const pages = staticPages(deps.webDir, deps.config)
  const router = new Router()

  router.use('/auth', answerErrors(bot))
  authRoutes(router, bot, { sessions, codes: loginCodeStore(deps.db), publicBaseUrl, ...ports })
  apiRoutes(router, bot, { sessions, publicBaseUrl, ...ports })

  router.get('/h5/assets/:name', (ctx) => {
    if (!pages.asset(ctx, ctx.params.name ?? '')) ctx.status = 404
  })
  const page = (ctx: Context) => {
    if (!pages.built) return ctx.throw(503, 'pages are not built')
    const signedIn = sessions.read(ctx) !== undefined
    if (!signedIn) {
      // Signing in starts here, before anything is loaded; in DingTalk the page itself asks for the code.
      const app = appOf(ctx)
      if (app === 'wecom' && wecom) return ctx.redirect(`/auth/wecom?next=${encodeURIComponent(ctx.url)}`)
      if (app !== 'dingtalk' || !dingtalk) return outsidePage(ctx)
    }
    pages.index(ctx, signedIn)
  }
  // The address that stands in the platforms' consoles and on cards without a page of their own.
  router.get('/h5', (ctx, next) => (ctx.path === '/h5' ? ctx.redirect(`/h5/${ctx.search}`) : next()))
  router.get('/h5/{*rest}', page)
  return router
}

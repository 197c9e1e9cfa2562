import { randomUUID } from 'node:crypto'
import Router from '@koa/router'
import type { Context } from 'koa'
import { ApiError, check, readJson } from '../api/body.ts'
import { answerErrors } from '../api/index.ts'
import { staticPages } from '../static.ts'
import { auditEndpoints } from './audit.ts'
import { deliveryEndpoints } from './deliveries.ts'
import type { AdminCall, AdminDeps, AdminEndpoint } from './endpoint.ts'
import type { AdminGuard } from './guard.ts'
import { jobEndpoints } from './jobs.ts'
import { overviewEndpoints } from './overview.ts'
import { peopleEndpoints } from './people.ts'
import { createRehearsal, rehearsalSchema } from './rehearsal.ts'

/** Every route of the administrator's API but the rehearsal, which answers bit by bit. */
export const adminEndpoints: AdminEndpoint[] = [
  ...overviewEndpoints,
  ...deliveryEndpoints,
  ...jobEndpoints,
  ...peopleEndpoints,
  ...auditEndpoints,
]
export const REHEARSAL = '/api/admin/rehearsal'

/** The administrator's page and its API; mounted only where ADMIN_TOKEN is set. */
export function adminRoutes(deps: AdminDeps, guard: AdminGuard, webDir: string): Router {
  const { bot } = deps
  const router = new Router()
  const pages = staticPages(webDir, {})
  const rehearse = createRehearsal(deps)

  const allowed = (ctx: Context): void => {
    const verdict = guard(ctx)
    if (verdict === 'too-many') {
      ctx.set('Retry-After', '60')
      throw new ApiError(429, 'too-many', '令牌错误次数过多，请一分钟后再试')
    }
    if (verdict === 'no') throw new ApiError(401, 'signed-out', '令牌不正确')
  }

  for (const e of adminEndpoints) {
    router[e.method === 'GET' ? 'get' : 'post'](e.path, answerErrors(bot), async (ctx: Context) => {
      allowed(ctx)
      const body = e.body ? check(e.body, await readJson(ctx)) : {}
      const now = bot.clock.now()
      const call: AdminCall = {
        ...deps,
        ...{ now, zone: bot.company().timeZone, body: body as Record<string, unknown> },
        async audit(what, to, detail) {
          const line = { _id: `admin/${randomUUID()}`, at: now, by: 'admin', what, to }
          await bot.audit.add(detail ? { ...line, detail } : line)
        },
      }
      ctx.body = await e.run(call as AdminCall<never>)
    })
  }
  router.post(REHEARSAL, answerErrors(bot), async (ctx: Context) => {
    allowed(ctx)
    rehearse(ctx, check(rehearsalSchema, await readJson(ctx)))
  })

  router.get('/admin/assets/:name', (ctx) => {
    if (!pages.asset(ctx, ctx.params.name ?? '')) ctx.status = 404
  })
  // The page asks for the token itself and holds nothing before it has one.
  router.get('/admin', (ctx) => {
    if (!pages.built) return ctx.throw(503, 'pages are not built')
    pages.index(ctx, false)
  })
  return router
}

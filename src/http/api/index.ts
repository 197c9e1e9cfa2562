import type Router from '@koa/router'
import type { Context, Next } from 'koa'
import type { Ctx } from '../../context.ts'
import type { Dingtalk } from '../../platforms/dingtalk/index.ts'
import type { Wecom } from '../../platforms/wecom/index.ts'
import type { Sessions } from '../session.ts'
import { ApiError, check, readJson } from './body.ts'
import type { ApiErrorBody } from './contract.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { formEndpoints } from './form.ts'
import { homeEndpoints } from './home.ts'
import { interviewEndpoints } from './interviews.ts'
import { jsSignatureEndpoints } from './js-signature.ts'
import { milestoneEndpoints } from './milestones.ts'
import { monthEndpoints } from './month.ts'
import { peopleEndpoints } from './people.ts'
import { recordEndpoints } from './records.ts'
import { resultEndpoints } from './results.ts'
import { scoreEndpoints } from './score.ts'
import { surveyEndpoints } from './survey.ts'
import { teamEndpoints } from './team.ts'
import { weekEndpoints } from './week.ts'

export interface ApiDeps {
  sessions: Sessions
  publicBaseUrl: string
  wecom?: Wecom
  dingtalk?: Dingtalk
}

/** Every route of the API. */
export const endpoints = (deps: ApiDeps): Endpoint[] => [
  ...homeEndpoints(deps.sessions),
  ...weekEndpoints,
  ...scoreEndpoints,
  ...teamEndpoints,
  ...resultEndpoints,
  ...monthEndpoints,
  ...recordEndpoints,
  ...surveyEndpoints,
  ...peopleEndpoints,
  ...interviewEndpoints,
  ...milestoneEndpoints,
  ...formEndpoints,
  ...jsSignatureEndpoints(deps),
]

/** Puts the API on a router: session, CSRF, checks, errors in one shape. */
export function apiRoutes(router: Router, bot: Ctx, deps: ApiDeps): void {
  for (const e of endpoints(deps)) {
    const method = e.method.toLowerCase() as 'get' | 'post' | 'put'
    router[method](e.path, answerErrors(bot), async (ctx: Context) => {
      ctx.body = await serve(bot, deps, e, ctx)
    })
  }
  router.all('/api/{*rest}', answerErrors(bot), () => {
    throw new ApiError(404, 'not-found', '没有这个地址')
  })
}

async function serve(bot: Ctx, { sessions }: ApiDeps, e: Endpoint, ctx: Context): Promise<unknown> {
  const session = sessions.read(ctx)
  if (!session) throw new ApiError(401, 'signed-out', '登录已过期，请重新登录')
  const me = await bot.people.get(session.personId)
  if (!me?.active) {
    sessions.end(ctx)
    throw new ApiError(403, 'left', '您的账号已停用，如有疑问请联系人力资源')
  }
  if (e.method !== 'GET' && !sessions.csrfMatches(session, ctx.get('x-csrf-token')))
    throw new ApiError(403, 'csrf', '页面已过期，请刷新后重试')
  const query = check(e.query, { ...ctx.query })
  const body = e.body ? check(e.body, await readJson(ctx, e.mostBytes)) : {}
  const requestId = (body as { requestId?: string }).requestId ?? 'read'
  const now = bot.clock.now()
  const params = { ...(ctx as Context & { params: Record<string, string> }).params }
  const call: Call = {
    ctx: bot,
    me,
    platform: session.platform,
    session,
    now,
    act: { id: `page:${me._id}:${requestId}`, at: now },
    params,
    query: query as Record<string, unknown>,
    body: body as Record<string, unknown>,
  }
  return e.run(call as Call<never, never>)
}

/** Errors in one shape; what went wrong inside stays inside. */
export const answerErrors = (bot: Ctx) => async (ctx: Context, next: Next) => {
  ctx.set('Cache-Control', 'no-store')
  try {
    await next()
  } catch (error) {
    if (error instanceof ApiError) {
      ctx.status = error.status
      const { fields, current } = error.more
      const body: ApiErrorBody = { error: { code: error.code, message: error.message, ...(fields && { fields }) } }
      ctx.body = current === undefined ? body : { ...body, current }
      return
    }
    bot.log.error({ err: error, method: ctx.method, route: ctx._matchedRoute }, 'page request failed')
    ctx.status = 500
    ctx.body = { error: { code: 'failed', message: '系统暂时出错，您填写的内容没有丢失，请稍后重试' } }
  }
}

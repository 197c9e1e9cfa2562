import { randomBytes } from 'node:crypto'
import type Router from '@koa/router'
import type { Context } from 'koa'
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import type { Dingtalk } from '../platforms/dingtalk/index.ts'
import type { PlatformName } from '../platforms/port.ts'
import type { Wecom } from '../platforms/wecom/index.ts'
import type { LoginCodes } from '../store/login-codes.ts'
import type { Person } from '../store/people.ts'
import { readJson } from './api/body.ts'
import { noticePage } from './notice-page.ts'
import type { Sessions } from './session.ts'

export interface AuthDeps {
  sessions: Sessions
  codes: LoginCodes
  publicBaseUrl: string
  wecom?: Wecom
  dingtalk?: Dingtalk
}

const text = {
  unknown: '通讯录中没有找到您',
  unknownMore: '请联系人力资源确认您在应用的可见范围内，再重新打开。',
  left: '您的账号已停用',
  leftMore: '如有疑问，请联系人力资源。',
  again: '登录没有完成',
  againMore: '请重新打开页面；如仍不成功，请稍后再试。',
  retry: '重新登录',
  busy: '平台暂时没有答复',
  busyMore: '您填写的内容会保留在本机，请稍后重新打开。',
  outside: '请在企业微信或钉钉中打开',
  outsideMore: '本页面需要确认您的身份，请在企业微信或钉钉的绩效机器人中打开。',
}

/** The window in which somebody comes back from the platform. */
const STATE_LIFE_S = 600
/** Beyond this many rounds somebody is told instead of sent round again. */
const MOST_ROUNDS = 2

const stateSchema = z.strictObject({ next: z.string(), round: z.number().int(), at: z.number() })

/** A place of ours to come back to; anything else becomes the start page. */
export function safeNext(next: unknown): string {
  if (typeof next !== 'string' || next.length > 500) return '/h5/'
  return /^\/h5(\/[A-Za-z0-9_.-]+)*\/?(\?[A-Za-z0-9_.~%=&-]*)?$/.test(next) && !next.includes('..') ? next : '/h5/'
}

/** Which app the browser is part of, by its own word: decides only which way to sign in is offered. */
export function appOf(ctx: Context): PlatformName | undefined {
  const agent = ctx.get('user-agent')
  if (/wxwork/i.test(agent)) return 'wecom'
  return /dingtalk/i.test(agent) ? 'dingtalk' : undefined
}

export const outsidePage = (ctx: Context): void => noticePage(ctx, 403, text.outside, text.outsideMore)

/** Signing in: `GET /auth/wecom` (OAuth2, wecom.md §7) and `POST /auth/dingtalk` (免登, dingtalk.md §9.1). */
export function authRoutes(router: Router, bot: Ctx, deps: AuthDeps): void {
  const { sessions, codes, wecom, dingtalk } = deps

  router.get('/auth/wecom', async (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    ctx.set('Referrer-Policy', 'no-referrer')
    if (!wecom) return outsidePage(ctx)
    const { code, state, next } = ctx.query
    if (code === undefined && state === undefined) {
      if (appOf(ctx) !== 'wecom') return outsidePage(ctx)
      return sendOut(ctx, safeNext(next), 0)
    }
    const sent = typeof state === 'string' && /^[A-Za-z0-9]{32}$/.test(state) ? takeState(ctx, state) : undefined
    if (!sent || typeof code !== 'string' || code === '')
      return noticePage(ctx, 400, text.again, text.againMore, { text: text.retry, href: '/h5/' })
    // The same redirect opened twice: the first one signs in; the second goes on where that one already has.
    if (!(await codes.claim('wecom', code, bot.clock.now()))) {
      if (sessions.read(ctx)) return ctx.redirect(sent.next)
      return sendOut(ctx, sent.next, sent.round + 1)
    }
    let user: { userId: string } | undefined
    try {
      user = await wecom.login(code)
    } catch (err) {
      bot.log.warn({ err: String(err) }, 'wecom login failed')
      return noticePage(ctx, 503, text.busy, text.busyMore, { text: text.retry, href: sent.next })
    }
    if (!user) return noticePage(ctx, 403, text.unknown, text.unknownMore)
    const person = await bot.people.byAccount('wecom', user.userId)
    if (!person) return noticePage(ctx, 403, text.unknown, text.unknownMore)
    if (!person.active) return noticePage(ctx, 403, text.left, text.leftMore)
    await signIn(ctx, person, 'wecom')
    ctx.redirect(sent.next)
  })

  router.post('/auth/dingtalk', async (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    const body = z.strictObject({ code: z.string().min(1).max(200) }).safeParse(await readJson(ctx))
    if (!dingtalk || !body.success) return refuse(ctx, 400, 'bad-code', text.again)
    const { code } = body.data
    if (!(await codes.claim('dingtalk', code, bot.clock.now()))) return refuse(ctx, 401, 'bad-code', text.again)
    let user: { userId: string } | undefined
    try {
      user = await dingtalk.login(code)
    } catch (err) {
      bot.log.warn({ err: String(err) }, 'dingtalk login failed')
      return refuse(ctx, 503, 'busy', text.busy)
    }
    const person = user && (await bot.people.byAccount('dingtalk', user.userId))
    if (!person) return refuse(ctx, 403, 'unknown-person', `${text.unknown}。${text.unknownMore}`)
    if (!person.active) return refuse(ctx, 403, 'left', `${text.left}。${text.leftMore}`)
    await signIn(ctx, person, 'dingtalk')
    ctx.body = { ok: true }
  })

  async function signIn(ctx: Context, person: Person, platform: PlatformName): Promise<void> {
    sessions.start(ctx, person._id, platform)
    await bot.people.seenOn(person._id, platform)
  }

  /** Out to the platform; the state is known to this browser only, and each tab has its own. */
  function sendOut(ctx: Context, next: string, round: number): void {
    if (round > MOST_ROUNDS) {
      noticePage(ctx, 400, text.again, text.againMore, { text: text.retry, href: next })
      return
    }
    const state = randomBytes(16).toString('hex')
    const sealed = sessions.seal(`state ${state}`, { next, round, at: bot.clock.now().getTime() })
    sessions.setCookie(ctx, stateCookie(state), sealed, '/auth', STATE_LIFE_S)
    ctx.redirect(wecom!.authorizeUrl(`${deps.publicBaseUrl}/auth/wecom`, state))
  }

  function takeState(ctx: Context, state: string): { next: string; round: number } | undefined {
    const sealed = ctx.cookies.get(stateCookie(state))
    const parsed = stateSchema.safeParse(sessions.unseal(`state ${state}`, sealed))
    sessions.setCookie(ctx, stateCookie(state), '', '/auth', 0)
    if (!parsed.success) return undefined
    const ageMs = bot.clock.now().getTime() - parsed.data.at
    return ageMs >= 0 && ageMs <= STATE_LIFE_S * 1000 ? { ...parsed.data, next: safeNext(parsed.data.next) } : undefined
  }
}

const stateCookie = (state: string): string => `jixiao-state-${state.slice(0, 8)}`

function refuse(ctx: Context, status: number, code: string, message: string): void {
  ctx.status = status
  ctx.body = { error: { code, message } }
}

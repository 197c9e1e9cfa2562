import type { IncomingMessage } from 'node:http'
import { type Json, refuse } from './refusal.ts'
import type { RawAnswer, Route } from './server.ts'
import { memberOf, opaqueId, type World } from './state.ts'

const CODE_LIFE_MS = 5 * 60_000
const TICKET_LIFE_MS = 1800_000

/** Somebody who logs in; without `userId` an outsider. `detail`: consented to more than the id. */
interface Login {
  userId?: string
  detail: boolean
}

export interface Oauth {
  codes: Map<string, Login & { at: number; used: boolean }>
  tickets: Map<string, { userId: string; at: number }>
}

export function newOauth(): Oauth {
  return { codes: new Map(), tickets: new Map() }
}

export function newCode(world: World, oauth: Oauth, login: Login): string {
  const code = opaqueId(world, 86)
  oauth.codes.set(code, { ...login, at: world.clock.now().getTime(), used: false })
  return code
}

/**
 * The authorize page (wecom.md §7). Who asks: `sandbox_user` in the query or the cookie, or the header
 * `x-sandbox-user`, which the sandbox's phone adds; an unknown name is somebody outside the company.
 */
export function oauthPage(world: World, oauth: Oauth, request: IncomingMessage, url: URL): RawAnswer['raw'] {
  const query = url.searchParams
  const fail = (errcode: number, text: string): RawAnswer['raw'] => ({
    ...{ status: 400, headers: { 'content-type': 'text/html; charset=utf-8' } },
    body: `<!doctype html><title>错误</title><p>${text}</p><p>errcode: ${errcode}</p>`,
  })
  const one = (name: string): string => (query.getAll(name).length === 1 ? query.get(name)! : '')
  if (one('appid') !== world.corpId) return fail(40013, 'invalid appid')
  if (one('response_type') !== 'code') return fail(40035, 'response_type must be code')
  const scope = one('scope')
  if (scope !== 'snsapi_base' && scope !== 'snsapi_privateinfo') return fail(40035, 'invalid scope')
  const state = query.get('state') ?? ''
  if (!/^[A-Za-z0-9]{0,128}$/.test(state)) return fail(40035, 'state must be at most 128 letters and digits')
  const target = URL.canParse(one('redirect_uri')) ? new URL(one('redirect_uri')) : undefined
  if (!target || world.trustedDomain === undefined || target.host !== world.trustedDomain)
    return fail(50001, 'redirect_uri is not at the trusted domain of the app')
  const agentId = query.get('agentid')
  if (agentId !== null && agentId !== String(world.agentId)) return fail(40056, 'invalid agentid')
  const who = one('sandbox_user') || header(request) || cookie(request)
  if (!who) return fail(40035, 'nobody is logged in on this phone: sandbox_user is missing')
  const member = memberOf(world, who)
  const detail = scope === 'snsapi_privateinfo' && agentId !== null
  if (detail && member && !member.visible) return fail(60011, 'the member is outside the visible range of the app')
  const code = newCode(world, oauth, {
    detail: detail && member !== undefined,
    ...(member ? { userId: member.userId } : {}),
  })
  target.searchParams.set('code', code)
  if (query.has('state')) target.searchParams.set('state', state)
  return { status: 302, headers: { location: target.href, 'cache-control': 'no-store' }, body: '' }
}

function header(request: IncomingMessage): string {
  const value = request.headers['x-sandbox-user']
  return typeof value === 'string' ? value : ''
}

function cookie(request: IncomingMessage): string {
  const found = /(?:^|;\s*)sandbox_user=([^;]*)/.exec(request.headers.cookie ?? '')
  return found ? decodeURIComponent(found[1]!) : ''
}

export function oauthRoutes(world: World, oauth: Oauth): Record<string, Route> {
  return {
    '/cgi-bin/auth/getuserinfo': {
      ...{ method: 'GET', tokens: ['app'], uncounted: () => true },
      run: (call) => redeem(world, oauth, call.query.get('code')),
    },
    '/cgi-bin/auth/getuserdetail': {
      ...{ method: 'POST', tokens: ['app'] },
      run: (call) => detail(world, oauth, call.body),
    },
  }
}

/** Single use, five minutes: 40029 unknown, 42022 used, 42003 expired. */
function redeem(world: World, oauth: Oauth, text: string | null): Json {
  const code = oauth.codes.get(text ?? '') ?? refuse(40029, 'invalid code')
  const now = world.clock.now().getTime()
  if (code.used) refuse(42022, 'code has been used')
  if (now - code.at > CODE_LIFE_MS) refuse(42003, 'oauth_code expired')
  code.used = true
  const ok = { errcode: 0, errmsg: 'ok' }
  const member = code.userId === undefined ? undefined : memberOf(world, code.userId)
  if (!member) return { ...ok, openid: opaqueId(world, 28), external_userid: `wm${opaqueId(world, 30)}` }
  if (!code.detail) return { ...ok, userid: member.userId }
  const ticket = opaqueId(world, 200)
  oauth.tickets.set(ticket, { userId: member.userId, at: now })
  return { ...ok, userid: member.userId, user_ticket: ticket }
}

function detail(world: World, oauth: Oauth, body: Json): Json {
  const ticket = oauth.tickets.get(String(body.user_ticket ?? '')) ?? refuse(84015, 'invalid user_ticket')
  if (world.clock.now().getTime() - ticket.at > TICKET_LIFE_MS) refuse(84014, 'user_ticket expired')
  // No name, no birthday; only what the member ticked: nobody here ticks anything but the gender.
  return { errcode: 0, errmsg: 'ok', userid: ticket.userId, gender: '0' }
}

import type { Core } from './core.ts'
import { refuse, refuseOld } from './refusal.ts'
import type { Route } from './server.ts'

export const TOKEN_LIFE_S = 7_200

export interface Tokens {
  routes: Route[]
  /** Throws the refusal of the host when the token is missing, wrong or too old. */
  check(host: 'api' | 'oapi', token: string | undefined): void
  /** Every token stops working at once, as it may at any time. */
  invalidate(): void
}

/** The three token calls (dingtalk.md §1.1). Inside its life the same token comes back, its life renewed. */
export function createTokens(core: Core): Tokens {
  const { app, random } = core
  let current: { token: string; expiresAt: number } | undefined
  const past = new Set<string>()

  function issue(): string {
    const now = core.now()
    if (!current || current.expiresAt <= now) {
      if (current) past.add(current.token)
      current = { token: random.hex(32), expiresAt: 0 }
    }
    current.expiresAt = now + TOKEN_LIFE_S * 1000
    return current.token
  }

  const routes: Route[] = [
    {
      method: 'POST',
      path: '/v1.0/oauth2/accessToken',
      host: 'api',
      open: true,
      handle({ body }) {
        if (body.appKey !== app.clientId || body.appSecret !== app.clientSecret)
          throw refuse('invalidClientIdOrSecret', '无效的clientId或者clientSecret')
        return { accessToken: issue(), expireIn: TOKEN_LIFE_S }
      },
    },
    {
      method: 'POST',
      path: '/v1.0/oauth2/{corpId}/token',
      host: 'api',
      open: true,
      handle({ body, params }) {
        if (body.grant_type !== 'client_credentials') throw refuse('unsupported.grant.type')
        if (body.client_id !== app.clientId || body.client_secret !== app.clientSecret) throw refuse('invalid.client')
        if (params.corpId !== app.corpId) throw refuse('unauthorized.client', undefined, 401)
        return { access_token: issue(), expires_in: TOKEN_LIFE_S }
      },
    },
    {
      method: 'GET',
      path: '/gettoken',
      host: 'oapi',
      open: true,
      handle({ query }) {
        if (query.get('appkey') !== app.clientId || query.get('appsecret') !== app.clientSecret)
          throw refuseOld(40089, '不合法的corpid或corpsecret')
        return { errcode: 0, errmsg: 'ok', access_token: issue(), expires_in: TOKEN_LIFE_S }
      },
    },
  ]

  return {
    routes,
    check(host, token) {
      if (current && token === current.token && core.now() < current.expiresAt) return
      if (host === 'api') throw refuse('InvalidAuthentication', '不合法的access_token')
      if (!token) throw refuseOld(41001, '缺少access_token参数')
      const known = token === current?.token || past.has(token)
      throw refuseOld(known ? core.variants.expiredTokenErrcode : 40014, '不合法的access_token')
    },
    invalidate() {
      current = undefined
      past.clear()
    },
  }
}

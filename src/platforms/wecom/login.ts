import type { Api } from './api.ts'

/** Bad, expired or used code (wecom.md §7): the person must come again, nothing is wrong with us. */
const BAD_CODE = new Set([40029, 42003, 42022])
const CODE_BYTES = 512

/** Where a page sends a person without a session; comes back to `redirectUri` with `code` and `state`. */
export function authorizeUrl(
  base: string,
  app: { corpId: string; agentId: number },
  redirectUri: string,
  state: string,
): string {
  if (!/^[A-Za-z0-9]{1,128}$/.test(state)) throw new RangeError('state must be letters and digits, at most 128')
  const query = new URLSearchParams({
    appid: app.corpId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'snsapi_base',
    state,
    agentid: String(app.agentId),
  })
  return `${base}/connect/oauth2/authorize?${query}#wechat_redirect`
}

/**
 * Redeems a code; each works once, for five minutes.
 *
 * @returns undefined for a code that is no good, and for somebody who is no member of the company
 * @throws Error with a reason in Chinese when the platform could not say
 */
export async function redeem(api: Api, code: string): Promise<{ userId: string } | undefined> {
  if (code === '' || Buffer.byteLength(code) > CODE_BYTES) return undefined
  const reply = await api.get('/cgi-bin/auth/getuserinfo', { code })
  if (reply.kind === 'failed') {
    if (reply.code !== undefined && BAD_CODE.has(reply.code)) return undefined
    throw new Error(`企业微信登录失败：${reply.failure.reason}`)
  }
  const { userid: userId } = reply.body
  return typeof userId === 'string' && userId !== '' ? { userId } : undefined
}

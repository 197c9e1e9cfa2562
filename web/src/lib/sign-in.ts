import { app, pageConfig, withTimeout } from './app.ts'

/** Why somebody cannot be let in, in words. */
export class NotSignedIn extends Error {}

const text = {
  again: '登录没有完成，请关闭页面后重新打开',
  outside: '请在企业微信或钉钉的绩效机器人中打开本页面',
}

const ROUNDS_KEY = 'jixiao/signing-in'
/** The app's client answers at once or not at all. */
const PATIENCE_MS = 5_000

/**
 * Signs in with the app around the page, keeping the address. In WeCom the page is left and comes back; what was typed is in the
 * browser by then.
 * @throws NotSignedIn
 */
export function signIn(): Promise<void> {
  under ??= start().finally(() => {
    under = undefined
  })
  return under
}

/** Several calls that find the session over sign in together. */
let under: Promise<void> | undefined

async function start(): Promise<void> {
  if (app === 'wecom') return leaveForWecom()
  if (app === 'dingtalk') return askDingtalk()
  throw new NotSignedIn(text.outside)
}

async function leaveForWecom(): Promise<never> {
  const rounds = Number(sessionStorage.getItem(ROUNDS_KEY) ?? 0)
  if (rounds >= 2) throw new NotSignedIn(text.again)
  sessionStorage.setItem(ROUNDS_KEY, String(rounds + 1))
  location.replace(`/auth/wecom?next=${encodeURIComponent(location.pathname + location.search)}`)
  return new Promise(() => {})
}

export const signedIn = (): void => sessionStorage.removeItem(ROUNDS_KEY)

async function askDingtalk(): Promise<void> {
  const { dingtalk } = pageConfig()
  if (!dingtalk) throw new NotSignedIn(text.outside)
  const code = await withTimeout(dingtalkCode(dingtalk), PATIENCE_MS * 2).catch(() => undefined)
  if (!code) throw new NotSignedIn(text.again)
  const answer = await fetch('/auth/dingtalk', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  })
  if (answer.ok) return
  const body = (await answer.json().catch(() => undefined)) as { error?: { message?: string } } | undefined
  throw new NotSignedIn(body?.error?.message ?? text.again)
}

/** The new call, and the old one for clients before 7.0.45 (dingtalk.md §9.1). */
async function dingtalkCode({ corpId, clientId }: { corpId: string; clientId: string }): Promise<string> {
  const { requestAuthCode, requestAuthCodeOld } = await import('./dingtalk.ts')
  try {
    return (await withTimeout(requestAuthCode({ corpId, clientId }), PATIENCE_MS)).code
  } catch {
    return (await withTimeout(requestAuthCodeOld({ corpId }), PATIENCE_MS)).code
  }
}

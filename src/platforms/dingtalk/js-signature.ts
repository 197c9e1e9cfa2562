import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import type { Api } from './api.ts'
import { DingtalkError } from './failure.ts'
import { createTokens } from './token.ts'

/** What a page gives to `dd.config`. */
export interface JsSignature {
  agentId: string
  corpId: string
  timeStamp: string
  nonceStr: string
  signature: string
}

/** A renewed ticket still dies 24 hours after it was made (dingtalk.md §9.2): it is asked for anew within the hour. */
const MOST_TICKET_MS = 70 * 60_000

/** Signs page addresses; many pages at once ask for one ticket. Rejects with {@link DingtalkError}. */
export function createJsSigner({
  api,
  clock,
  agentId,
  corpId,
}: {
  api: Api
  clock: Clock
  agentId: string
  corpId: string
}) {
  const tickets = createTokens(clock, async () => {
    const answer = await api.call('/v1.0/oauth2/jsapiTickets', {})
    if (!answer.ok) throw new DingtalkError('获取页面签名凭证失败', answer.failure)
    const parsed = z.object({ jsapiTicket: z.string().min(1), expireIn: z.coerce.number() }).safeParse(answer.data)
    if (!parsed.success) throw new Error('获取页面签名凭证失败：钉钉的答复无法识别')
    const { jsapiTicket, expireIn } = parsed.data
    return { value: jsapiTicket, livesMs: Math.min(expireIn * 1_000, MOST_TICKET_MS) }
  })
  return async (url: string): Promise<JsSignature> => {
    const nonceStr = randomBytes(8).toString('hex')
    const timeStamp = String(clock.now().getTime())
    const signature = signPage(await tickets.get(), nonceStr, timeStamp, url)
    return { agentId, corpId, timeStamp, nonceStr, signature }
  }
}

/** SHA-256 over the address without its fragment, its query decoded (dingtalk.md §9.2). */
export function signPage(ticket: string, nonceStr: string, timeStamp: string, url: string): string {
  const text = `jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timeStamp}&url=${addressToSign(url)}`
  return createHash('sha256').update(text).digest('hex')
}

function addressToSign(url: string): string {
  const [page = ''] = url.split('#', 1)
  const query = page.indexOf('?')
  if (query < 0) return page
  try {
    return page.slice(0, query) + decodeURIComponent(page.slice(query))
  } catch {
    return page
  }
}

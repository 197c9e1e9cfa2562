import type { Core } from './core.ts'
import { jsapiSignature } from './crypto.ts'
import { isText } from './json.ts'
import { refuseOld } from './refusal.ts'
import type { Route } from './server.ts'
import type { World } from './world.ts'

const CODE_LIFE_MS = 5 * 60_000
const TICKET_LIFE_MS = 7_200_000
const TICKET_MOST_MS = 24 * 3_600_000

export interface H5 {
  routes: Route[]
  loginCode(userId: string): string
  /** What the client does with a page's `dd.config` (dingtalk.md §9.2). */
  checkSignature(s: { nonceStr: string; timeStamp: string | number; url: string; signature: string }): boolean
}

/** Login codes and page signatures (dingtalk.md §9). */
export function createH5(core: Core, world: World): H5 {
  const codes = new Map<string, { userId: string; until: number }>()
  let ticket: { value: string; made: number; until: number } | undefined

  return {
    loginCode(userId) {
      const code = core.random.hex(32)
      codes.set(code, { userId, until: core.now() + CODE_LIFE_MS })
      return code
    },
    checkSignature({ nonceStr, timeStamp, url, signature }) {
      if (!ticket || core.now() >= ticket.until) return false
      const hashes = core.variants.sha1Signatures ? (['sha256', 'sha1'] as const) : (['sha256'] as const)
      const page = { ticket: ticket.value, nonceStr, timeStamp: String(timeStamp), url }
      return hashes.some((hash) => jsapiSignature(hash, page) === signature)
    },
    routes: [
      {
        method: 'POST',
        path: '/topapi/v2/user/getuserinfo',
        host: 'oapi',
        handle({ body }) {
          if (!isText(body.code)) throw refuseOld(40035, '缺少参数 code')
          const found = codes.get(body.code)
          // Good once, whoever asks.
          codes.delete(body.code)
          if (!found || core.now() >= found.until) throw refuseOld(40078, '不存在的临时授权码')
          const person = world.people.get(found.userId)
          if (!person) throw refuseOld(60121, '找不到该用户')
          const unionid = world.unionIdOf(person.userId)
          const result = {
            userid: person.userId,
            unionid,
            associated_unionid: unionid,
            name: person.name,
            device_id: 'sandbox',
            sys: false,
            sys_level: 0,
          }
          return { errcode: 0, errmsg: 'ok', result }
        },
      },
      {
        method: 'POST',
        path: '/v1.0/oauth2/jsapiTickets',
        host: 'api',
        handle() {
          const now = core.now()
          if (!ticket || now >= ticket.until || now - ticket.made >= TICKET_MOST_MS)
            ticket = { value: core.random.hex(64), made: now, until: now + TICKET_LIFE_MS }
          // Asking again renews it, until a day is over.
          else ticket.until = Math.min(now + TICKET_LIFE_MS, ticket.made + TICKET_MOST_MS)
          return { jsapiTicket: ticket.value, expireIn: Math.floor((ticket.until - now) / 1000) }
        },
      },
    ],
  }
}

import type { Core } from './core.ts'
import { robotSignature } from './crypto.ts'
import { isRecord, isTextList, type Json } from './json.ts'
import { drawWebhookMessage } from './messages.ts'
import type { ChatId, Phones } from './phones.ts'
import type { Quota } from './quota.ts'
import { refuseOld } from './refusal.ts'
import type { Call, Route } from './server.ts'
import type { World } from './world.ts'

export const SESSION_LIFE_MS = 5_400_000
const HOUR_MS = 3_600_000
const MOST_BYTES = 20_000
const PER_MINUTE = 20
const BLOCK_MS = 600_000

export interface CustomRobot {
  token: string
  groupId: string
  /** `SEC…`: calls must be signed. */
  secret?: string
  /** One of them must stand in the message. */
  keywords?: string[]
}

export interface Webhooks {
  routes: Route[]
  /** Address a bot may answer to for 90 minutes. */
  openSession(chat: ChatId): { sessionWebhook: string; sessionWebhookExpiredTime: number }
  addCustomRobot(robot: CustomRobot): void
}

interface Parts {
  core: Core
  quota: Quota
  world: World
  phones: Phones
  baseUrl(): string
}

/** The webhook of a conversation and the custom robot of a group (dingtalk.md §5.5). */
export function createWebhooks({ core, quota, world, phones, baseUrl }: Parts): Webhooks {
  const sessions = new Map<string, { chat: ChatId; expiresAt: number }>()
  const robots = new Map<string, CustomRobot & { sentAt: number[]; blockedUntil: number; seen: Set<string> }>()

  function show(chat: ChatId, body: Json): string {
    const content = drawWebhookMessage(body)
    if (!content) throw refuseOld(40035, '不合法的参数')
    const id = core.random.hex(24)
    phones.add(chat, { id, at: new Date(core.now()), from: 'bot', ...content })
    return id
  }

  function checkBody({ body, raw }: Call) {
    if (raw.length === 0) throw refuseOld(43004, '无效的HTTP HEADER Content-Type')
    if (raw.length > MOST_BYTES) throw refuseOld(460101, 'message too long, exceed 20000 bytes')
    const at = body.at
    if (at !== undefined && !isRecord(at)) throw refuseOld(40035, '不合法的参数')
    for (const list of [at?.atUserIds, at?.atMobiles])
      if (list !== undefined && (!isTextList(list) || list.length > 50)) throw refuseOld(40035, '不合法的参数')
  }

  function bySession(call: Call) {
    const session = sessions.get(call.query.get('session') ?? '')
    if (!session || core.now() > session.expiresAt) throw refuseOld(300001, 'session.expired')
    checkBody(call)
    const { chat } = session
    if ('groupId' in chat && !world.groups.get(chat.groupId)?.hasBot) throw refuseOld(300001, 'session.expired')
    show(chat, call.body)
    quota.countWebhook()
    return { errcode: 0, errmsg: 'ok' }
  }

  function byToken(call: Call) {
    const robot = robots.get(call.query.get('access_token') ?? '')
    if (!robot) throw refuseOld(300005, 'token is not exist')
    checkBody(call)
    checkSecurity(robot, call)
    const now = quota.nowMs()
    if (now < robot.blockedUntil) throw refuseOld(410100, '发送速度太快而限流')
    robot.sentAt = robot.sentAt.filter((at) => at > now - 60_000)
    if (robot.sentAt.length >= PER_MINUTE) {
      robot.blockedUntil = now + BLOCK_MS
      throw refuseOld(410100, '发送速度太快而限流')
    }
    robot.sentAt.push(now)
    const uuid = call.body.msgUuid
    if (typeof uuid === 'string') {
      if (robot.seen.has(uuid)) return { errcode: 0, errmsg: 'ok' }
      robot.seen.add(uuid)
    }
    show({ groupId: robot.groupId }, call.body)
    quota.countWebhook()
    return { errcode: 0, errmsg: 'ok' }
  }

  function checkSecurity(robot: CustomRobot, { query, raw }: Call) {
    if (robot.secret) {
      const timestamp = query.get('timestamp') ?? ''
      if (!/^\d{13}$/.test(timestamp) || Math.abs(core.now() - Number(timestamp)) > HOUR_MS)
        throw refuseOld(310000, 'invalid timestamp')
      if (query.get('sign') !== robotSignature(timestamp, robot.secret)) throw refuseOld(310000, 'sign not match')
    }
    const text = raw.toString('utf8')
    if (robot.keywords && !robot.keywords.some((word) => text.includes(word)))
      throw refuseOld(310000, 'keywords not in content')
  }

  const routes: Route[] = [
    { method: 'POST', path: '/robot/sendBySession', host: 'oapi', open: true, handle: bySession },
    { method: 'POST', path: '/robot/send', host: 'oapi', open: true, handle: byToken },
  ]

  return {
    routes,
    openSession(chat) {
      const session = core.random.hex(32)
      const expiresAt = core.now() + SESSION_LIFE_MS
      sessions.set(session, { chat, expiresAt })
      return {
        sessionWebhook: `${baseUrl()}/robot/sendBySession?session=${session}`,
        sessionWebhookExpiredTime: expiresAt,
      }
    },
    addCustomRobot: (robot) => void robots.set(robot.token, { ...robot, sentAt: [], blockedUntil: 0, seen: new Set() }),
  }
}

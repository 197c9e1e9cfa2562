import type { Ctx } from '../src/context.ts'
import { formatInstant } from '../src/domain/time.ts'
import type { Rendered } from '../src/outbox/notice.ts'
import { type Outage, outageKey } from '../src/platforms/outages.ts'
import type { PlatformName } from '../src/platforms/port.ts'
import type { Person } from '../src/store/people.ts'

type Render = (to: Person, args: Record<string, unknown>, ctx: Ctx) => Promise<Rendered>

const names = { wecom: '企业微信', dingtalk: '钉钉' } as const

/** A platform is down: not once it is back, when the other message says all. */
const platformDown: Render = async (_to, args, ctx) => {
  const platform = args.platform as PlatformName
  const outage = await ctx.meta.get<Outage>(outageKey(platform))
  if (!outage || outage.until !== undefined || ctx.platforms[platform]?.status().ok) return { cancel: '平台已恢复' }
  const since = formatInstant(new Date(outage.since), ctx.company().timeZone)
  return {
    text: `${names[platform]}从${since}起不可用：${outage.reason}。\n期间的消息会保留，恢复后自动发送；恢复时会再通知您。`,
  }
}

const platformBack: Render = async (_to, args, ctx) => {
  const platform = args.platform as PlatformName
  const outage = await ctx.meta.get<Outage>(outageKey(platform))
  if (outage?.until === undefined) return { cancel: '平台再次不可用' }
  const [since, until] = [outage.since, outage.until].map((at) => formatInstant(new Date(at), ctx.company().timeZone))
  return { text: `${names[platform]}已恢复（${since}至${until}不可用）。期间保留的消息正在自动发送，无需处理。` }
}

/** For the administrator, about the service itself. */
export const operationsNotices: Record<string, Render> = {
  'platform-down': platformDown,
  'platform-back': platformBack,
}

import type { Ctx } from '../context.ts'
import type { PlatformName } from './port.ts'

/** What is remembered of a platform's last outage, for all replicas. Instants are ISO texts. */
export interface Outage {
  /** Counts the changes, so that of two replicas one makes each. */
  n: number
  since: string
  reason: string
  /** Absent while it lasts. */
  until?: string
}

export const outageKey = (platform: PlatformName): string => `outage/${platform}`

/** Shorter than this nobody need know of: messages were a little late. */
const WORTH_TELLING_MS = 60_000
/** Down again so soon after: the same outage. */
const SAME_MS = 10 * 60_000

/**
 * Tells the company's administrators (HR where nobody has that role) of an outage of a platform: once when it has lasted a minute,
 * once when it has been over for a minute, whatever happens in between and however many replicas there are.
 */
export function createOutageWatch(ctx: Ctx, isDown: (platform: PlatformName) => boolean) {
  /** Since when a platform is as it is, as far as this process knows. */
  const states = new Map<PlatformName, { down: boolean; since: number }>()

  async function tell(platform: PlatformName, outage: Outage, name: 'platform-down' | 'platform-back'): Promise<void> {
    const admins = await ctx.people.withRole('admin')
    const told = admins.length > 0 ? admins : await ctx.people.withRole('hr')
    const other = platform === 'wecom' ? 'dingtalk' : 'wecom'
    await ctx.outbox.add(
      told.map((to) => ({
        key: `${outageKey(platform)}/${outage.since}/${name}/${to._id}`,
        to: to._id,
        mode: 'push' as const,
        cause: `${outageKey(platform)}/${outage.since}`,
        ...(to[other] !== undefined && ctx.platforms[other] && { platform: other }),
        content: { kind: 'notice' as const, name, args: { platform } },
      })),
    )
  }

  async function begun(platform: PlatformName, since: number, reason: string): Promise<void> {
    const last = await ctx.meta.get<Outage>(outageKey(platform))
    if (last && last.until === undefined) return
    const n = (last?.n ?? 0) + 1
    const again = last?.until !== undefined && since - new Date(last.until).getTime() < SAME_MS
    const now: Outage = { n, since: again ? last.since : new Date(since).toISOString(), reason }
    if (!(await ctx.meta.swap(outageKey(platform), last, now))) return
    ctx.log.error({ platform, reason }, 'platform is down')
    if (!again) await tell(platform, now, 'platform-down')
  }

  async function over(platform: PlatformName, since: number): Promise<void> {
    const last = await ctx.meta.get<Outage>(outageKey(platform))
    if (!last || last.until !== undefined) return
    const now: Outage = { ...last, n: last.n + 1, until: new Date(since).toISOString() }
    if (!(await ctx.meta.swap(outageKey(platform), last, now))) return
    ctx.log.warn({ platform }, 'platform is back')
    await tell(platform, now, 'platform-back')
  }

  return {
    /** Looks once; to be called every few seconds. */
    async look(): Promise<void> {
      const now = ctx.clock.now().getTime()
      for (const [name, platform] of Object.entries(ctx.platforms)) {
        const platformName = name as PlatformName
        const status = platform.status()
        const down = !status.ok || isDown(platformName)
        const state = states.get(platformName)
        // A clock that was set back begins anew.
        if (state?.down !== down || state.since > now) states.set(platformName, { down, since: now })
        const { since } = states.get(platformName)!
        if (now - since < WORTH_TELLING_MS) continue
        if (down) await begun(platformName, since, status.problem ?? '平台没有应答')
        else await over(platformName, since)
      }
    },
  }
}

import type { Clock } from './clock.ts'
import type { Metrics } from './metrics.ts'
import type { Breaker } from './outbox/breaker.ts'
import type { Outbox } from './outbox/outbox.ts'
import type { Platform, PlatformName } from './platforms/port.ts'
import { isDiskFull, soon } from './store/connect.ts'
import type { MetaStore } from './store/meta.ts'

export interface HealthDeps {
  clock: Clock
  meta: MetaStore
  metrics: Metrics
  outbox: Outbox
  /** How many events' handlers always failed. */
  parked(): Promise<number>
  platforms: Partial<Record<PlatformName, Platform>>
  breakers: Record<PlatformName, Breaker>
}

/** Each part is `ok` or says what is wrong. */
export interface Ready {
  ok: boolean
  checks: Record<string, string>
}

export type Health = ReturnType<typeof createHealth>

/** How the service is, for `/readyz`, `/metrics`, the administrator's page and the watch over outages. */
export function createHealth({ clock, meta, metrics, outbox, parked, platforms, breakers }: HealthDeps) {
  const all = Object.entries(platforms) as [PlatformName, Platform][]

  /** As the adapter sees it, and as the messages do that are to go out. */
  function platform(name: PlatformName): { ok: boolean; problem?: string } {
    const status = platforms[name]!.status()
    return status.ok && breakers[name].isOpen() ? { ok: false, problem: '没有应答' } : status
  }

  async function ready(): Promise<Ready> {
    const checks: Record<string, string> = {}
    // A database that answers but takes no writes, as on a full disk, is of no use: a write finds out.
    checks.database = await soon(meta.set('ready', clock.now().toISOString())).then(
      () => 'ok',
      (err) => (isDiskFull(err) ? 'disk full' : 'no answer'),
    )
    for (const [name] of all) {
      const { ok, problem } = platform(name)
      checks[name] = ok ? 'ok' : (problem ?? 'no answer')
    }
    return { ok: Object.values(checks).every((c) => c === 'ok'), checks }
  }

  /** What cannot be counted now keeps its last figure; that the database is away has one of its own. */
  async function refreshMetrics(): Promise<void> {
    const known = <T>(asked: Promise<T>, note: (value: T) => void) => soon(asked).then(note, () => {})
    const [{ checks }] = await Promise.all([
      ready(),
      ...(['pending', 'failed'] as const).map((state) =>
        known(outbox.model.countDocuments({ state }), (n) => metrics.outbox.set({ state }, n)),
      ),
      known(outbox.oldestDue(), (at) =>
        metrics.oldestDue.set(at ? Math.max(0, (clock.now().getTime() - at.getTime()) / 1000) : 0),
      ),
      known(parked(), (n) => metrics.parked.set(n)),
    ])
    metrics.databaseUp.set(checks.database === 'ok' ? 1 : 0)
    for (const [name, p] of all) {
      metrics.platformUp.set({ platform: name }, platform(name).ok ? 1 : 0)
      for (const { window, used, limit } of p.meters?.() ?? []) {
        metrics.quotaUsed.set({ platform: name, window }, used)
        metrics.quotaLimit.set({ platform: name, window }, limit)
      }
    }
  }

  return { platform, ready, refreshMetrics }
}

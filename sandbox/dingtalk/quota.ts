import { performance } from 'node:perf_hooks'
import type { Core } from './core.ts'
import { beijingDay } from './core.ts'
import type { Faults } from './faults.ts'
import { refuse, refuseOld } from './refusal.ts'

export interface Limits {
  /** Calls a second of one app to one API: 20 in 标准版, 60 with the add-on (dingtalk.md §1.4). */
  perSecond: number
  /** Which time the second is of. */
  by: 'real' | 'clock'
  /** Refuse when a monthly figure is reached; the counters always run. */
  enforceMonthly: boolean
  /** 标准版 since 2025-11-19 (§1.5). */
  apiPerMonth: number
  webhookPerMonth: number
}

export interface Quota {
  limits: Limits
  /** Of the calendar month (Beijing) of the injected clock. */
  used(): { month: string; api: number; webhook: number }
  nowMs(): number
  throttle(host: 'api' | 'oapi', api: string): void
  /** Counts one call; throws when the month's figure is used up. */
  countApi(host: 'api' | 'oapi'): void
  /** Counts one inbound message, event or webhook send; false when none is left. */
  countWebhook(): boolean
}

export function createQuota(core: Core, faults: Faults): Quota {
  const limits: Limits = {
    perSecond: 20,
    by: 'real',
    enforceMonthly: false,
    apiPerMonth: 5_000,
    webhookPerMonth: 3_000,
  }
  const recent = new Map<string, number[]>()
  let month = { month: '', api: 0, webhook: 0 }

  const nowMs = () => (limits.by === 'real' ? performance.now() : core.now())

  function thisMonth() {
    const name = beijingDay(core.now()).slice(0, 7)
    if (month.month !== name) month = { month: name, api: 0, webhook: 0 }
    return month
  }

  function overQps(host: 'api' | 'oapi') {
    if (host === 'oapi') return refuseOld(90018, '您的服务器调用钉钉开放平台接口超过该应用的QPS限制，请稍后重试')
    return refuse('Forbidden.AccessDenied.QpsLimitForAppkeyAndApi', '当前应用调用该接口超过QPS限制', 403)
  }

  return {
    limits,
    nowMs,
    used: () => ({ ...thisMonth() }),
    throttle(host, api) {
      if (faults.strikes('qps', api)) throw overQps(host)
      const now = nowMs()
      const calls = recent.get(api) ?? []
      while (calls.length > 0 && (calls[0]! <= now - 1_000 || calls[0]! > now)) calls.shift()
      if (calls.length >= limits.perSecond) throw overQps(host)
      calls.push(now)
      recent.set(api, calls)
    },
    countApi(host) {
      const used = thisMonth()
      if (faults.settings.apiQuotaGone || (limits.enforceMonthly && used.api >= limits.apiPerMonth)) {
        faults.count('apiQuotaGone')
        if (host === 'oapi') throw refuseOld(90020, '企业当月API调用量已达上限')
        throw refuse('Forbidden.AccessDenied.ApiCountLimitForOrg', '企业当月API调用量已达上限', 403)
      }
      used.api++
    },
    countWebhook() {
      const used = thisMonth()
      if (faults.settings.webhookQuotaGone || (limits.enforceMonthly && used.webhook >= limits.webhookPerMonth)) {
        faults.count('webhookQuotaGone')
        return false
      }
      used.webhook++
      return true
    },
  }
}

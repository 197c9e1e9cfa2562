import { z } from 'zod'
import { dayOf, monthOf } from '../../domain/time.ts'
import { soon } from '../../store/connect.ts'
import type { AdminDone, AdminMeter, AdminOverview } from './contract.ts'
import { adminEndpoint } from './endpoint.ts'
import { noticeLabels } from './words.ts'

export const overviewEndpoints = [
  adminEndpoint({
    method: 'GET',
    path: '/api/admin/overview',
    async run({ bot, now, zone, ready, parked }): Promise<AdminOverview> {
      const { model } = bot.outbox
      const { ok, checks } = await ready()
      const [failed, pending, oldest, ended] = await soon(
        Promise.all([
          model.countDocuments({ state: 'failed' }),
          model.countDocuments({ state: 'pending' }),
          bot.outbox.oldestDue(),
          parked(),
        ]),
      )
      return {
        ...{ company: bot.company().name, timeZone: zone, now: now.toISOString(), ok, failed, pending, parked: ended },
        checks: Object.entries(checks).map(([name, said]) => ({ name, ok: said === 'ok', said })),
        ...(oldest && { oldestDue: oldest.toISOString() }),
        notices: Object.entries(noticeLabels).map(([name, label]) => ({ name, label })),
      }
    },
  }),

  adminEndpoint({
    method: 'POST',
    path: '/api/admin/parked/retry-all',
    body: z.strictObject({}),
    async run({ retryParked, audit }): Promise<AdminDone> {
      const count = await retryParked()
      if (count === 0) return { ok: false, said: '没有处理失败的来信' }
      await audit('events-retried', 'inbox', { count })
      return { ok: true, said: `正在重新处理${count}条来信，稍后刷新可查看结果` }
    },
  }),

  adminEndpoint({
    method: 'GET',
    path: '/api/admin/quota',
    async run({ bot, now, zone }): Promise<{ rows: AdminMeter[] }> {
      // All replicas count into one figure of the month; this process knows its own part of it since it began.
      const month = (await bot.meta.get<number>(`dingtalk-quota/${monthOf(dayOf(now, zone))}`)) ?? 0
      const rows = Object.entries(bot.platforms).flatMap(([name, platform]) =>
        (platform.meters?.() ?? []).map(({ window, label, used, limit, note }) => ({
          ...{ platform: name as AdminMeter['platform'], label, limit, note },
          used: window === 'month' ? Math.max(used, month) : used,
        })),
      )
      return { rows }
    },
  }),
]

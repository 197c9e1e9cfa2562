import { soon } from '../../store/connect.ts'
import type { AdminMeter, AdminOverview } from './contract.ts'
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
    method: 'GET',
    path: '/api/admin/quota',
    async run({ bot }): Promise<{ rows: AdminMeter[] }> {
      const rows = Object.entries(bot.platforms).flatMap(([name, platform]) =>
        (platform.meters?.() ?? []).map(({ label, used, limit, note }) => ({
          ...{ platform: name as AdminMeter['platform'], label, used, limit, note },
        })),
      )
      return { rows }
    },
  }),
]

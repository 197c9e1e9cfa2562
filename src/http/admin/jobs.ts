import { z } from 'zod'
import { formatInstant } from '../../domain/time.ts'
import { jobOverview, runByHand } from '../../schedule/overview.ts'
import { ApiError } from '../api/body.ts'
import type { AdminDone, AdminJob } from './contract.ts'
import { adminEndpoint } from './endpoint.ts'

export const jobEndpoints = [
  adminEndpoint({
    method: 'GET',
    path: '/api/admin/jobs',
    async run({ schedule, now, zone }): Promise<{ rows: AdminJob[] }> {
      const rows = await jobOverview(schedule, now, zone)
      return {
        rows: rows.map(({ last, next, ...job }) => ({
          ...job,
          ...(last && { last: { ...last, at: last.at.toISOString() } }),
          ...(next && { next: next.toISOString() }),
        })),
      }
    },
  }),

  adminEndpoint({
    method: 'POST',
    path: '/api/admin/jobs/run',
    /** Without a moment: the latest one that was due. */
    body: z.strictObject({ name: z.string().max(100), at: z.iso.datetime({ offset: true }).optional() }),
    async run({ body, bot, schedule, now, zone, audit }): Promise<AdminDone> {
      const at = body.at ? new Date(body.at) : undefined
      const result = await runByHand({ schedule, ctx: bot, now, zone }, body.name, at)
      switch (result.kind) {
        case 'no-such-job':
          throw new ApiError(404, 'not-found', '没有这个任务')
        case 'no-such-time':
          return { ok: false, said: '这不是该任务的执行时间' }
        case 'never-due':
          return { ok: false, said: '近期没有到过执行时间，不需要补跑' }
        case 'not-yet':
          return { ok: false, said: '还没有到执行时间，届时会自动执行' }
      }
      const when = formatInstant(result.at, zone)
      await audit('job-run', `job/${body.name}`, { at: result.at.toISOString(), result: result.kind })
      switch (result.kind) {
        case 'done':
          return { ok: true, said: `${when} 的任务已执行` }
        case 'was-done':
          return { ok: true, said: `${when} 的任务之前已执行过，没有重复执行` }
        case 'running':
          return { ok: true, said: `${when} 的任务正在执行` }
        case 'failed':
          return { ok: false, said: `${when} 的任务执行失败：${result.reason}` }
      }
    },
  }),
]

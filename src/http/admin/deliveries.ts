import { z } from 'zod'
import { addDays, formatInstant, instantAt, isDay } from '../../domain/time.ts'
import { type Listed, listDeliveries } from '../../outbox/deliveries.ts'
import { sendAgain } from '../../outbox/outbox.ts'
import { recallDelivery, whyNotRecall } from '../../outbox/recall.ts'
import type { Job } from '../../schedule/schedule.ts'
import { ApiError } from '../api/body.ts'
import type { AdminDeliveries, AdminDelivery, AdminDone } from './contract.ts'
import { type AdminCall, adminEndpoint } from './endpoint.ts'
import { peopleMeant } from './find.ts'
import { whatIsSent } from './words.ts'

/** Rows that a page shows at once, and how far back it may leaf. */
export const PAGE = 50
const MOST_SKIPPED = 5_000

export const day = z.string().refine(isDay, '不是日期')
export const paging = { skip: z.number().int().min(0).max(MOST_SKIPPED).default(0) }
const key = z.strictObject({ key: z.string().min(1).max(500) })

/** Whole days of company time. */
export function between(from: string | undefined, until: string | undefined, zone: string) {
  return {
    ...(from && { from: instantAt(from, '00:00', zone) }),
    ...(until && { until: instantAt(addDays(until, 1), '00:00', zone) }),
  }
}

export const deliveryEndpoints = [
  adminEndpoint({
    method: 'POST',
    path: '/api/admin/deliveries/search',
    body: z.strictObject({
      person: z.string().trim().max(60).optional(),
      state: z.enum(['pending', 'sent', 'cancelled', 'failed']).optional(),
      kind: z
        .string()
        .regex(/^(answer|push|update|text|card|group-reply|group-notice|notice:[a-z-]{1,60})$/)
        .optional(),
      from: day.optional(),
      until: day.optional(),
      ...paging,
    }),
    async run(call): Promise<AdminDeliveries> {
      const { person, state, kind, from, until, skip } = call.body
      const { outbox, people } = call.bot
      const rows = await listDeliveries(outbox.model, people, {
        ...(person && { to: await peopleMeant(people, person) }),
        ...(state && { state }),
        ...(kind && { kind }),
        ...between(from, until, call.zone),
        ...{ skip, limit: PAGE + 1 },
      })
      return { rows: rows.slice(0, PAGE).map((row) => view(row, call)), more: rows.length > PAGE }
    },
  }),

  adminEndpoint({
    method: 'POST',
    path: '/api/admin/deliveries/retry',
    body: key,
    async run({ body, bot, audit }): Promise<AdminDone> {
      if (!(await bot.outbox.retry(body.key))) return { ok: false, said: '这条消息已不是“未送达”，没有重新发送' }
      await audit('delivery-retried', `outbox/${body.key}`)
      return { ok: true, said: '已重新发送，稍后刷新可查看结果' }
    },
  }),

  adminEndpoint({
    method: 'POST',
    path: '/api/admin/deliveries/retry-all',
    body: z.strictObject({}),
    async run({ bot, audit }): Promise<AdminDone> {
      const count = await sendAgain(bot.outbox.model, {})
      if (count === 0) return { ok: false, said: '没有未送达的消息' }
      bot.outbox.sweep()
      await audit('delivery-retried', 'outbox', { count })
      return { ok: true, said: `${count}条消息将重新发送，稍后刷新可查看结果` }
    },
  }),

  adminEndpoint({
    method: 'POST',
    path: '/api/admin/deliveries/recall',
    body: key,
    async run({ body, bot, now, audit }): Promise<AdminDone> {
      const { outbox, cards, platforms } = bot
      const result = await recallDelivery({ model: outbox.model, cards, platforms, now }, body.key)
      if (!result) throw new ApiError(404, 'not-found', '没有这条消息')
      await audit('delivery-recalled', `outbox/${body.key}`, { result: result.kind })
      if (result.kind === 'recalled') return { ok: true, said: '已撤回' }
      if (result.kind === 'try-again') return { ok: false, said: `没有撤回：${result.reason}。请稍后再试` }
      return { ok: false, said: `没有撤回：${result.reason}。${result.advice}` }
    },
  }),
]

function view(row: Listed, { now, zone, schedule }: AdminCall): AdminDelivery {
  const refused = row.recalledAt ? undefined : whyNotRecall(row, row.kind, now)
  const waits = row.state === 'pending' ? whyPending(row, now, zone) : undefined
  const reason = row.state === 'sent' ? undefined : (waits ?? row.reason)
  const cause = row.cause && causeInWords(row.cause, schedule.jobs, zone)
  return {
    key: row._id,
    to: row.to,
    name: row.name ?? '（不在通讯录中）',
    what: whatIsSent(row),
    ...{ mode: row.mode, state: row.state, createdAt: row.createdAt.toISOString() },
    ...(row.sentAt && { sentAt: row.sentAt.toISOString() }),
    ...(row.sentOn && { platform: row.sentOn }),
    ...(cause && { cause }),
    ...(reason && { reason }),
    ...(row.state !== 'sent' && row.advice && { advice: row.advice }),
    ...(row.recalledAt && { recalledAt: row.recalledAt.toISOString() }),
    recall:
      row.recalledAt || refused
        ? { possible: false, reason: refused?.kind === 'not-possible' ? refused.reason : '已撤回' }
        : { possible: true },
  }
}

function whyPending(row: Listed, now: Date, zone: string): string {
  if (row.notBefore > now) return `将在 ${formatInstant(row.notBefore, zone)} 之后发送（免打扰时间或当日条数已满）`
  if (row.tries > 0) return `已尝试${row.tries}次，会自动再试。上一次：${row.reason ?? '没有应答'}`
  return '正在排队发送'
}

/** `remind-weekly-plan-first@2026-11-20T08:00:00.000Z` as what the job is for; an event is something its person did. */
export function causeInWords<Ctx>(cause: string, jobs: Job<Ctx>[], zone: string): string {
  const [, name = '', at = ''] = /^([a-z-]+)@(.+)$/.exec(cause) ?? []
  const job = jobs.find((j) => j.name === name)
  if (!job) return '本人或他人的操作'
  return `${job.about}（${formatInstant(new Date(at), zone)}）`
}

import { chaseAppeal } from '../handlers/month/appeal-stage.ts'
import { push } from '../handlers/month/behaviour.ts'
import { askApproval, datesOf } from '../handlers/month/flow.ts'
import { firstMonth, remindInputs, unpublishedMonths } from '../handlers/month/inputs.ts'
import { keepDelivery } from '../handlers/month/proof.ts'
import { finishPublication, publicationOn, publishMonth } from '../handlers/month/publish.ts'
import { settleMonth } from '../handlers/month/settle.ts'
import type { Ctx } from '../src/context.ts'
import {
  addDays,
  type Day,
  dayOf,
  instantAt,
  type Month,
  monthOf,
  nextMonth,
  previousMonth,
  sundayOf,
  weekday,
  weekOf,
} from '../src/domain/time.ts'
import type { Job } from '../src/schedule/schedule.ts'

const HOUR = 3_600_000
const zoneOf = (ctx: Ctx) => ctx.company().timeZone

/** The month that is settled on a working day: the one before, from its settling day on. */
function settledOn(day: Day, ctx: Ctx): Month | undefined {
  const month = previousMonth(monthOf(day))
  const { weeks } = ctx.company()
  if (ctx.firstWeek === '' || month < firstMonth(ctx) || !weeks.isWorkday(day)) return undefined
  return day >= datesOf(ctx, month).settle.day ? month : undefined
}

/** From the settling day on, each working day until publication: recomputed, what is missing named and chased (domain.md §6). */
const settleJob: Job<Ctx> = {
  name: 'settle-month',
  about: '次月1日09:00（遇休息日顺延）起：结算上月，点名缺少的数据，每个工作日催办直到发布',
  catchUpMs: 12 * HOUR,
  times: (day, ctx) => (settledOn(day, ctx) ? [instantAt(day, ctx.company().month.settleTime, zoneOf(ctx))] : []),
  async run(slot, ctx) {
    const day = dayOf(slot, zoneOf(ctx))
    const cause = `settle-month@${slot.toISOString()}`
    for (const month of await unpublishedMonths(ctx, day))
      if (datesOf(ctx, month).settle.day <= day) await work(ctx, month, day, cause)
  },
}

/** One month's working day on its way to publication. */
async function work(ctx: Ctx, month: Month, day: Day, cause: string): Promise<void> {
  const { weeks, month: settings } = ctx.company()
  // After an outage the newest says all: the next day's takes the place of this one.
  const nextOn = (last: Day) => ({ expiresAt: instantAt(weeks.nextWorkday(last), settings.settleTime, zoneOf(ctx)) })
  await settleMonth(ctx, month, ctx.clock.now())
  await remindInputs(ctx, month, day, cause)
  const judgeIds = ((await ctx.results.model.distinct('judgeId', { month, state: 'draft' })) as string[]).filter(
    Boolean,
  )
  await ctx.outbox.add(
    judgeIds.map((id) => ({
      ...push(`team-month/${month}/${id}/${day}`, id, 'team-month', { month }, cause),
      ...nextOn(day),
    })),
  )
  if (judgeIds.length === 0 && (await ctx.months.get(month)).state === 'open')
    await askApproval(ctx, month, `settle/${day}`, nextOn(day).expiresAt)
  const hrs = await ctx.people.withRole('hr')
  await ctx.outbox.add(
    hrs.map((p) => ({
      ...push(`month-progress/${month}/${day}/${p._id}`, p._id, 'month-progress', { month }, cause),
      ...nextOn(day),
    })),
  )
  if (datesOf(ctx, nextMonth(month)).publish.day > day) return
  // More than a month late: once a week the general manager hears of it too.
  const heads = [...hrs, ...(await ctx.people.withRole('gm'))]
  await ctx.outbox.add(
    [...new Set(heads.map((p) => p._id))].map((id) => ({
      ...push(`month-overdue/${month}/${weekOf(day)}/${id}`, id, 'month-overdue', { month }, cause),
      ...nextOn(sundayOf(weekOf(day))),
    })),
  )
}

/**
 * From the publishing day on, each working day: publishes what is confirmed, and finishes what was cut off; HR hears daily
 * what it waits for (domain.md §11.19).
 */
const publishJob: Job<Ctx> = {
  name: 'publish-month',
  about: '次月5日10:00（遇休息日顺延）起：总经理确认后发布上月结果；未确认则每个工作日提醒人力资源',
  catchUpMs: 8 * HOUR,
  times: (day, ctx) => {
    const at = publicationOn(ctx, day)
    return at ? [at] : []
  },
  async run(slot, ctx) {
    const day = dayOf(slot, zoneOf(ctx))
    if (!settledOn(day, ctx)) return
    // Whichever month it was: one that was published late may have been cut off, a correction may come months later.
    for (const month of await ctx.months.untold()) await finishPublication(ctx, month)
    for (const month of await ctx.months.unkept()) await keepDelivery(ctx, month)
    for (const month of await unpublishedMonths(ctx, day)) await publish(ctx, month, day, slot)
  },
}

async function publish(ctx: Ctx, month: Month, day: Day, slot: Date): Promise<void> {
  const act = { id: `publish-month@${slot.toISOString()}`, at: slot }
  const outcome = await publishMonth(ctx, act, undefined, month)
  if (outcome.kind !== 'not-approved') return
  const { weeks, month: settings } = ctx.company()
  const hrs = await ctx.people.withRole('hr')
  await ctx.outbox.add(
    hrs.map((p) => ({
      ...push(`month-late/${month}/${day}/${p._id}`, p._id, 'month-progress', { month }, act.id),
      expiresAt: instantAt(weeks.nextWorkday(day), settings.publishTime, zoneOf(ctx)),
    })),
  )
}

/** Once more on the month's last Saturday (domain.md §11.19). */
const lastScoring: Job<Ctx> = {
  name: 'last-scoring',
  about: '当月最后一个周六15:00：提醒上级还没有评分的周，以及检查表、评价和指标',
  catchUpMs: 4 * HOUR,
  times: (day, ctx) =>
    weekday(day) === 6 && monthOf(addDays(day, 7)) !== monthOf(day)
      ? [instantAt(day, ctx.company().month.lastScoringReminder, zoneOf(ctx))]
      : [],
  async run(slot, ctx) {
    const day = dayOf(slot, zoneOf(ctx))
    const month = monthOf(day)
    if (ctx.firstWeek === '' || month < firstMonth(ctx)) return
    const cause = `last-scoring@${slot.toISOString()}`
    const leads = new Set((await ctx.people.active()).flatMap((p) => p.managerId ?? []))
    const managers = (await ctx.people.active()).filter((p) => leads.has(p._id))
    await ctx.outbox.add(
      managers.map((p) =>
        push(`last-scoring/${month}/${p._id}`, p._id, 'scoring-reminder', { week: weekOf(day) }, cause),
      ),
    )
    await remindInputs(ctx, month, day, cause)
  },
}

/** Nightly, after the contacts were read: who has which position from today on (domain.md §11.21). */
const notePositions: Job<Ctx> = {
  name: 'note-positions',
  about: '每天凌晨：记下岗位变动，供月中调岗按天计算',
  catchUpMs: 20 * HOUR,
  times: (day, ctx) => [instantAt(day, '03:40', zoneOf(ctx))],
  async run(slot, ctx) {
    const people = await ctx.people.active()
    await ctx.positions.note(dayOf(slot, zoneOf(ctx)), people)
  },
}

/** Appeals that wait for the superior's answer: asked again, and after three working days decided without it. */
const chaseAppeals: Job<Ctx> = {
  name: 'chase-appeals',
  about: '工作日09:30：提醒还没有答复申诉的上级；三个工作日未答复的，告知人力资源可以裁定',
  catchUpMs: 12 * HOUR,
  times: (day, ctx) => (ctx.company().weeks.isWorkday(day) ? [instantAt(day, '09:30', zoneOf(ctx))] : []),
  async run(slot, ctx) {
    for (const row of await ctx.appeals.registered())
      await chaseAppeal(ctx, row, slot, `chase-appeals@${slot.toISOString()}`)
  },
}

export const monthJobs: Job<Ctx>[] = [notePositions, lastScoring, settleJob, publishJob, chaseAppeals]

import { judgeOf } from '../handlers/rights.ts'
import { askSupports, isStillWanted, supportersAmong, supportSubject } from '../handlers/weekly/support.ts'
import { viewWeeks, type WeekView, worksByWeeklyPlan } from '../handlers/weekly/week.ts'
import type { Ctx } from '../src/context.ts'
import { type Day, dayOf, instantAt, weekOf } from '../src/domain/time.ts'
import type { Job } from '../src/schedule/schedule.ts'
import type { Person } from '../src/store/people.ts'
import type { SupportRequest } from '../src/store/weeks.ts'

const ASK_AT = '09:00'
/** Working days without an answer: once more to the one who was asked; then the asker's superior is told (features.md B6). */
const AGAIN_AFTER = 1
const TELL_AFTER = 2

interface Waiting {
  view: WeekView
  n: number
  request: SupportRequest
}

/**
 * Support that plans need, asked of the people they name once the week has begun: until the deadline plans change. In the morning
 * of working days, so that nobody is asked on a Saturday.
 */
export const askSupport: Job<Ctx> = {
  name: 'ask-support',
  about: '每个工作日09:00：把计划中“需支持”的请求转给对方，未回复的再提醒一次，两个工作日后告知上级',
  catchUpMs: 8 * 3_600_000,
  times: (day, ctx) => {
    const { weeks: calendar, timeZone } = ctx.company()
    return calendar.isWorkday(day) && !calendar.isClosedWeek(weekOf(day)) ? [instantAt(day, ASK_AT, timeZone)] : []
  },
  async run(slot, ctx) {
    const { weeks: calendar, timeZone } = ctx.company()
    const day = dayOf(slot, timeZone)
    const week = weekOf(day)
    const cause = `ask-support@${slot.toISOString()}`
    const before = calendar.previousOpenWeek(week)
    const people = await ctx.people.active()
    const needing = new Set(await ctx.weeks.needingSupport([calendar.previousOpenWeek(before), before]))
    const planning = people.filter((p) => needing.has(p._id) && worksByWeeklyPlan(ctx.company(), p))
    const find = supportersAmong(people)
    const now = ctx.clock.now()
    const waiting: Waiting[] = []
    for (const w of [before, week]) {
      for (const view of await viewWeeks(ctx, planning, w, now)) {
        if (view.status.kind === 'not-owed') continue
        const asked =
          w === week ? await askSupports(ctx, view, find, day, `${cause}/${view.row._id}`) : view.row.supports
        for (const [n, request] of (asked ?? []).entries())
          if (!request.answer && isStillWanted(view, request)) waiting.push({ view, n, request })
      }
    }
    const ago = (count: number) => calendar.addWorkdays(day, -count)
    await ctx.outbox.add(
      waiting.flatMap(({ view, n, request }) => {
        const row = (stage: 'asked' | 'again') => ({
          key: `${supportSubject(view.person._id, view.week, n)}/${stage}`,
          to: request.to,
          mode: 'push' as const,
          cause,
          content: {
            kind: 'notice' as const,
            name: 'support-asked',
            args: { personId: view.person._id, week: view.week, n },
          },
        })
        return request.askedOn <= ago(AGAIN_AFTER) ? [row('asked'), row('again')] : [row('asked')]
      }),
    )
    await tellSuperiors(
      ctx,
      waiting.filter((one) => one.request.askedOn <= ago(TELL_AFTER)),
      day,
      cause,
    )
  },
}

/** One message to each superior about what is new to them. */
async function tellSuperiors(ctx: Ctx, waiting: Waiting[], day: Day, cause: string): Promise<void> {
  const judges = new Map<string, Person>()
  for (const { view, n } of waiting) {
    const judge = await judgeOf(ctx, view.person)
    if (!judge) continue
    const isNew = await ctx.weeks.change(view.person._id, view.week, `${cause}/${view.row._id}/${n}`, (row) => {
      const request = row.supports?.[n]
      if (!request || request.shownOn) return { outcome: request?.shownOn === day }
      return { row: { ...row, supports: row.supports!.with(n, { ...request, shownOn: day }) }, outcome: true }
    })
    if (isNew) judges.set(judge._id, judge)
  }
  await ctx.outbox.add(
    [...judges.keys()].map((to) => ({
      key: `support-unanswered/${to}/${day}`,
      to,
      mode: 'push' as const,
      cause,
      content: { kind: 'notice' as const, name: 'support-unanswered', args: { day } },
    })),
  )
}

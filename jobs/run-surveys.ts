import { countRound, improversOf } from '../handlers/survey/count.ts'
import { nextRoundOf } from '../handlers/survey/decide.ts'
import { openRound, push, silentOf, tellHr } from '../handlers/survey/round.ts'
import type { Ctx } from '../src/context.ts'
import type { Survey } from '../src/domain/survey.ts'
import { type RoundPlan, reminderOn, roundOpeningOn } from '../src/domain/survey-round.ts'
import { type Day, dayOf, instantAt } from '../src/domain/time.ts'
import type { Job } from '../src/schedule/schedule.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

function opening(day: Day, ctx: Ctx): { survey: Survey; plan: RoundPlan }[] {
  const { weeks: calendar, timeZone, surveyList } = ctx.company()
  return surveyList.flatMap((survey) => {
    const plan = roundOpeningOn(survey, day, calendar, timeZone)
    return plan ? [{ survey, plan }] : []
  })
}

const unique = (instants: Date[]): Date[] => [...new Map(instants.map((at) => [at.getTime(), at])).values()]

/** Opens the rounds of the settings; also late, while there is time left to answer. */
const openSurveys: Job<Ctx> = {
  name: 'open-surveys',
  about: '调查开始：抽样并发出邀请',
  catchUpMs: 3 * DAY,
  times: (day, ctx) => unique(opening(day, ctx).map(({ plan }) => plan.opensAt)),
  async run(slot, ctx) {
    const now = ctx.clock.now()
    const cause = `open-surveys@${slot.toISOString()}`
    for (const { survey, plan } of opening(dayOf(slot, ctx.company().timeZone), ctx)) {
      if (plan.opensAt.getTime() !== slot.getTime() || plan.closesAt <= now) continue
      const opened = await openRound(ctx, survey, plan, now, cause)
      if (opened.kind === 'opened') await tellOfSilentKitchen(ctx, opened.round.surveyId, opened.round._id, cause)
    }
  },
}

/** A new round opens and nothing was said about the last one's lowest dimension (features.md B11). */
async function tellOfSilentKitchen(ctx: Ctx, surveyId: string, roundId: string, cause: string): Promise<void> {
  const last = (await ctx.surveyRounds.ofSurvey(surveyId, 2)).find((r) => r._id !== roundId)
  if (last?.improvement && !last.improvement.text)
    await tellHr(ctx, `survey-no-answer/${last._id}`, 'survey-no-answer', { round: last._id }, cause)
}

const LUNCH = '11:30'

/** At lunch, to those who have not answered; asked again when each is sent (domain.md §11.30). */
const remindSurveys: Job<Ctx> = {
  name: 'remind-surveys',
  about: '工作日11:30：提醒还没有作答的人，每次调查最多两次',
  catchUpMs: 2 * HOUR,
  times: (day, ctx) => {
    const { weeks: calendar, timeZone } = ctx.company()
    return calendar.isWorkday(day) ? [instantAt(day, LUNCH, timeZone)] : []
  },
  async run(slot, ctx) {
    const { weeks: calendar, timeZone } = ctx.company()
    for (const round of await ctx.surveyRounds.open()) {
      const n = reminderOn(round, slot, calendar, timeZone)
      if (n === undefined || ctx.clock.now() > round.closesAt) continue
      const cause = `remind-surveys@${slot.toISOString()}`
      const args = { round: round._id, again: 'reminder' }
      await ctx.outbox.add(
        (await silentOf(ctx, round)).map((to) =>
          push(`survey-remind/${round._id}/${n}/${to}`, to, 'survey-invite', args, cause, round.closesAt),
        ),
      )
    }
  },
}

/** Taps of the last second are still on their way when a round closes. */
const COUNT_DELAY_MS = 10 * 60_000
/** When HR's own surveys close. */
const CLOSING = '18:00'

const countSurveys: Job<Ctx> = {
  name: 'count-surveys',
  about: '调查截止10分钟后：统计并发出结果',
  catchUpMs: 7 * DAY,
  times: (day, ctx) => {
    const { timeZone, surveyList } = ctx.company()
    const times = [CLOSING, ...surveyList.map((s) => s.when.closesTime)]
    return unique(times.map((time) => new Date(instantAt(day, time, timeZone).getTime() + COUNT_DELAY_MS)))
  },
  async run(slot, ctx) {
    const open = await ctx.surveyRounds.open()
    const over = open.filter((r) => r.closesAt.getTime() + COUNT_DELAY_MS <= slot.getTime())
    const left = await ctx.surveyRounds.inState('counting')
    for (const round of [...left, ...over]) await countRound(ctx, round, `count-surveys@${slot.toISOString()}`)
  },
}

/** On how many working days before the next round the kitchen is reminded. */
const REMIND_WORKDAYS = 3

const remindImprovements: Job<Ctx> = {
  name: 'remind-improvements',
  about: '下一次调查前3个工作日10:00：提醒回复改进措施',
  catchUpMs: 6 * HOUR,
  times: (day, ctx) => {
    const { weeks: calendar, timeZone } = ctx.company()
    return calendar.isWorkday(day) ? [instantAt(day, '10:00', timeZone)] : []
  },
  async run(slot, ctx) {
    const { weeks: calendar, timeZone, surveyList } = ctx.company()
    const day = dayOf(slot, timeZone)
    for (const { id } of surveyList) {
      const last = (await ctx.surveyRounds.ofSurvey(id, 1))[0]
      if (last?.state !== 'closed' || !last.improvement || last.improvement.text) continue
      const next = nextRoundOf(ctx, last, slot)
      if (!next || dayOf(next.opensAt, timeZone) > calendar.addWorkdays(day, REMIND_WORKDAYS)) continue
      const cause = `remind-improvements@${slot.toISOString()}`
      const args = { round: last._id, again: true }
      await ctx.outbox.add(
        (await improversOf(ctx, last)).map((p) =>
          push(`survey-improve/${last._id}/${day}/${p._id}`, p._id, 'survey-improve', args, cause, next.opensAt),
        ),
      )
    }
  },
}

export const surveyJobs: Job<Ctx>[] = [openSurveys, remindSurveys, countSurveys, remindImprovements]

import { supportCard } from '../cards/support.ts'
import { askedOf } from '../handlers/answer-support.ts'
import { isStillWanted, supportSubject } from '../handlers/weekly/support.ts'
import { teamOf } from '../handlers/weekly/team.ts'
import { viewWeek, viewWeeks } from '../handlers/weekly/week.ts'
import type { Ctx } from '../src/context.ts'
import { formatWeek, weekOf } from '../src/domain/time.ts'
import type { Rendered } from '../src/outbox/notice.ts'
import type { Person } from '../src/store/people.ts'

type Render = (to: Person, args: Record<string, unknown>, ctx: Ctx) => Promise<Rendered>

/** To the one a plan names; not after they answered, nor when the plan was changed. */
const supportAsked: Render = async (to, args, ctx) => {
  const [week, n] = [String(args.week), Number(args.n)]
  const asker = await ctx.people.get(String(args.personId))
  if (!asker?.active) return { cancel: '请求人已离职' }
  const view = await viewWeek(ctx, asker, week, ctx.clock.now())
  const request = view.row.supports?.[n]
  if (!request || request.to !== to._id || !isStillWanted(view, request)) return { cancel: '计划已调整' }
  if (request.answer) return { cancel: '已回复' }
  return {
    card: supportCard(askedOf(asker, week, request, view.planned)),
    subject: supportSubject(asker._id, week, n),
    context: { personId: asker._id, week, n },
  }
}

/** To the asker: what was answered, as it stands now. */
const supportAnswered: Render = async (to, args, ctx) => {
  const { supports } = await ctx.weeks.get(to._id, String(args.week))
  const request = supports?.[Number(args.n)]
  if (!request?.answer) return { cancel: '请求已不存在' }
  const who = (await ctx.people.get(request.to))?.name ?? '对方'
  const about = `“${request.item}”需要的支持（${request.what}）`
  const said = request.words ? `\n${who}说：${request.words}` : ''
  return request.answer === 'agreed'
    ? { text: `${who}可以支持：${about}。${said}` }
    : { text: `${who}表示有困难：${about}。可以直接与对方沟通，或请上级协调。${said}` }
}

/** To a superior: what their people asked of others and nobody answered. */
const supportUnanswered: Render = async (to, args, ctx) => {
  const day = String(args.day)
  const { weeks: calendar } = ctx.company()
  const team = await teamOf(ctx, to, 'own')
  const lines: string[] = []
  for (const week of [calendar.previousOpenWeek(weekOf(day)), weekOf(day)]) {
    for (const view of await viewWeeks(ctx, team, week, ctx.clock.now())) {
      for (const request of view.row.supports ?? []) {
        if (request.shownOn !== day || request.answer || !isStillWanted(view, request)) continue
        const who = (await ctx.people.get(request.to))?.name ?? '已离职同事'
        lines.push(`${view.person.name}（${formatWeek(week)}）“${request.item}”：请${who}提供“${request.what}”`)
      }
    }
  }
  if (lines.length === 0) return { cancel: '都已回复' }
  return { text: `以下支持请求已过两个工作日，还没有回复，请您帮助协调：\n${lines.join('\n')}` }
}

export const supportNotices: Record<string, Render> = {
  'support-asked': supportAsked,
  'support-answered': supportAnswered,
  'support-unanswered': supportUnanswered,
}

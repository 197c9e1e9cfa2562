import type { Ctx } from '../../src/context.ts'
import { type InterviewState, interviewState, isQuarter } from '../../src/domain/interview.ts'
import { dayOf, formatDay, formatDayFull, timeOf } from '../../src/domain/time.ts'
import type { CardInstance } from '../../src/store/cards.ts'
import type { InterviewRow } from '../../src/store/interviews.ts'
import type { Person } from '../../src/store/people.ts'
import { closeCards } from '../close-cards.ts'
import { judgeOf, mayJudge } from '../rights.ts'

/** Cards about one interview. */
export const interviewSubject = (id: string): string => `interview/${id}`

export const stateOf = (ctx: Ctx, row: InterviewRow, now: Date): InterviewState =>
  interviewState(row, now, dayOf(now, ctx.company().timeZone))

/** Who holds it: the superior who took it up while they still may, else the present one. */
export async function managerOf(ctx: Ctx, row: InterviewRow, person: Person): Promise<Person | undefined> {
  const taken = row.managerId ? await ctx.people.get(row.managerId) : null
  if (taken && (await mayJudge(ctx, taken, person))) return taken
  return judgeOf(ctx, person)
}

/** A month whose result has the lowest grade is not over without a plan (features.md B12). */
export const needsPlan = (row: Pick<InterviewRow, 'period'>): boolean => !isQuarter(row.period)

/** `15:00` */
export const clockOf = (at: Date, zone: string): string => timeOf(at, zone).slice(0, 5)

/** 12月2日（周三）15:00，三楼会议室 */
export function appointmentText(ctx: Ctx, { at, place }: { at: Date; place: string }): string {
  const { timeZone } = ctx.company()
  return `${formatDayFull(dayOf(at, timeZone))}${clockOf(at, timeZone)}${place ? `，${place}` : ''}`
}

/** Where it stands, as the pages and lists say it. */
export function stateText(ctx: Ctx, row: InterviewRow, now: Date): string {
  const { appointment, record } = row
  switch (stateOf(ctx, row, now)) {
    case 'gone':
      return '不再需要'
    case 'waived':
      return '已登记无需面谈'
    case 'open':
      return '待约时间'
    case 'asked':
      return '等员工确认时间'
    case 'countered':
      return '等上级确认时间'
    case 'agreed':
      return `已约${formatDay(dayOf(appointment!.at, ctx.company().timeZone))}${clockOf(appointment!.at, ctx.company().timeZone)}`
    case 'to-record':
      return '待填写记录'
    case 'to-allow':
      return '等人力资源同意复核日期'
    case 'to-confirm':
      return '等员工确认记录'
    case 'objected':
      return row.objection!.by === row.personId ? '员工有不同意见' : '待调整复核日期'
    case 'done':
      return '已完成'
    case 'improving':
      return `改进中，${formatDay(record!.plan!.reviewOn)}复核`
    case 'to-review':
      return '待复核'
    case 'reviewed':
      return '已复核'
  }
}

/** Ends the cards about an interview that nothing can be done with any more. */
export const closeStale = (
  ctx: Ctx,
  event: string,
  id: string,
  isStale: (context: CardInstance['context']) => boolean,
  pressed?: string,
): Promise<void> =>
  closeCards(
    ctx,
    event,
    interviewSubject(id),
    { title: '绩效面谈', closed: '已处理' },
    (card) => card._id !== pressed && isStale(card.context),
  )

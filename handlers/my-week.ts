import type { Ctx } from '../src/context.ts'
import { shown } from '../src/domain/decimal.ts'
import { formatInstant, formatWeek } from '../src/domain/time.ts'
import type { WeekStatus } from '../src/domain/weekly-report.ts'
import type { Answer, Turn } from '../src/inbox/handler.ts'
import { runningWeek } from './weekly/target.ts'
import { deadlineWords, viewWeek, type WeekView, worksByWeeklyPlan } from './weekly/week.ts'

const notOwed = {
  closed: '放假，无需提交',
  'not-joined': '尚未入职，无需提交',
  'first-week': '入职首周，无需提交（也可以提交下周计划）',
  left: '已离职',
  excused: '已免计，无需提交',
}

/** One line on where a week stands, for the person whose week it is. */
export function statusText(status: WeekStatus): string {
  switch (status.kind) {
    case 'not-owed':
      return notOwed[status.because]
    case 'owed':
      return '还未提交'
    case 'draft':
      return status.overdue ? '有草稿未提交（已过截止时间）' : '有草稿未提交'
    case 'submitted':
      return '已按时提交，待评分'
    case 'late':
      return '已提交（迟交），待评分'
    case 'returned':
      return '上级请您补充后再次提交'
    case 'scored':
      return '已评分'
    case 'missing':
      return '未提交，现在补交按迟交计'
  }
}

/** 我的: this week and the last one. */
export async function myWeek(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const { weeks: calendar, timeZone } = ctx.company()
  if (!worksByWeeklyPlan(ctx.company(), turn.person)) return [{ text: '您的岗位不需要提交周计划。' }]
  const running = await viewWeek(ctx, turn.person, runningWeek(ctx, turn.at), turn.at)
  const before = await viewWeek(ctx, turn.person, calendar.previousOpenWeek(running.week), turn.at)
  const line = (v: WeekView) => {
    const when = v.counts ? `，提交于${formatInstant(v.counts.submission.at, timeZone)}` : ''
    const score = v.score ? `，得分${shown(v.score.score)}` : ''
    return `${formatWeek(v.week)}：${statusText(v.status)}${when}${score}`
  }
  const lines = [line(running), deadlineWords(ctx, running, turn.at)]
  if (before.week > ctx.firstWeek || before.counts) lines.push(line(before))
  const subject = `mine/${turn.person._id}/${running.week}`
  const card = {
    title: '我的本周',
    text: lines.join('\n'),
    link: { text: '打开我的本周', path: `/h5/week/${running.week}` },
  }
  const open = ['owed', 'draft', 'returned', 'missing'].includes(running.status.kind)
  return [
    open
      ? {
          card: {
            ...card,
            buttons: [
              { text: '在聊天中填写', action: running.row.draft ? 'show-draft' : 'start-week', style: 'primary' },
            ],
          },
          subject,
          context: { week: running.week },
        }
      : { card, subject, context: { week: running.week } },
  ]
}

/** 我迟交会扣几分: the rule (domain.md §3), with the deadline that it is about. */
export async function lateCost(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const view = await viewWeek(ctx, turn.person, runningWeek(ctx, turn.at), turn.at)
  const until = deadlineWords(ctx, view, turn.at)
  return [{ text: `晚于截止时间提交的，当周得分扣3分，只扣一次；上级同意的修改不扣分。${until}。` }]
}

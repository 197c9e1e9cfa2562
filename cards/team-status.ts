import { formatWeek, type Week } from '../src/domain/time.ts'
import type { Card } from './card.ts'

export interface TeamStatus {
  week: Week
  /** `late`: the digest at the deadline; `live`: asked for. */
  kind: 'late' | 'live' | 'to-score'
  submitted: string[]
  late: string[]
  owing: string[]
  excused: string[]
  toScore: string[]
  /** 11月28日 12:01 */
  at: string
  overdue: boolean
}

const names = (list: string[], most = 30): string =>
  list.length > most ? `${list.slice(0, most).join('、')}等${list.length}人` : list.join('、')

/** Who is where with a week, to their own manager in private (domain.md §11.17). */
export function teamStatusCard(s: TeamStatus): Card {
  const all = s.submitted.length + s.late.length + s.owing.length
  const text: string[] = []
  if (s.owing.length > 0) text.push(`${s.overdue ? '未提交' : '还未提交'}（${s.owing.length}人）：${names(s.owing)}`)
  if (s.late.length > 0) text.push(`迟交（${s.late.length}人）：${names(s.late)}`)
  if (s.submitted.length > 0) text.push(`按时提交（${s.submitted.length}人）：${names(s.submitted)}`)
  if (s.excused.length > 0) text.push(`请假或免计（${s.excused.length}人）：${names(s.excused)}`)
  if (s.toScore.length > 0) text.push(`待评分（${s.toScore.length}人）：${names(s.toScore)}`)
  if (all === 0 && text.length === 0) text.push('本周没有需要提交的人员')
  const titles = {
    late: `${formatWeek(s.week)}：${s.owing.length === 0 ? '全部已提交' : `${s.owing.length}人未提交`}`,
    live: `${formatWeek(s.week)}提交情况：${s.submitted.length + s.late.length}／${all}`,
    'to-score': `有${s.toScore.length}份周总结待您评分`,
  }
  const buttons = [
    ...(s.toScore.length > 0 ? [{ text: '开始评分', action: 'score-next', style: 'primary' as const }] : []),
    ...(s.owing.length > 0 ? [{ text: '催一下未提交的同事', action: 'chase', style: 'plain' as const }] : []),
  ]
  return {
    title: titles[s.kind],
    subtitle: `截至${s.at}`,
    text: text.join('\n'),
    ...(buttons.length > 0 && { buttons }),
    link: { text: '打开团队页', path: `/h5/team/${s.week}` },
  }
}

import type { Card } from './card.ts'

export interface PlanSubmitted {
  kind: 'on-time' | 'late' | 'needs-consent' | 'unchanged'
  again: boolean
  /** It had been scored already. */
  unscored?: boolean
  /** 11月28日 11:07 */
  at: string
  undoMinutes: number
  planCount: number
  planPoints: string
}

const text = {
  onTime: (again: boolean) => (again ? '已更新，以这一次为准' : '已提交'),
  late: '已提交（晚于截止时间，本周扣3分）',
  unscored: '原来的评分不再计入，已请上级重新评分，评分后会通知您。',
  consent: '修改已记下，正在请上级确认',
  unchanged: '内容没有变化，已是最新',
}

/** Answers the person who submitted; 撤销 stands on it for some minutes. */
export function planSubmittedCard(s: PlanSubmitted): Card {
  const facts = [
    { label: '提交时间', value: s.at },
    { label: '下周计划', value: `${s.planCount}项，共${s.planPoints}分` },
  ]
  switch (s.kind) {
    case 'on-time':
    case 'late':
      return {
        title: s.kind === 'late' ? text.late : text.onTime(s.again),
        text:
          s.kind === 'late'
            ? '感谢补交。上级评分后会通知您。'
            : `截止前可再次发送来修改，以最后一次为准。${s.unscored ? text.unscored : '上级评分后会通知您。'}`,
        facts,
        buttons:
          s.undoMinutes > 0
            ? [{ text: `撤销（${s.undoMinutes}分钟内）`, action: 'withdraw-week', style: 'plain' }]
            : [],
        ...(s.undoMinutes === 0 && { closed: '已提交' }),
      }
    case 'needs-consent':
      return {
        title: text.consent,
        text: '已过截止时间，修改需经直属上级同意；同意前以原来的内容为准，不影响得分。',
        facts,
        closed: '等待上级确认',
      }
    case 'unchanged':
      return { title: text.unchanged, facts, closed: '已是最新' }
  }
}

export const closedCard = (title: string, closed: string, body?: string): Card => ({
  title,
  closed,
  ...(body && { text: body }),
})

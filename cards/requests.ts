import { formatWeek, formatWeeks, shortWeek, type Week } from '../src/domain/time.ts'
import type { Card } from './card.ts'

/** Somebody is on leave: the superior decides whether the weeks are excused (domain.md §11.6). */
export function excuseRequestCard(name: string, weeks: Week[], reason: string): Card {
  return {
    title: `${name}${formatWeeks(weeks)}请假`,
    text: `原因：${reason}\n同意后，${weeks.length > 1 ? '这几周' : '本周'}不计入${name}的月度得分，也不再提醒。`,
    buttons: [
      { text: '同意免计', action: 'excuse:granted', style: 'primary' },
      { text: '不同意', action: 'excuse:refused', style: 'plain' },
    ],
  }
}

/** A change after the deadline: costs nothing when the superior consents (domain.md §11.9). */
export function changeRequestCard(name: string, week: Week, before: string[], after: string[]): Card {
  return {
    title: `${name}请求修改${formatWeek(week)}的提交`,
    subtitle: '已过截止时间，需您同意；同意不扣分',
    text: ['原来的计划：', ...before, '修改为：', ...after].join('\n'),
    buttons: [
      { text: '同意修改', action: 'change:given', style: 'primary' },
      { text: '不同意', action: 'change:refused', style: 'plain' },
    ],
  }
}

export function weekReturnedCard(week: Week, by: string, reason: string): Card {
  return {
    title: `${by}请您补充${formatWeek(week)}的内容`,
    text: `${reason}\n补充后再次提交即可，不影响原来的提交时间。`,
    buttons: [{ text: '现在补充', action: 'edit-week', style: 'primary' }],
    link: { text: '打开填写页', path: `/h5/week/${week}` },
  }
}

export function noteCard(week: Week, from: string, about: string, text: string): Card {
  return {
    title: `${from}回复了${about}${formatWeek(week)}的周总结`,
    text,
    buttons: [{ text: '回复', action: 'reply-week', style: 'primary' }],
    link: { text: '在页面回复', path: '/h5/form/:card' },
  }
}

export function whichWeekCard(weeks: Week[], text: string): Card {
  return {
    title: '请选择是哪一周',
    text,
    buttons: weeks.map((w, i) => ({
      text: shortWeek(w),
      action: `which-week:${w}`,
      style: i === 0 ? ('primary' as const) : ('plain' as const),
    })),
  }
}

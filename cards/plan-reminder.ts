import { pointsText } from '../src/domain/score.ts'
import type { Week } from '../src/domain/time.ts'
import { ageInWeeks, type PlanItem } from '../src/domain/weekly-report.ts'
import type { Card } from './card.ts'

/** Why the reminder comes now. */
export type ReminderStage = 'first' | 'morning' | 'last' | 'snoozed' | 'chased' | 'draft'

export interface PlanReminder {
  week: Week
  stage: ReminderStage
  /** 本周截止时间为11月28日（周六）12:00 */
  dueText: string
  planned: PlanItem[]
  hasDraft: boolean
  returnedWhy?: string
}

const titles: Record<ReminderStage, string> = {
  first: '请提交本周总结和下周计划',
  morning: '今天中午前请提交周总结和计划',
  last: '周总结和计划即将截止',
  snoozed: '您让我此时再提醒您：周总结和计划',
  chased: '您的周总结和计划还未提交',
  draft: '您有一份周总结和计划还未提交',
}

/** Fact, deadline, button; no blame (features.md 5.1). Last week's plan is laid before the person (T3). */
export function planReminderCard(r: PlanReminder): Card {
  const text = [r.dueText]
  if (r.returnedWhy) text.push(`上级请您补充：${r.returnedWhy}`)
  if (r.planned.length > 0) {
    text.push('本周计划：')
    r.planned.forEach((item, i) => {
      const age = ageInWeeks(item, r.week)
      text.push(`${i + 1}. ${item.text}（${pointsText(item.points)}分${age > 0 ? `，已结转${age}周` : ''}）`)
    })
  }
  const late = r.stage === 'last' || r.stage === 'draft'
  return {
    title: titles[r.stage],
    text: text.join('\n'),
    buttons: [
      r.hasDraft
        ? { text: '查看草稿并提交', action: 'show-draft', style: 'primary' }
        : { text: '在聊天中填写', action: 'start-week', style: 'primary' },
      ...(late
        ? []
        : ([
            { text: '1小时后提醒', action: 'snooze:1h', style: 'plain' },
            {
              text: r.stage === 'first' ? '明早提醒' : '稍后提醒',
              action: r.stage === 'first' ? 'snooze:tomorrow' : 'snooze:30m',
              style: 'plain',
            },
          ] as const)),
      { text: '我在请假', action: 'on-leave', style: 'plain' },
    ],
    link: { text: '打开填写页', path: `/h5/week/${r.week}` },
  }
}

/** A newcomer's first week is not assessed, but without a plan the second could not be (domain.md §11.6, §11.10). */
export function firstPlanCard(week: Week, dueDay: string): Card {
  return {
    title: '请写下您的第一份周计划',
    text: `本周是您入职的第一周，不需要总结。请在${dueDay}前写好下周计划，下周起按计划评分；不清楚怎么写，可以请教上级。`,
    buttons: [{ text: '在聊天中填写', action: 'start-week', style: 'primary' }],
    link: { text: '打开填写页', path: `/h5/week/${week}` },
  }
}

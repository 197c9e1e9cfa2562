import { dayFrom } from './parse-day.ts'
import { pointsText } from './score.ts'
import { type Day, formatDay, formatWeek, type Week } from './time.ts'
import {
  ageInWeeks,
  kindNames,
  type Outcome,
  outcomeNames,
  type PlanItem,
  type WeeklyContent,
} from './weekly-report.ts'

/** An item in few words, as people are shown that they may write it. */
export const ITEM_EXAMPLE = '1. 完成采购对账 20分 周三'

export interface TemplateContext {
  today: Day
  summaryWeek: Week
  /** The week's own plan, which the summary answers item by item. */
  planned: readonly PlanItem[]
  planWeek: Week
}

/**
 * The template to fill in, with the week's plan laid before the person (features.md T3). Sent back untouched it reads as
 * nothing said; filled in, `parseReport` reads it whole.
 *
 * @param plan items to begin the next plan with, for instance what `carryOver` gives
 */
export function templateText(context: TemplateContext, plan: readonly PlanItem[] = []): string {
  return contentText({ plan: [...plan] }, context)
}

/**
 * A report as text in the template's layout, to show or to change and send again: `parseReport` reads back the same
 * content. Holds for texts of one line without tabs and without spaces at their ends.
 */
export function contentText(content: WeeklyContent, context: TemplateContext): string {
  const { planned, summaryWeek, planWeek } = context
  const { summary, plan } = content
  const lines: string[] = []
  lines.push(`周总结（${formatWeek(summaryWeek)}）`)
  planned.forEach((item, index) => {
    lines.push(`${index + 1}. ${item.text}（${pointsText(item.points)}分）：${outcomeText(summary?.outcomes[index])}`)
  })
  lines.push(...listUnder('计划外', summary?.extra ?? []))
  lines.push(
    `不足：${summary?.shortcomings ?? ''}`,
    `问题：${summary?.problems ?? ''}`,
    `更好的方法：${summary?.improvements ?? ''}`,
  )
  lines.push('', `周计划（${formatWeek(planWeek)}）`)
  if (plan.length === 0) lines.push('重点工作：', '1. ', '日常工作：', '1. ')
  plan.forEach((item, index) => {
    lines.push(`${index + 1}. ${itemText(item, context)}`)
  })
  return lines.join('\n')
}

const outcomeText = (outcome: Outcome | null | undefined): string =>
  outcome ? `${outcomeNames[outcome.outcome]}${outcome.note ? `，${outcome.note}` : ''}` : ''

const listUnder = (name: string, items: readonly string[]): string[] =>
  items.length === 0 ? [`${name}：`] : [`${name}：`, ...items.map((item, index) => `${index + 1}. ${item}`)]

/** 【重点】招聘方案（20分，12月2日，已结转1周，需支持张三：提供数据） */
export function itemText(item: PlanItem, context: { planWeek: Week; today: Day }): string {
  const parts = [`${pointsText(item.points)}分`]
  if (item.due !== undefined) parts.push(dueText(item.due, context))
  const age = ageInWeeks(item, context.planWeek)
  if (age > 0) parts.push(`已结转${age}周`)
  if (item.support) parts.push(`需支持${item.support.who ?? ''}：${item.support.what}`)
  return `【${kindNames[item.kind]}】${item.text}（${parts.join('，')}）`
}

/** 12月2日; with its year where that would be read as another one. */
function dueText(due: Day, context: { planWeek: Week; today: Day }): string {
  const short = formatDay(due)
  return dayFrom(short, context)?.day === due ? short : `${due.slice(0, 4)}年${short}`
}

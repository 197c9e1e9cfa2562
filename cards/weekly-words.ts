import { pointsText } from '../src/domain/score.ts'
import { formatDay, type Week } from '../src/domain/time.ts'
import {
  ageInWeeks,
  kindNames,
  type Outcome,
  outcomeNames,
  type PlanItem,
  type Summary,
} from '../src/domain/weekly-report.ts'

/** Words that several weekly cards share. */

/** `1. 完成采购（20分，周三前，已结转1周）` */
export function itemLine(item: PlanItem, n: number, week: Week): string {
  const parts = [`${pointsText(item.points)}分`]
  if (item.due) parts.push(`${formatDay(item.due)}前`)
  const age = ageInWeeks(item, week)
  if (age > 0) parts.push(`已结转${age}周`)
  if (item.support) parts.push(`需支持：${[item.support.who, item.support.what].filter(Boolean).join(' ')}`)
  return `${n}. 【${kindNames[item.kind]}】${item.text}（${parts.join('，')}）`
}

/** `1. 完成采购（20分）：部分完成，等供应商报价` */
export function outcomeLine(
  item: { text: string; points: number },
  outcome: Outcome | null | undefined,
  n: number,
): string {
  const said = outcome ? [outcomeNames[outcome.outcome], outcome.note].filter(Boolean).join('，') : '未填写'
  return `${n}. ${item.text}（${pointsText(item.points)}分）：${said}`
}

/** `　支持 王强：可以支持`, below its item */
export const supportLine = (state: string | undefined): string[] => (state ? [`　支持 ${state}`] : [])

/** 计划外, 不足, 问题, 更好的方法, as far as they were written. */
export function summaryLines(summary: Summary): string[] {
  const lines: string[] = []
  if (summary.extra.length > 0) lines.push(`计划外：${summary.extra.join('；')}`)
  if (summary.shortcomings) lines.push(`不足：${summary.shortcomings}`)
  if (summary.problems) lines.push(`问题：${summary.problems}`)
  if (summary.improvements) lines.push(`更好的方法：${summary.improvements}`)
  return lines
}

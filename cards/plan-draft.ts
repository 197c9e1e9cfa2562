import { sumPoints } from '../src/domain/score.ts'
import { formatWeek, type Week } from '../src/domain/time.ts'
import {
  type ContentProblem,
  describeMissing,
  isComplete,
  type PlanItem,
  type WeeklyContent,
} from '../src/domain/weekly-report.ts'
import type { Button, Card } from './card.ts'
import { itemLine, outcomeLine, summaryLines, supportLine } from './weekly-words.ts'

export interface PlanDraft {
  week: Week
  planWeek: Week
  dueText: string
  planned: PlanItem[]
  content: WeeklyContent
  unread: { line: number; text: string; why: string }[]
  assumptions: string[]
  problems: ContentProblem[]
  /** What came of the support that an item of this week needed, by item. */
  supports: (string | undefined)[]
  /** Whom the new plan's items ask for support, by item; undefined: it asks nobody, empty: nobody of that name was found. */
  supporters: (string[] | undefined)[]
  /** Something counts already: submitting replaces it, or asks for consent. */
  replaces: boolean
  /** What is replaced stays until the superior agrees. */
  needsConsent: boolean
  /** How many unfinished items the new plan does not have. */
  toCarry: number
  /** Items went from the plan with the last message: they can be taken back. */
  hasFormer: boolean
}

/** What the bot has read, for the person to confirm: nothing counts before 提交 (features.md T5, B15). */
export function planDraftCard(d: PlanDraft): Card {
  const text: string[] = []
  const { summary, plan } = d.content
  if (summary || d.planned.length > 0) {
    text.push(`【周总结 ${formatWeek(d.week)}】`)
    d.planned.forEach((item, i) => {
      text.push(outcomeLine(item, summary?.outcomes[i], i + 1), ...supportLine(d.supports[i]))
    })
    if (summary) text.push(...summaryLines(summary))
  }
  text.push(`【周计划 ${formatWeek(d.planWeek)}】`)
  if (plan.length === 0) text.push('（还没有）')
  plan.forEach((item, i) => {
    text.push(itemLine(item, i + 1, d.planWeek))
  })
  if (plan.length > 0) text.push(`合计${sumPoints(plan.map((p) => p.points))}分`)
  for (const u of d.unread) text.push(`第${u.line}行没有读懂：“${u.text}”，${u.why}`)
  for (const a of d.assumptions) text.push(`说明：${a}`)
  d.supporters.forEach((names, i) => {
    if (!names) return
    text.push(
      names.length > 0
        ? `说明：第${i + 1}项需要的支持，将在计划开始的第一个工作日转给${names.join('、')}`
        : `说明：第${i + 1}项需要的支持没有对应到同事，不会转给对方；可改写为全名或部门名`,
    )
  })
  const said = d.problems.filter((p) => p.level === 'wrong' || p.kind === 'no-points')
  for (const p of said) text.push(p.text)
  const missing = describeMissing(d.problems)
  if (missing) text.push(missing)

  const ready = isComplete(d.problems)
  const buttons: Button[] = []
  if (ready) buttons.push({ text: '提交', action: 'submit-week', style: 'primary' })
  if (d.planned.length > 0 && d.planned.some((_, i) => !summary?.outcomes[i])) {
    buttons.push({ text: '本周计划全部完成', action: 'outcomes-all', style: ready ? 'plain' : 'primary' })
    buttons.push({ text: '逐项选择完成情况', action: 'outcomes-step:0', style: 'plain' })
  }
  if (d.toCarry > 0) buttons.push({ text: '未完成列入下周', action: 'carry-over', style: 'plain' })
  if (d.hasFormer) buttons.push({ text: '恢复原来的', action: 'restore-plan', style: 'plain' })
  // Six buttons are the most; 修改 can be typed.
  if (buttons.length < 5) buttons.push({ text: '修改', action: 'edit-week', style: 'plain' })
  buttons.push({ text: '取消', action: 'cancel-draft', style: 'plain' })
  return {
    title: ready ? '请核对，确认后提交' : '已记下，还需要补充',
    subtitle: !d.replaces
      ? d.dueText
      : d.needsConsent
        ? '已过截止时间，提交后经上级同意才替换已交的内容'
        : '提交后将替换已交的内容',
    text: text.join('\n'),
    buttons,
    link: { text: '打开填写页', path: `/h5/week/${d.week}` },
  }
}

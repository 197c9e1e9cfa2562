import { DEDUCTION_CHOICES, type Deduction, pointsText, type Requirement, requirements } from '../src/domain/score.ts'
import { formatWeek, type Week } from '../src/domain/time.ts'
import type { PlanItem, Summary } from '../src/domain/weekly-report.ts'
import type { Card, Option } from './card.ts'
import { outcomeLine, summaryLines, supportLine } from './weekly-words.ts'

export interface ScoreSheet {
  personId: string
  name: string
  week: Week
  planned: PlanItem[]
  summary?: Summary
  /** What came of the support that an item needed, by item. */
  supports?: (string | undefined)[]
  submitted: 'on-time' | 'late' | 'none'
  /** 11月28日 11:07 */
  submittedAt?: string
  /** Sent back, and not handed in again before the deadline was over. */
  leftReturned: boolean
}

export const LEFT_RETURNED = '已退回，未重新提交'
const submittedText = { 'on-time': '按时提交', late: '迟交（扣3分）', none: '未提交（扣3分）' }

const pageOf = (s: { personId: string; week: Week }) => ({
  text: '打开评分页',
  path: `/h5/score/${s.personId}/${s.week}`,
})

/** A week to score: full points in one tap, item by item, or a word back. */
export function scoreCard(s: ScoreSheet): Card {
  const lines = s.planned.flatMap((item, i) => [
    outcomeLine(item, s.summary?.outcomes[i], i + 1),
    ...supportLine(s.supports?.[i]),
  ])
  if (s.summary) lines.push(...summaryLines(s.summary))
  return {
    title: `${s.name}  ${formatWeek(s.week)}`,
    subtitle: `${submittedText[s.submitted]}${s.submittedAt ? `  ${s.submittedAt}` : ''}${s.leftReturned ? `  ${LEFT_RETURNED}` : ''}`,
    text: lines.join('\n'),
    buttons: [
      { text: '全部满分', action: 'score-full', style: 'primary' },
      { text: '逐项打分', action: 'score-step:0', style: 'plain' },
      { text: '退回补充', action: 'send-back', style: 'plain' },
      { text: '回复一句', action: 'reply-week', style: 'plain' },
      { text: '下一位', action: 'score-next', style: 'plain' },
    ],
    link: pageOf(s),
  }
}

export const ITEMS_PER_STEP = 3

/** 0…planned in at most ten steps, the most first; ids carry the points with `_` for the decimal point. */
export function pointChoices(planned: number): Option[] {
  const whole = Number.isInteger(planned) && planned <= 9
  const values = whole
    ? Array.from({ length: planned + 1 }, (_, i) => planned - i)
    : Array.from({ length: 10 }, (_, i) => (i === 9 ? 0 : (planned * (10 - i)) / 10))
  return [...new Set(values.map(pointsText))].map((p) => ({ id: p.replace('.', '_'), text: `${p}分` }))
}

export const pointsOfChoice = (id: string): number => Number(id.replace('_', '.'))

/** One step of item by item. `points`: what was chosen before, by item. */
export function scoreStepCard(s: ScoreSheet, points: Record<number, number>, from: number): Card {
  const here = s.planned.slice(from, from + ITEMS_PER_STEP)
  return {
    title: `${s.name}：逐项打分（${from + 1}—${from + here.length}／共${s.planned.length}项）`,
    subtitle: '其他分值可直接回复，例如：姓名 18 30 40',
    text: here.map((item, i) => outcomeLine(item, s.summary?.outcomes[from + i], from + i + 1)).join('\n'),
    input: {
      kind: 'selects',
      selects: here.map((item, i) => {
        const options = pointChoices(item.points)
        const chosen = points[from + i]
        const selected = options.find((o) => pointsOfChoice(o.id) === chosen)?.id ?? options[0]!.id
        return {
          id: `p${from + i}`,
          label: `${from + i + 1}. ${[...item.text].slice(0, 12).join('')}`,
          options,
          selected,
        }
      }),
    },
    buttons: [{ text: '下一步', action: `score-step:${from + here.length}`, style: 'primary' }],
    link: pageOf(s),
  }
}

const requirementSteps: Requirement[][] = [
  ['summary-objective', 'summary-fair', 'summary-complete'],
  ['plan-complete', 'plan-sound'],
]

/** Deductions for requirements not met, 2 to 4 points each (domain.md §3). `step` 0 or 1. */
export function deductionStepCard(
  s: { personId: string; name: string; week: Week },
  chosen: Deduction[],
  step: number,
): Card {
  return {
    title: `${s.name}：要求未达标扣分（${step + 1}／2）`,
    subtitle: '没有不达标的，直接按下一步',
    input: {
      kind: 'selects',
      selects: requirementSteps[step]!.map((r) => ({
        id: r,
        label: requirements[r],
        options: [
          { id: 'none', text: '不扣分' },
          ...DEDUCTION_CHOICES.map((p) => ({ id: pointsText(p).replace('.', '_'), text: `扣${p}分` })),
        ],
        selected:
          chosen
            .find((d) => d.requirement === r)
            ?.points.toString()
            .replace('.', '_') ?? 'none',
      })),
    },
    buttons: [{ text: '下一步', action: `deduct-step:${step + 1}`, style: 'primary' }],
    link: pageOf(s),
  }
}

export const deductionSteps = requirementSteps.length
export const requirementsOfStep = (step: number): Requirement[] => requirementSteps[step] ?? []

/** The arithmetic before it counts. */
export function scoreConfirmCard(name: string, week: Week, shown: string, lines: string[], rest = 0): Card {
  return {
    title: `${name}  ${formatWeek(week)}：${shown}分`,
    subtitle: rest > 0 ? `确认后继续下一位（还有${rest}位）` : '请核对后确认',
    text: lines.join('\n'),
    buttons: [
      { text: '确认评分', action: 'score-confirm', style: 'primary' },
      { text: '扣分项', action: 'deduct-step:0', style: 'plain' },
      { text: '重新打分', action: 'score-step:0', style: 'plain' },
      { text: '取消', action: 'score-cancel', style: 'plain' },
    ],
  }
}

/** A proposal of the scorer's own that is pressed after another one has counted: it replaces that only when it is pressed again. */
export function scoreAgainCard(title: string, before: string, shown: string, lines: string[]): Card {
  return {
    title: `${title}：${shown}分`,
    subtitle: `已按${before}分评分；要改为${shown}分，请点“重新评分”`,
    text: lines.join('\n'),
    buttons: [
      { text: '重新评分', action: 'score-again', style: 'primary' },
      { text: '取消', action: 'score-cancel', style: 'plain' },
    ],
  }
}

/** What the employee gets: the score with how it came about (features.md B7). */
export function weekScoredCard(week: Week, shown: string, lines: string[], by: string, again: boolean): Card {
  return {
    title: `${formatWeek(week)}得分：${shown}`,
    subtitle: `${by}${again ? '修改了评分' : '已评分'}`,
    text: lines.join('\n'),
    buttons: [{ text: '回复上级', action: 'reply-week', style: 'plain' }],
    link: { text: '查看明细', path: `/h5/results` },
  }
}

/** Several scores read from one message, to be confirmed together. */
export function scoreLinesCard(lines: { text: string; shown: string }[], problems: string[]): Card {
  const text = [...lines.map((l) => `${l.text} → ${l.shown}分`), ...problems.map((p) => `未计入：${p}`)]
  return {
    title: `请核对${lines.length}位同事的评分`,
    subtitle: '确认后生效，并通知本人',
    text: text.join('\n'),
    buttons: [
      { text: '全部确认', action: 'score-lines', style: 'primary' },
      { text: '取消', action: 'score-cancel', style: 'plain' },
    ],
  }
}

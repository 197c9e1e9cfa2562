import { shown as decimal, exact, subtract } from '../src/domain/decimal.ts'
import type { Survey } from '../src/domain/survey.ts'
import { averageStars, responseRate, TARGET_RATE, type Tally } from '../src/domain/survey-result.ts'
import type { Card } from './card.ts'
import { surveyTitle } from './survey.ts'

export interface Results {
  survey: Survey
  period: string
  asked: number
  tally: Tally
  /** Of the round before, when it was counted. */
  before?: Tally
}

const stars = (counts: number[]) => decimal(averageStars(counts), 1)

/** `4.2 星（上次 4.0）` */
function average(id: string, tally: Tally, before: Tally | undefined): string {
  const counts = before?.stars[id]
  const last = counts?.some((n) => n > 0) ? `（上次${stars(counts)}）` : ''
  return `${stars(tally.stars[id]!)}星${last}`
}

/** `3人中2人选“室内”` lines of the choice questions. */
function choiceLines({ survey, tally }: Results): string[] {
  return survey.choices.map(
    (c) => `${c.label}：${c.options.map((o) => `${o.label} ${tally.choices[c.id]?.[o.id] ?? 0}人`).join('，')}`,
  )
}

function groupLines({ survey, tally }: Results): string[] {
  if (!survey.byDepartment) return []
  if (!tally.groups) return ['部门对比：有部门作答人数不足，为保护匿名，整体不显示。']
  return Object.entries(tally.groups).map(
    ([name, group]) =>
      `${name}（${group.answers}人）：${survey.dimensions.map((d) => `${d.label}${stars(group.stars[d.id]!)}`).join('，')}`,
  )
}

/** What came out, for everybody who may see it: averages against the round before, and how many answered. */
export function surveyResultsCard(results: Results, lines: string[] = []): Card {
  const { survey, tally, before, asked } = results
  const score = tally.score && decimal(exact(tally.score))
  const change = tally.score && before?.score && subtract(exact(tally.score), exact(before.score))
  const moved = change ? `，较上次${change.n < 0n ? '' : '+'}${decimal(change)}` : ''
  const rate = responseRate(tally.answers, asked)
  return {
    title: `${surveyTitle(results)}结果${score ? `：${score}分` : ''}`,
    subtitle: `${asked}人中${tally.answers}人作答，回收率${rate}%（目标${TARGET_RATE}%）${moved}`,
    facts: survey.dimensions.map((d) => ({ label: d.label, value: average(d.id, tally, before) })),
    text: [...choiceLines(results), ...groupLines(results), ...lines].join('\n'),
  }
}

/** Asks those who cook what they do about the lowest dimension (features.md B11). */
export function surveyImproveCard(
  survey: Survey,
  period: string,
  label: string,
  next: string | undefined,
  again: boolean,
): Card {
  return {
    title: `${surveyTitle({ survey, period })}：“${label}”评分最低`,
    subtitle: again ? '还没有收到改进措施' : '请回复改进措施',
    text: `回复后会发给这次被询问的同事，并写在下一次调查的开头。${next ? `请在${next}下一次调查开始前回复。` : ''}`,
    buttons: [{ text: '回复改进措施', action: 'survey-improve', style: 'primary' }],
  }
}

export function surveyImprovedCard(survey: Survey, period: string, label: string, said: string, by: string): Card {
  return {
    title: `${survey.title}：您的意见有回应了`,
    subtitle: `${surveyTitle({ survey, period })}中，“${label}”评分最低`,
    text: `${by}的改进措施：${said}`,
  }
}

import { type BehaviourFact, behaviourSum, signed } from './behaviour.ts'
import {
  add,
  compare,
  type Exact,
  exact,
  exactText,
  isNegative,
  negate,
  readable,
  shown,
  subtract,
  ZERO,
} from './decimal.ts'
import { combineWork, type Work } from './schemes.ts'
import { type Day, daysBetween, formatDay, lastDayOf, type Month } from './time.ts'

/** Grades from the best; a result belongs to the first whose bound it reaches. */
export type Grades = readonly { name: string; from: number }[]

/** A part of the month in one position. Both days are in it. */
export interface Part {
  from: Day
  to: Day
  position: string
  /** Name of the scheme; undefined: the company has none for this position. */
  scheme?: string
  work: Work
}

/** Everything a month's result is made from: nothing else enters, so the same facts give the same bytes. */
export interface SettleFacts {
  month: Month
  joined?: Day
  left?: Day
  /** In order of days. */
  parts: readonly Part[]
  behaviour: readonly BehaviourFact[]
  /** What an accepted appeal or a correction changed, signed points (domain.md §6). */
  adjustments: readonly { points: string; reason: string; day: Day }[]
  grades: Grades
  /** The total that was shown for last month (domain.md §11.20). */
  previous?: string
  /** Names the rules that were in force. */
  ruleVersion: string
}

export interface ResultSection {
  title: string
  lines: string[]
}

/** One person's month. JSON: exact numbers as `exactText`, `shown…` for people. */
export interface MonthResult {
  month: Month
  position: string
  scheme: string
  work?: string
  shownWork?: string
  plus: string
  minus: string
  total?: string
  shownTotal?: string
  grade?: string
  /** Against last month, shown: `+1.50`. */
  change?: string
  /** The arithmetic (features.md B7). */
  sections: ResultSection[]
  /** What keeps it from being confirmed, named. */
  missing: string[]
  /** What the superior should look at before confirming; absent when there is nothing. */
  remarks?: string[]
  ruleVersion: string
}

/** The grade of an exact total (domain.md §11.18). */
export function gradeOf(total: Exact, grades: Grades): string | undefined {
  return grades.find((g) => compare(total, exact(g.from)) >= 0)?.name
}

/** Two decimals, and as many more as it takes not to look like a better or worse grade: 89.995 is B and shows as 89.995. */
export function shownTotal(total: Exact, grades: Grades): string {
  const grade = gradeOf(total, grades)
  for (let places = 2; places <= 12; places++) {
    const text = shown(total, places)
    if (gradeOf(exact(text), grades) === grade) return text
  }
  return shown(total, 12)
}

/**
 * A person's month (domain.md §4, §6, §11.18, 11.21): work score of each part by calendar days, plus behaviour, never below
 * 0 in total. No work score: no total and no grade. Anything missing: named, and no total.
 */
export function settle(f: SettleFacts): MonthResult {
  const last = f.parts.at(-1)
  const unassigned = f.parts.filter((p) => p.scheme === undefined)
  const work = combineWork(
    f.parts.map((p) => ({
      days: daysBetween(p.from, p.to) + 1,
      label: `${p.position || '未填岗位'} ${formatDay(p.from)}至${formatDay(p.to)}`,
      work: p.work,
    })),
  )
  const behaviour = behaviourSum(f.behaviour)
  const missing = [
    ...unassigned.map((p) => `岗位“${p.position || '未填写'}”没有设置考核方案`),
    ...(work.kind === 'missing' && unassigned.length === 0 ? work.missing : []),
  ]
  const sections: ResultSection[] = [{ title: '工作得分', lines: [...periodLines(f), ...work.lines] }]
  sections.push({ title: '日常行为', lines: behaviour.lines.length > 0 ? behaviour.lines : ['本月没有记录'] })
  if (f.adjustments.length > 0)
    sections.push({
      title: '更正',
      lines: f.adjustments.map((a) => `${formatDay(a.day)} ${a.reason}：${signed(a.points)}`),
    })
  const remarks = f.parts.flatMap((p) => p.work.remarks ?? [])
  const result: MonthResult = {
    month: f.month,
    position: last?.position ?? '',
    scheme: last?.scheme ?? '',
    plus: exactText(behaviour.plus),
    minus: exactText(behaviour.minus),
    sections,
    missing,
    ...(remarks.length > 0 && { remarks }),
    ruleVersion: f.ruleVersion,
  }
  if (missing.length > 0 || work.kind !== 'scored') return result

  const adjusted = f.adjustments.reduce((s, a) => add(s, exact(a.points)), ZERO)
  const sum = add(add(work.score, behaviour.score), adjusted)
  const total = isNegative(sum) ? ZERO : sum
  const grade = gradeOf(total, f.grades)
  const text = shownTotal(total, f.grades)
  const lines = [
    `工作得分 ${readable(work.score)}`,
    `加分 ${readable(behaviour.plus)}，扣分 ${readable(behaviour.minus)}`,
    ...(f.adjustments.length > 0 ? [`更正 ${signed(exactText(adjusted))}`] : []),
    `${readable(work.score)}+${readable(behaviour.plus)}−${readable(behaviour.minus)}${adjusted.n === 0n ? '' : signed(readable(adjusted))} = ${readable(sum)}`,
    ...(isNegative(sum) ? ['低于0按0计'] : []),
    `总分 ${text}${grade ? `，等级${grade}` : ''}`,
  ]
  sections.push({ title: '总分', lines })
  result.work = exactText(work.score)
  result.shownWork = shown(work.score)
  result.total = exactText(total)
  result.shownTotal = text
  if (grade) result.grade = grade
  if (f.previous !== undefined) {
    const change = subtract(exact(text), exact(f.previous))
    result.change = isNegative(change) ? `−${shown(negate(change))}` : `+${shown(change)}`
    lines.push(`上月 ${f.previous}，较上月 ${result.change}`)
  }
  return result
}

function periodLines({ month, joined, left }: SettleFacts): string[] {
  const lines: string[] = []
  if (joined && joined > `${month}-01` && joined <= lastDayOf(month))
    lines.push(`${formatDay(joined)}入职，只计在职期间`)
  if (left && left >= `${month}-01` && left < lastDayOf(month)) lines.push(`${formatDay(left)}离职，只计在职期间`)
  return lines
}

/** A company's month by grade, with what a guide share would allow (features.md T12, domain.md §11.26). */
export interface Distribution {
  counted: number
  grades: { name: string; count: number; share: string; guide?: number; over?: number }[]
}

/** Counted over all who have a grade; no warning under five people. */
export function distribution(
  results: readonly { grade?: string | undefined }[],
  grades: Grades,
  guide: Readonly<Record<string, number>> = {},
): Distribution {
  const graded = results.filter((r) => r.grade !== undefined)
  const counted = graded.length
  return {
    counted,
    grades: grades.map(({ name }) => {
      const count = graded.filter((r) => r.grade === name).length
      const share = counted === 0 ? '0.0' : shown({ n: BigInt(count * 100), d: BigInt(counted) }, 1)
      const most = guide[name]
      const allowed = most === undefined ? undefined : Math.ceil((counted * most) / 100)
      return {
        name,
        count,
        share,
        ...(most !== undefined && { guide: most }),
        ...(allowed !== undefined && counted >= 5 && count > allowed && { over: count - allowed }),
      }
    }),
  }
}

import {
  compare,
  divide,
  type Exact,
  equals,
  exact,
  HUNDRED,
  isNegative,
  multiply,
  readable,
  subtract,
  sum,
  ZERO,
} from './decimal.ts'
import { type Computed, monthScore, type WeekResult } from './score.ts'
import { formatMonth, type Month } from './time.ts'

/** How a position's work score is made, domain.md §2: data that the company edits. Points, weights and shares are decimals. */
export type Scheme =
  | { kind: 'weekly' }
  /** Assessed by nothing of the month: no work score, no grade. */
  | { kind: 'none' }
  | ChecklistScheme
  | { kind: 'survey'; survey: string }
  | RatersScheme
  | KpiScheme

/** 篇三, drivers: items that add up to 100 points, scored once a month. */
export interface ChecklistScheme {
  kind: 'checklist'
  /** 工号 or unique name; `manager`: the superior. */
  scoredBy: string
  items: { name: string; points: number; rule?: string | undefined }[]
}

/** 篇八, R&D: project work by project managers, the rest by the department's manager and peers (周边绩效). */
export interface RatersScheme {
  kind: 'raters'
  /** Share of project work for whoever is not named, percent. */
  project: number
  /** Of the non-project part; the manager's and the peers' weights add up to 100. */
  manager: number
  peers: number
  /** 工号 or unique name to who rates them. */
  people: Record<
    string,
    { project?: number | undefined; projectManagers?: Record<string, number> | undefined; peers?: string[] | undefined }
  >
}

/** 篇七: indicators of the KPI library with weights that add up to 100. */
export interface KpiScheme {
  kind: 'kpi'
  indicators: { kpi: string; weight: number; target?: number | undefined }[]
  /** 100 unless the company allows more (domain.md §11.18). */
  cap: number
}

/** How an actual value becomes 0…100 points (domain.md §11.23). */
export type KpiRule =
  /** 实际÷目标×100 */
  | { kind: 'ratio' }
  /** Lower is better: 目标÷实际×100, full points at 0. */
  | { kind: 'lower' }
  /** The first step that the actual value reaches. */
  | { kind: 'steps'; steps: { from: number; score: number }[] }
  /** 100 less so many points a case. */
  | { kind: 'per-case'; points: number }

export interface Kpi {
  rule: KpiRule
  unit: string
  target?: number | undefined
}

/** The work score of one part of a month. `remarks`: what the superior should look at, and need not. */
export type Work = { remarks?: string[] } & (
  | ({ kind: 'scored' } & Computed)
  | { kind: 'none'; lines: string[] }
  /** `missing`: what is missing, in words that name it. */
  | { kind: 'missing'; missing: string[]; lines: string[] }
)

const capped = (score: Exact, cap: number, lines: string[]): Exact => {
  if (isNegative(score)) {
    lines.push('低于0按0计')
    return ZERO
  }
  if (compare(score, exact(cap)) <= 0) return score
  lines.push(`${readable(score)}超过上限，按${cap}计`)
  return exact(cap)
}

/** 篇三: the weeks of the month (domain.md §3). */
export function weeklyWork(month: Month, weeks: readonly WeekResult[]): Work {
  const result = monthScore(month, weeks)
  switch (result.kind) {
    case 'scored':
      return { kind: 'scored', score: result.score, lines: result.lines }
    case 'none':
      return { kind: 'none', lines: result.lines }
    case 'missing':
      return { kind: 'missing', missing: result.lines, lines: result.lines }
  }
}

/** Points of a checklist: the sum of what each item got. */
export function checklistWork(items: readonly { name: string; points: number; got?: string }[]): Work {
  const open = items.filter((i) => i.got === undefined)
  if (open.length > 0) {
    const what =
      open.length === items.length ? '月度检查表未评分' : `月度检查表还差${open.map((i) => i.name).join('、')}`
    return { kind: 'missing', missing: [what], lines: [what] }
  }
  const got = items.map((i) => exact(i.got!))
  const score = sum(got)
  const lines = items.map((i) => `${i.name} ${readable(exact(i.got!))}／${readable(exact(i.points))}`)
  lines.push(`${got.map(readable).join('+')} ${equals(score)}`)
  return { kind: 'scored', score, lines }
}

/** What a survey gave a position (domain.md §5). */
export interface SurveyFact {
  state: 'ok' | 'missing' | 'excused'
  score?: string | undefined
  answers: number
  carriedFrom?: Month | undefined
}

/** 篇三, cooks: the average is the work score. Not counted yet, or too few answers: missing, HR decides (domain.md §11.29). */
export function surveyWork(title: string, fact: SurveyFact | undefined): Work {
  if (fact?.state === 'ok' && fact.score !== undefined) {
    const score = exact(fact.score)
    const from = fact.carriedFrom ? `，沿用${formatMonth(fact.carriedFrom)}` : `，${fact.answers}人作答`
    return { kind: 'scored', score, lines: [`${title}平均分 ${readable(score)}${from}`] }
  }
  if (fact?.state === 'excused') return { kind: 'none', lines: [`${title}作答人数不足，人力资源决定本月不计`] }
  const why = fact ? `${title}作答人数不足，待人力资源处理` : `${title}尚未出结果`
  return { kind: 'missing', missing: [why], lines: [why] }
}

export interface RaterGroup {
  /** 项目工作 */
  name: string
  /** Percent of the whole. */
  share: number
  /** `gone`: has left, and cannot give one any more. */
  raters: { role: 'project-manager' | 'manager' | 'peer'; weight: number | string; score?: string; gone?: boolean }[]
}

const roleNames = { 'project-manager': '项目经理', manager: '部门经理', peer: '同事' }

/**
 * Several raters (domain.md §11.22). A missing one is named; once HR has closed the rating, its weight is spread over those
 * of its group in proportion, then the group's over the other groups, and the lines say so. Never without the manager.
 * Peers' ratings are listed by size, so that nobody learns whose is whose.
 */
export function ratersWork(groups: readonly RaterGroup[], closed: boolean): Work {
  const asked = groups.filter((g) => g.share > 0)
  if (asked.length === 0 || asked.some((g) => g.raters.length === 0)) {
    const what = asked.find((g) => g.raters.length === 0)?.name ?? '评价'
    return { kind: 'missing', missing: [`${what}没有指定评价人`], lines: [`${what}没有指定评价人`] }
  }
  const silent = asked.flatMap((g) =>
    g.raters.filter((r) => r.score === undefined).map((r) => ({ ...r, group: g.name })),
  )
  const all = asked.flatMap((g) => g.raters)
  const managerSilent = silent.some((r) => r.role === 'manager')
  if (silent.length > 0 && (!closed || managerSilent || silent.length === all.length)) {
    const names = (['manager', 'project-manager', 'peer'] as const).flatMap((role) => {
      const count = silent.filter((r) => r.role === role).length
      return count === 0 ? [] : [count === 1 ? roleNames[role] : `${roleNames[role]}${count}人`]
    })
    const gone = silent.filter((r) => r.gone).length
    const how = gone > 0 ? `（其中${gone}人已离职，可由人力资源关闭评价）` : ''
    const what = `还未评价：${names.join('、')}${how}`
    return { kind: 'missing', missing: [what], lines: [what] }
  }
  const lines: string[] = []
  const parts: { share: Exact; score: Exact; name: string }[] = []
  for (const group of asked) {
    const present = group.raters.filter((r) => r.score !== undefined)
    const missing = group.raters.length - present.length
    if (present.length === 0) {
      lines.push(`${group.name}（占${group.share}%）无人评价，其占比由其他部分按比例分担`)
      continue
    }
    const { score, text } = weighted(present, lines)
    lines.push(`${group.name}（占${group.share}%）：${text} ${equals(score)}`)
    if (missing > 0) lines.push(`其中${missing}人未评价，其权重由本部分其他评价人按比例分担`)
    parts.push({ share: exact(group.share), score, name: group.name })
  }
  const shares = sum(parts.map((p) => p.share))
  const total = divide(sum(parts.map((p) => multiply(p.share, p.score))), shares)
  if (parts.length > 1) {
    const terms = parts.map((p) => `${readable(p.score)}×${readable(p.share)}`).join('+')
    lines.push(`(${terms})÷${readable(shares)} ${equals(total)}`)
  }
  return { kind: 'scored', score: capped(total, 100, lines), lines }
}

/** Σ weight × score ÷ Σ weight of those who gave one; peers in order of size, averaged, with their common weight. */
function weighted(raters: readonly RaterGroup['raters'][number][], lines: string[]): { score: Exact; text: string } {
  const given = (r: RaterGroup['raters'][number]) => ({ weight: exact(r.weight), value: exact(r.score!) })
  const entries = raters.filter((r) => r.role !== 'peer').map((r) => ({ ...given(r), label: roleNames[r.role] }))
  const peers = raters.filter((r) => r.role === 'peer').map(given)
  if (peers.length > 0) {
    const values = peers.map((p) => p.value).sort(compare)
    const value = divide(sum(values), exact(values.length))
    if (values.length > 1) lines.push(`同事平均 (${values.map(readable).join('+')})÷${values.length} ${equals(value)}`)
    entries.push({ weight: sum(peers.map((p) => p.weight)), value, label: roleNames.peer })
  }
  const weights = sum(entries.map((e) => e.weight))
  const score = divide(sum(entries.map((e) => multiply(e.weight, e.value))), weights)
  if (entries.length === 1) return { score, text: entries[0]!.label }
  const terms = entries.map((e) => `${e.label}${readable(e.value)}×${readable(e.weight)}`)
  return { score, text: `(${terms.join('+')})÷${readable(weights)}` }
}

export interface IndicatorFact {
  name: string
  kpi: Kpi
  weight: number
  target?: number
  /** As HR or the manager entered it. */
  actual?: string
}

/** 0…cap points of one indicator, with its arithmetic. */
export function indicatorScore(i: IndicatorFact & { actual: string }, cap: number): Computed {
  const actual = exact(i.actual)
  const { rule, unit } = i.kpi
  const target = i.target === undefined ? undefined : exact(i.target)
  const said = `${i.name} 实际${readable(actual)}${unit}${target ? `，目标${readable(target)}${unit}` : ''}`
  const lines: string[] = []
  const done = (score: Exact, how: string): Computed => {
    lines.push(`${said}：${how}`)
    return { score: capped(score, cap, lines), lines }
  }
  switch (rule.kind) {
    case 'ratio': {
      const score = multiply(divide(actual, target!), HUNDRED)
      return done(score, `${readable(actual)}÷${readable(target!)}×100 ${equals(score)}`)
    }
    case 'lower': {
      if (actual.n <= 0n) return done(exact(cap), `${cap}分`)
      const score = multiply(divide(target!, actual), HUNDRED)
      return done(score, `${readable(target!)}÷${readable(actual)}×100 ${equals(score)}`)
    }
    case 'steps': {
      const step = rule.steps.find((s) => compare(actual, exact(s.from)) >= 0)
      return done(exact(step?.score ?? 0), step ? `达到${step.from}${unit}得${step.score}分` : '未达到任何一档，得0分')
    }
    case 'per-case': {
      const score = subtract(HUNDRED, multiply(exact(rule.points), actual))
      return done(score, `100−${readable(actual)}×${rule.points} ${equals(score)}`)
    }
  }
}

/** 篇七: Σ weight × points ÷ 100. */
export function kpiWork(indicators: readonly IndicatorFact[], cap: number): Work {
  const open = indicators.filter((i) => i.actual === undefined)
  if (open.length > 0) {
    const what = `指标未填实际值：${open.map((i) => i.name).join('、')}`
    return { kind: 'missing', missing: [what], lines: [what] }
  }
  const scored = indicators.map((i) => ({ i, ...indicatorScore({ ...i, actual: i.actual! }, cap) }))
  const score = divide(sum(scored.map((s) => multiply(s.score, exact(s.i.weight)))), HUNDRED)
  const lines = scored.flatMap((s) => s.lines)
  lines.push(
    `(${scored.map((s) => `${readable(s.score)}×${readable(exact(s.i.weight))}`).join('+')})÷100 ${equals(score)}`,
  )
  return { kind: 'scored', score: capped(score, cap, lines), lines }
}

/** Parts of a month under different schemes, by the calendar days in each (domain.md §11.21). */
export function combineWork(parts: readonly { days: number; label: string; work: Work }[]): Work {
  if (parts.length === 1) return parts[0]!.work
  const missing = parts.flatMap((p) => (p.work.kind === 'missing' ? p.work.missing : []))
  const lines = parts.flatMap((p) => [`${p.label}（${p.days}天）`, ...p.work.lines])
  if (missing.length > 0) return { kind: 'missing', missing, lines }
  const scored = parts.flatMap((p) => (p.work.kind === 'scored' ? [{ days: exact(p.days), score: p.work.score }] : []))
  if (scored.length === 0) return { kind: 'none', lines }
  if (scored.length === 1) return { kind: 'scored', score: scored[0]!.score, lines }
  const days = sum(scored.map((s) => s.days))
  const score = divide(sum(scored.map((s) => multiply(s.days, s.score))), days)
  lines.push(
    `(${scored.map((s) => `${readable(s.score)}×${readable(s.days)}`).join('+')})÷${readable(days)} ${equals(score)}`,
  )
  return { kind: 'scored', score, lines }
}

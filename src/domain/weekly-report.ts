import type { Calendar } from './calendar.ts'
import { isOnTime, type WeekDeadline } from './deadline.ts'
import { exact, sum } from './decimal.ts'
import { type Day, mondayOf, sundayOf, type Week, weekOf, weeksBetween } from './time.ts'

/**
 * The weekly summary and plan, 篇三 and 篇七 (domain.md §3). One submission of week W holds the summary of W and the plan
 * of the next open week (§11.2, §11.5).
 */
export interface PlanItem {
  text: string
  /** 重点 / 日常 */
  kind: 'key' | 'routine'
  /** Planned points, a decimal as it was written. */
  points: number
  /** Expected finish. */
  due?: Day
  support?: Support
  /** The week that planned it first, when it was carried over. */
  carriedFrom?: Week
}

/** 需支持: who and what. */
export interface Support {
  who?: string
  what: string
}

export interface Outcome {
  outcome: 'done' | 'partly' | 'not-done'
  note?: string
}

export const outcomeNames = { done: '完成', partly: '部分完成', 'not-done': '未完成' } as const
export const kindNames = { key: '重点', routine: '日常' } as const

export interface Summary {
  /** One for each item of the week's plan, in its order; null where the person has not said. */
  outcomes: (Outcome | null)[]
  /** 计划外: work done beyond the plan. */
  extra: string[]
  /** 不足 */
  shortcomings: string
  /** 问题 */
  problems: string
  /** 更好的方法 */
  improvements: string
}

export interface WeeklyContent {
  summary?: Summary
  plan: PlanItem[]
}

/** Our limits: what a phone page still shows whole and a number still says exactly (1000 × 100 % with all decimals). */
export const MAX_ITEMS = 30
export const MAX_EXTRA = 30
export const MAX_POINTS = 1000
export const MAX_POINT_DECIMALS = 6
/** Characters of an item's text, a note, a support or a piece of work beyond the plan. */
export const MAX_TEXT = 500
/** Characters of 不足, 问题 and 更好的方法 each. */
export const MAX_SECTION = 2000

/**
 * What keeps a submission from being complete, or could make it better. `missing` and `wrong` block; `hint` is shown beside
 * the confirmation and blocks nothing: at 11:59 a summary without 不足 must still go in, and the manager may deduct for it.
 */
export interface ContentProblem {
  level: 'missing' | 'wrong' | 'hint'
  kind:
    | 'no-summary'
    | 'no-plan'
    | 'no-key-item'
    | 'no-outcome'
    | 'no-shortcomings'
    | 'no-problems'
    | 'no-improvements'
    | 'no-points'
    | 'bad-points'
    | 'all-zero'
    | 'too-long'
    | 'too-many'
    | 'empty-text'
    | 'outcomes-mismatch'
  /** For the person: polite, what to do. */
  text: string
  /** 1-based item it is about. */
  item?: number
}

/**
 * Checks what a person is about to submit (domain.md §3, §11.2, §11.10).
 *
 * @param plannedCount items of the week's own plan; 0 in a first week, when there is nothing to sum up and no summary is asked
 */
export function validateContent(content: WeeklyContent, plannedCount: number): ContentProblem[] {
  const problems: ContentProblem[] = []
  const tell = (level: ContentProblem['level'], kind: ContentProblem['kind'], text: string, item?: number) =>
    problems.push(item === undefined ? { level, kind, text } : { level, kind, text, item })
  const { summary, plan } = content

  if (!summary) {
    if (plannedCount > 0) tell('missing', 'no-summary', '本周总结')
  } else checkSummary(summary, plannedCount, tell)

  if (plan.length === 0) tell('missing', 'no-plan', '下周计划')
  else if (!plan.some((item) => item.kind === 'key')) tell('hint', 'no-key-item', '下周重点工作')
  if (plan.length > MAX_ITEMS) tell('wrong', 'too-many', `计划最多${MAX_ITEMS}项，现有${plan.length}项，请合并后再提交`)
  plan.forEach((item, index) => {
    const number = index + 1
    if (item.text.trim() === '') tell('wrong', 'empty-text', `第${number}项没有内容`, number)
    const long = [item.text, item.support?.what ?? '', item.support?.who ?? ''].some((text) => length(text) > MAX_TEXT)
    if (long) tell('wrong', 'too-long', `第${number}项超过${MAX_TEXT}字，请精简`, number)
    if (!arePoints(item.points))
      tell(
        'wrong',
        'bad-points',
        `第${number}项的分值应在0到${MAX_POINTS}之间，最多${MAX_POINT_DECIMALS}位小数`,
        number,
      )
    else if (item.points === 0 && plan.some((other) => other.points > 0))
      tell('hint', 'no-points', `第${number}项没有分值`, number)
  })
  if (plan.length > 0 && plan.every((item) => item.points === 0))
    tell('wrong', 'all-zero', '计划还没有分值，请为每项写上分值，例如“20分”')
  return problems
}

type Tell = (level: ContentProblem['level'], kind: ContentProblem['kind'], text: string, item?: number) => void

function checkSummary(summary: Summary, plannedCount: number, tell: Tell) {
  if (summary.outcomes.length !== plannedCount)
    tell('wrong', 'outcomes-mismatch', `本周计划有${plannedCount}项，完成情况有${summary.outcomes.length}项，请核对`)
  summary.outcomes.forEach((outcome, index) => {
    const number = index + 1
    if (!outcome) tell('hint', 'no-outcome', `第${number}项的完成情况`, number)
    else if (length(outcome.note ?? '') > MAX_TEXT)
      tell('wrong', 'too-long', `第${number}项的说明超过${MAX_TEXT}字，请精简`, number)
  })
  if (summary.extra.length > MAX_EXTRA) tell('wrong', 'too-many', `计划外工作最多${MAX_EXTRA}项，请合并后再提交`)
  if (summary.extra.some((text) => length(text) > MAX_TEXT))
    tell('wrong', 'too-long', `计划外工作每项不超过${MAX_TEXT}字，请精简`)
  const sections = [
    ['no-shortcomings', '不足', summary.shortcomings],
    ['no-problems', '遇到的问题', summary.problems],
    ['no-improvements', '更好的方法', summary.improvements],
  ] as const
  for (const [kind, name, text] of sections) {
    if (text.trim() === '') tell('hint', kind, name)
    if (length(text) > MAX_SECTION) tell('wrong', 'too-long', `“${name}”超过${MAX_SECTION}字，请精简`)
  }
}

const length = (text: string): number => [...text].length

/** 0 to `MAX_POINTS` with at most `MAX_POINT_DECIMALS` decimals. */
export function arePoints(points: number): boolean {
  if (!Number.isFinite(points) || points < 0 || points > MAX_POINTS) return false
  return 10n ** BigInt(MAX_POINT_DECIMALS) % exact(points).d === 0n
}

/** Whether it can be submitted as it is. */
export const isComplete = (problems: readonly ContentProblem[]): boolean =>
  problems.every((one) => one.level === 'hint')

/**
 * What is left, as a person would say it: “还差1项：下周计划”, and what blocks nothing but may cost points (domain.md §3): “还可补充
 * 2项（不填可能被扣分）：不足、更好的方法”. Undefined when nothing is missing. Things that are wrong rather than missing have whole
 * sentences of their own.
 */
export function describeMissing(problems: readonly ContentProblem[]): string | undefined {
  const missing = problems.filter((one) => one.level === 'missing').map((one) => one.text)
  const more = problems.filter((one) => one.level === 'hint' && one.kind !== 'no-points').map((one) => one.text)
  const said = [
    ...(missing.length > 0 ? [`还差${missing.length}项：${missing.join('、')}`] : []),
    ...(more.length > 0 ? [`还可补充${more.length}项（不填可能被扣分）：${more.join('、')}`] : []),
  ]
  return said.length === 0 ? undefined : said.join('；')
}

/** Σ planned points of a plan, exactly. */
export const plannedPoints = (plan: readonly PlanItem[]) => sum(plan.map((item) => exact(item.points)))

/**
 * One sending-in. `consent` only on a change after the deadline: `asked` and `refused` are kept as requests and do not count
 * (domain.md §11.9).
 */
export interface Submission {
  content: WeeklyContent
  at: Date
  consent?: 'asked' | 'given' | 'refused'
}

export interface WeekReport {
  week: Week
  /** All of them, by instant; earlier ones are kept. */
  submissions: Submission[]
  /** When the manager sent it back: the next submission replaces the standing one without further consent. */
  returnedAt?: Date
}

export interface Standing {
  submission: Submission
  /** Whether the first complete submission came after the deadline: −3 once, whatever follows (domain.md §11.2, §11.9). */
  late: boolean
}

/**
 * The submission that counts: the last one on time, or the first late one; after that only a change with consent. Judged
 * from the instants alone, so deliveries that arrive in another order give the same answer.
 */
export function standing(report: WeekReport | undefined, deadline: Date): Standing | undefined {
  const submissions = (report?.submissions ?? []).toSorted((a, b) => a.at.getTime() - b.at.getTime())
  const onTime = submissions.filter((one) => isOnTime(one.at, deadline))
  const first = onTime.at(-1) ?? submissions.find((one) => one.consent === undefined) ?? submissions[0]
  if (!first) return undefined
  const changed = submissions.filter((one) => one.consent === 'given' && one.at >= first.at).at(-1)
  return { submission: changed ?? first, late: onTime.length === 0 }
}

export type SubmitResult =
  | { kind: 'on-time' | 'late'; report: WeekReport }
  /** Kept as a request; nothing that counts has changed. */
  | { kind: 'needs-consent'; report: WeekReport }
  /** The same as what counts already, or delivered again. */
  | { kind: 'unchanged' }
  /** The month is settled: only a correction can change it now (domain.md §11.9). */
  | { kind: 'settled' }

/**
 * Takes in one submission (domain.md §3): until the deadline the last one counts; after it a first one is accepted as late and
 * a change needs the manager's consent, which a return by the manager already is.
 *
 * @param at the instant that counts, see `Incoming.at`
 */
export function submit(
  report: WeekReport | undefined,
  content: WeeklyContent,
  { week, at, deadline, settled = false }: { week: Week; at: Date; deadline: Date; settled?: boolean },
): SubmitResult {
  const before = standing(report, deadline)
  if (before && sameContent(before.submission.content, content)) return { kind: 'unchanged' }
  if (report?.submissions.some((one) => one.at.getTime() === at.getTime() && sameContent(one.content, content)))
    return { kind: 'unchanged' }
  if (settled) return { kind: 'settled' }
  const add = (submission: Submission, keepReturned: boolean): WeekReport => ({
    week,
    submissions: [...(report?.submissions ?? []), submission].toSorted((a, b) => a.at.getTime() - b.at.getTime()),
    ...(keepReturned && report?.returnedAt ? { returnedAt: report.returnedAt } : {}),
  })
  if (isOnTime(at, deadline)) {
    // Sent in time but processed after a late one: that one turns out to have been a change, and needs consent.
    const next = add({ content, at }, false)
    const demoted = next.submissions.map((one) =>
      isOnTime(one.at, deadline) || one.consent ? one : { ...one, consent: 'asked' as const },
    )
    return { kind: 'on-time', report: { ...next, submissions: demoted } }
  }
  if (!before) return { kind: 'late', report: add({ content, at }, false) }
  if (report?.returnedAt && report.returnedAt <= at)
    return { kind: before.late ? 'late' : 'on-time', report: add({ content, at, consent: 'given' }, false) }
  return { kind: 'needs-consent', report: add({ content, at, consent: 'asked' }, true) }
}

/** The manager's answer to a change asked for after the deadline. Undefined: no such open request. */
export function decideChange(report: WeekReport, at: Date, consent: 'given' | 'refused'): WeekReport | undefined {
  const asked = report.submissions.find((one) => one.at.getTime() === at.getTime() && one.consent === 'asked')
  if (!asked) return undefined
  return { ...report, submissions: report.submissions.map((one) => (one === asked ? { ...one, consent } : one)) }
}

/** Same content, whatever the order of keys and whether an absent part is written down. */
export function sameContent(a: WeeklyContent, b: WeeklyContent): boolean {
  return canonical(a) === canonical(b)
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  )

/**
 * The unfinished items of a plan, to begin the next one with (features.md T3). Everything not reported as done goes on,
 * with its points; a finish day that has passed by then is left for the person to set anew.
 *
 * @param from the week whose plan it was
 * @param to   the week that is being planned
 */
export function carryOver(
  items: readonly PlanItem[],
  outcomes: readonly (Outcome | null | undefined)[],
  { from, to }: { from: Week; to: Week },
): PlanItem[] {
  return items.flatMap((item, index) => {
    if (outcomes[index]?.outcome === 'done') return []
    const { due, ...rest } = item
    const carried: PlanItem = { ...rest, carriedFrom: item.carriedFrom ?? from }
    return [due !== undefined && due >= mondayOf(to) ? { ...carried, due } : carried]
  })
}

/** How many weeks an item has been on the plan before this one: 0 for a new one. */
export const ageInWeeks = (item: PlanItem, week: Week): number =>
  item.carriedFrom === undefined ? 0 : Math.max(0, weeksBetween(item.carriedFrom, week))

export type WeekStatus =
  | { kind: 'not-owed'; because: 'closed' | 'not-joined' | 'first-week' | 'left' | 'excused' }
  /** Nothing yet, and the deadline is ahead. */
  | { kind: 'owed' }
  /** A draft that is not confirmed is not submitted (domain.md §11.8). */
  | { kind: 'draft'; overdue: boolean }
  | { kind: 'submitted' | 'late' }
  | { kind: 'returned' }
  | { kind: 'scored'; late: boolean }
  /** The deadline has passed and there is nothing. */
  | { kind: 'missing' }

/**
 * Where one person stands with one week (domain.md §3, §11.5, §11.6, §11.8).
 *
 * The week that holds the day of joining is the first week: excused, though a plan for the next is welcome in it. A week
 * is left when the last day comes before the day of its deadline.
 */
export function weekStatus({
  week,
  due,
  now,
  joined,
  left,
  excused = false,
  report,
  hasDraft = false,
  scored = false,
}: {
  week: Week
  due: WeekDeadline | 'closed'
  now: Date
  /** First day of employment; absent when the roster does not say. */
  joined?: Day
  /** Last day of employment, still employed on it (domain.md §11.32). */
  left?: Day
  /** The manager excused it. */
  excused?: boolean
  report?: WeekReport
  hasDraft?: boolean
  scored?: boolean
}): WeekStatus {
  if (due === 'closed') return { kind: 'not-owed', because: 'closed' }
  if (joined !== undefined && joined > sundayOf(week)) return { kind: 'not-owed', because: 'not-joined' }
  if (left !== undefined && left < due.day) return { kind: 'not-owed', because: 'left' }
  if (joined !== undefined && weekOf(joined) === week) return { kind: 'not-owed', because: 'first-week' }
  if (excused) return { kind: 'not-owed', because: 'excused' }
  const counts = standing(report, due.deadline)
  if (scored) return { kind: 'scored', late: counts?.late ?? true }
  if (counts && report?.returnedAt && report.returnedAt >= counts.submission.at) return { kind: 'returned' }
  if (counts) return { kind: counts.late ? 'late' : 'submitted' }
  const overdue = !isOnTime(now, due.deadline)
  if (hasDraft) return { kind: 'draft', overdue }
  return { kind: overdue ? 'missing' : 'owed' }
}

/** Whether a reminder for the week may still reach the person: nothing that counts is in and it is owed. */
export const owesReport = ({ kind }: WeekStatus): boolean =>
  kind === 'owed' || kind === 'draft' || kind === 'missing' || kind === 'returned'

/**
 * The weeks a submission could be meant for, likeliest first (domain.md §11.14): the week before as long as that is
 * open, and the one `today` lies in. Two, and the person said 本周 or 下周: ask. None: the company is closed.
 *
 * @param isOpen whether a submission of the week before would be accepted and is still owed
 */
export function weeksMeant(today: Day, calendar: Calendar, isOpen: (week: Week) => boolean): Week[] {
  const current = weekOf(today)
  const before = calendar.previousOpenWeek(current)
  return [...(isOpen(before) ? [before] : []), ...(calendar.isClosedWeek(current) ? [] : [current])]
}

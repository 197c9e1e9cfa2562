import type { PlatformName } from '../platforms/port.ts'
import type { MonthInput } from '../store/month-inputs.ts'
import type { Person } from '../store/people.ts'
import type { ResultRow } from '../store/results.ts'
import type { TermCase } from '../store/terms.ts'
import type { WeekRow } from '../store/weeks.ts'

/**
 * Where the former key of a record that was joined to another stays, and why. Everything else is rewritten, collections that
 * are made later included: nothing has to be added here for them.
 */
export const KEEPS_FORMER_KEY: Record<string, string> = {
  people:
    'the emptied record itself, so that its id is never given to somebody else; it names the one it was joined to',
  audit: 'only ever added to: what was done under the former key was done under it',
  inbox: 'knows accounts, not people',
  'login-codes': 'knows hashes of codes',
  meta: 'facts of the installation',
  'contact-notes': 'what HR was told, by key',
  survey_draws: 'a draw is checked by repeating it; the next one knows who was joined',
  survey_ballots: 'ids are keyed hashes: `surveyBallots.join` moves what lies there',
  survey_keys: 'of rounds',
}

/** A row of any collection. */
export type Row = { _id: string; rev?: number; [field: string]: unknown }

/** What becomes of two rows that mean the same after the joining: the row to be kept, or both stay where they are. */
export type Met = { row: Row } | 'both-stay'

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** The same with one key in place of another, wherever it stands: in texts, in lists, in names of fields. */
export function replaceKey<T>(value: T, from: string, to: string): T {
  if (typeof value === 'string') return value.replaceAll(from, to) as T
  if (Array.isArray(value)) return value.map((one) => replaceKey(one, from, to)) as T
  if (!isPlain(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name.replaceAll(from, to), replaceKey(one, from, to)]),
  ) as T
}

const byTime = (a: { at: Date }, b: { at: Date }) => a.at.getTime() - b.at.getTime()
const defined = <T extends object>(row: T): T =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as T

/** One's own and what others add to it; what is there already, as after a crash, is not added again. */
function added<T>(own: T[], others: T[], key: (one: T) => string = (one) => JSON.stringify(one)): T[] {
  const has = new Set(own.map(key))
  return [...own, ...others.filter((one) => !has.has(key(one)))]
}

/** Both halves of one week: everything handed in, in order; what was decided on the kept record counts first. */
function sameWeek(kept: WeekRow, moved: WeekRow): WeekRow {
  const drafts = [kept.draft, moved.draft].flatMap((d) => d ?? []).sort(byTime)
  return defined({
    ...moved,
    ...kept,
    submissions: added(kept.submissions, moved.submissions).sort(byTime),
    pastScores: added(kept.pastScores, moved.pastScores).sort(byTime),
    notes: added(kept.notes, moved.notes).sort(byTime),
    draft: drafts.at(-1) as never,
  })
}

/** What each rater gave once; what the kept record has counts first. */
function sameMonthInput(kept: MonthInput, moved: MonthInput): MonthInput {
  return {
    ...moved,
    ...kept,
    ratings: added(kept.ratings, moved.ratings, (r) => r.by),
    kpi: added(kept.kpi, moved.kpi, (k) => k.name),
    adjustments: added(kept.adjustments, moved.adjustments, (a) => a.id),
  }
}

const RANK: Record<ResultRow['state'], number> = { draft: 0, confirmed: 1, published: 2 }

/** The one that is further on its way; a published one is never thrown away. */
function sameResult(kept: ResultRow, moved: ResultRow): Met {
  if (kept.state === 'published' && moved.state === 'published') return 'both-stay'
  return { row: (RANK[moved.state] > RANK[kept.state] ? moved : kept) as never }
}

const sameTerm = (kept: TermCase, moved: TermCase): TermCase =>
  kept.answeredBy || !moved.answeredBy ? kept : { ...moved, later: { ...moved.later, ...kept.later } }

const keptStays = (kept: Row): Met => ({ row: kept })

/** Collections in which two rows can mean the same after a joining. Others: both stay, and HR is told. */
export const MEETINGS: Record<string, (kept: never, moved: never) => Met> = {
  weeks: (kept: WeekRow, moved: WeekRow) => ({ row: sameWeek(kept, moved) as never }),
  month_inputs: (kept: MonthInput, moved: MonthInput) => ({ row: sameMonthInput(kept, moved) as never }),
  results: sameResult as never,
  terms: (kept: TermCase, moved: TermCase) => ({ row: sameTerm(kept, moved) as never }),
  positions: keptStays,
  talks: keptStays,
  survey_asks: keptStays,
  // The same was owed to both: whoever was told already is not told again.
  outbox: (kept: Row, moved: Row) => ({ row: kept.state === 'pending' && moved.state === 'sent' ? moved : kept }),
}

/** In words for HR: which month or week both had. */
export function bothHad(collection: string, row: Row): string {
  const names: Record<string, string> = {
    results: '月度结果',
    appeals: '申诉',
    interviews: '绩效面谈',
    survey_named: '实名调查的答案',
  }
  return `${row.month ?? row.week ?? row.period ?? ''}${names[collection] ?? '记录'}`
}

/** The record that stays, with what only the other one knew. */
export function joinedPerson(keep: Person, drop: Person, account: { platform: PlatformName; userId: string }): Person {
  const { leftOn: _, leftBy: __, ...rest } = keep
  const jobNumber = keep.jobNumber ?? drop.jobNumber
  const managerId = keep.managerId ?? (drop.managerId === keep._id ? undefined : drop.managerId)
  const earliest = [keep.joinedOn, drop.joinedOn].filter((d) => d !== undefined).sort()[0]
  return {
    ...rest,
    position: keep.position || drop.position,
    departments: keep.departments.length > 0 ? keep.departments : drop.departments,
    roles: [...new Set([...keep.roles, ...drop.roles])],
    nicknames: [...new Set([...keep.nicknames, ...drop.nicknames])],
    active: true,
    ...(jobNumber && { jobNumber }),
    ...(managerId && { managerId }),
    ...((keep.stint ?? 1) === 1 && earliest && { joinedOn: earliest }),
    ...(!keep.wecom && drop.wecom && { wecom: drop.wecom }),
    ...(!keep.dingtalk && drop.dingtalk && { dingtalk: drop.dingtalk }),
    // The account that was asked about is theirs, whatever they had on that platform before.
    [account.platform]: account.userId,
  }
}

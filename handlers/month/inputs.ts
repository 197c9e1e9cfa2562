import { schemeFor } from '../../src/company.ts'
import type { Act, Ctx } from '../../src/context.ts'
import { compare, exact } from '../../src/domain/decimal.ts'
import { monthDates } from '../../src/domain/month-dates.ts'
import type { ChecklistScheme, KpiScheme, RatersScheme } from '../../src/domain/schemes.ts'
import { type Day, dayOf, type Month, mondayOf, monthOf, previousMonth } from '../../src/domain/time.ts'
import { type MonthInput, monthRowId } from '../../src/store/month-inputs.ts'
import type { Person } from '../../src/store/people.ts'
import { findByRef, judges, mayJudge } from '../rights.ts'
import { push } from './behaviour.ts'
import { closedState } from './closed.ts'
import { type MonthFrame, monthFrame, ratersOf, worksIn } from './facts.ts'

/**
 * The month that somebody gives scores for: the last one until its publishing day, and after it for as long as they owe it
 * something and it is not published; otherwise the running one. None before the bot was there.
 */
export async function openMonth(ctx: Ctx, by: Person, at: Date): Promise<Month> {
  const { weeks, month: settings, timeZone } = ctx.company()
  const today = dayOf(at, timeZone)
  const running = monthOf(today)
  const before = previousMonth(running)
  if (before < firstMonth(ctx) || (await ctx.months.get(before)).state === 'published') return running
  if (today <= monthDates(before, weeks, settings, timeZone).publish.day) return before
  return (await tasksOf(ctx, by, before, at)).some((t) => !t.done) ? before : running
}

export const firstMonth = (ctx: Ctx): Month => monthOf(mondayOf(ctx.firstWeek))

/** So far back a month that was never published is chased. */
const MONTHS_BACK = 12

/** Months that are over on a day and whose result is not out, the oldest first. */
export async function unpublishedMonths(ctx: Ctx, today: Day): Promise<Month[]> {
  const months: Month[] = []
  for (let m = previousMonth(monthOf(today)); m >= firstMonth(ctx) && months.length < MONTHS_BACK; m = previousMonth(m))
    months.unshift(m)
  const published = await ctx.months.publishedAmong(months)
  return months.filter((m) => !published.has(m))
}

/** Something that somebody has to give about a person for a month. */
export type Task = { person: Person; done: boolean } & (
  | { kind: 'checklist'; scheme: ChecklistScheme }
  | { kind: 'rating' }
  | { kind: 'kpi'; scheme: KpiScheme; open: string[] }
)

/** Who scores a checklist: the superior, or whom the scheme names. */
async function scoresChecklist(ctx: Ctx, by: Person, person: Person, scheme: ChecklistScheme): Promise<boolean> {
  if (by._id === person._id) return false
  if (scheme.scoredBy === 'manager') return mayJudge(ctx, by, person)
  const people = await ctx.people.active()
  return findByRef(people, scheme.scoredBy)?._id === by._id
}

/** Whether somebody is asked to rate a person (domain.md §11.15: a right of its own). */
function rates(
  frame: MonthFrame,
  by: Person,
  person: Person,
  scheme: RatersScheme,
  judgeId: string | undefined,
): boolean {
  return ratersOf(scheme, person, frame.refs, judgeId).some((g) => g.share > 0 && g.raters.some((r) => r.id === by._id))
}

/** What somebody is asked for in a month, done and open; only own people, and those they are named for. */
export async function tasksOf(ctx: Ctx, by: Person, month: Month, now: Date): Promise<Task[]> {
  const company = ctx.company()
  const kinds = new Set(['checklist', 'raters', 'kpi'])
  if (!Object.values(company.schemes).some((s) => kinds.has(s.kind))) return []
  const frame = await monthFrame(ctx, month, now)
  const judgeOf = await judges(ctx)
  const people = (await inSchemes(ctx, kinds)).filter((p) => p._id !== by._id && worksIn(p, month))
  const asked: { person: Person; task: Omit<Task, 'done'> }[] = []
  for (const person of people) {
    const scheme = schemeFor(company, person.position)?.scheme
    const judgeId = judgeOf(person)
    if (scheme?.kind === 'checklist') {
      const mine = scheme.scoredBy === 'manager' ? judgeId === by._id : await scoresChecklist(ctx, by, person, scheme)
      if (mine) asked.push({ person, task: { kind: 'checklist', person, scheme } as Omit<Task, 'done'> })
    } else if (scheme?.kind === 'raters' && rates(frame, by, person, scheme, judgeId))
      asked.push({ person, task: { kind: 'rating', person } as Omit<Task, 'done'> })
    else if (scheme?.kind === 'kpi' && (judgeId === by._id || by.roles.includes('hr')))
      asked.push({ person, task: { kind: 'kpi', person, scheme, open: [] } as Omit<Task, 'done'> })
  }
  const inputs = await ctx.monthInputs.many(
    month,
    asked.map((a) => a.person._id),
  )
  return asked.map(({ person, task }) => finish(task as Task, inputs.get(person._id), by))
}

/** People whose position has a scheme of these kinds; the whole company only where `*` has one. */
async function inSchemes(ctx: Ctx, kinds: ReadonlySet<string>): Promise<Person[]> {
  const { positions, schemes } = ctx.company()
  const has = (scheme: string) => kinds.has(schemes[scheme]?.kind ?? 'none')
  if (positions['*'] !== undefined && has(positions['*'])) return ctx.people.all()
  const names = Object.entries(positions).flatMap(([position, scheme]) => (has(scheme) ? [position] : []))
  return ctx.people.model
    .find({ position: { $in: names } })
    .sort({ _id: 1 })
    .lean<Person[]>()
}

function finish(task: Task, input: MonthInput | undefined, by: Person): Task {
  switch (task.kind) {
    case 'checklist': {
      const given = input?.checklist?.items ?? []
      const done = task.scheme.items.every((i) => given.some((g) => g.name === i.name && g.points === i.points))
      return { ...task, done }
    }
    case 'rating':
      return { ...task, done: input?.ratings.some((r) => r.by === by._id) ?? false }
    case 'kpi': {
      const open = task.scheme.indicators.filter((i) => !input?.kpi.some((k) => k.name === i.kpi)).map((i) => i.kpi)
      return { ...task, open, done: open.length === 0 }
    }
  }
}

/** Reminds people who owe a checklist, ratings or indicators of a month. @param when once for the same, e.g. a day */
export async function remindInputs(ctx: Ctx, month: Month, when: string, cause: string): Promise<void> {
  const { schemes } = ctx.company()
  const kinds = new Set(Object.values(schemes).map((s) => s.kind))
  if (!kinds.has('checklist') && !kinds.has('raters') && !kinds.has('kpi')) return
  const people = await ctx.people.active()
  const asked = new Set(people.filter((p) => p.roles.includes('hr')).map((p) => p._id))
  const byRef = new Map(
    people.flatMap((p) => [[p.name, p._id], ...(p.jobNumber ? [[p.jobNumber, p._id]] : [])] as [string, string][]),
  )
  const add = (id: string | undefined) => id && asked.add(id)
  // Who leads somebody of such a scheme; what they really owe is asked when the message is sent.
  for (const person of people) {
    const kind = schemeFor(ctx.company(), person.position)?.scheme.kind
    if (kind === 'checklist' || kind === 'kpi' || kind === 'raters') add(person.managerId)
  }
  for (const scheme of Object.values(schemes)) {
    if (scheme.kind === 'checklist') add(byRef.get(scheme.scoredBy))
    if (scheme.kind !== 'raters') continue
    for (const { projectManagers = {}, peers = [] } of Object.values(scheme.people))
      for (const ref of [...Object.keys(projectManagers), ...peers]) add(byRef.get(ref))
  }
  await ctx.outbox.add(
    [...asked].map((id) => push(`input-reminder/${month}/${when}/${id}`, id, 'input-reminder', { month }, cause)),
  )
}

export type GiveOutcome =
  | { kind: 'given' }
  | { kind: 'not-allowed' | 'not-for-scheme' | 'bad-number' | 'wrong-count' }
  | { kind: 'above'; item: string; most: number }
  | { kind: 'closed'; state: 'confirmed' | 'published' }

const NUMBER = /^\d{1,9}(\.\d{1,4})?$/

async function give(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  month: Month,
  what: string,
  detail: Record<string, unknown>,
  change: (input: MonthInput) => MonthInput,
): Promise<GiveOutcome> {
  const id = monthRowId(person._id, month)
  const repeated = (await ctx.monthInputs.get(id))?.applied.some((a) => a.event === act.id)
  const closed = repeated ? undefined : await closedState(ctx, person._id, month)
  if (closed) return { kind: 'closed', state: closed }
  await ctx.monthInputs.change(id, act.id, (input) => ({ row: change(input), outcome: null }))
  await ctx.audit.add({ _id: `${act.id}/${what}`, at: act.at, by: by._id, what, to: `month-input/${id}`, detail })
  return { kind: 'given' }
}

/** The checklist of a month, item by item in the scheme's order (篇三). @param got 0…points each, as text */
export async function giveChecklist(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  month: Month,
  got: string[],
): Promise<GiveOutcome> {
  const scheme = schemeFor(ctx.company(), person.position)?.scheme
  if (scheme?.kind !== 'checklist') return { kind: 'not-for-scheme' }
  if (!(await scoresChecklist(ctx, by, person, scheme))) return { kind: 'not-allowed' }
  if (got.length !== scheme.items.length) return { kind: 'wrong-count' }
  for (const [i, item] of scheme.items.entries()) {
    if (!NUMBER.test(got[i]!)) return { kind: 'bad-number' }
    if (compare(exact(got[i]!), exact(item.points)) > 0) return { kind: 'above', item: item.name, most: item.points }
  }
  const items = scheme.items.map(({ name, points }, i) => ({ name, points, got: got[i]! }))
  return give(ctx, act, by, person, month, 'checklist-given', { got }, (input) => ({
    ...input,
    checklist: { items, by: by._id, at: act.at },
  }))
}

/** One rater's score of a person, 0…100; the last one counts while the month is open. */
export async function giveRating(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  month: Month,
  score: string,
): Promise<GiveOutcome> {
  const scheme = schemeFor(ctx.company(), person.position)?.scheme
  if (scheme?.kind !== 'raters') return { kind: 'not-for-scheme' }
  const frame = await monthFrame(ctx, month, act.at)
  const judgeId = (await judges(ctx))(person)
  if (by._id === person._id || !rates(frame, by, person, scheme, judgeId)) return { kind: 'not-allowed' }
  if (!NUMBER.test(score)) return { kind: 'bad-number' }
  if (compare(exact(score), exact(100)) > 0) return { kind: 'above', item: '评价', most: 100 }
  // What a peer gave stays out of the audit's detail: it is read by others.
  return give(ctx, act, by, person, month, 'rating-given', {}, (input) => ({
    ...input,
    ratings: [...input.ratings.filter((r) => r.by !== by._id), { by: by._id, at: act.at, score }],
  }))
}

/** The actual value of an indicator, by the superior or HR. */
export async function giveKpi(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  month: Month,
  name: string,
  actual: string,
): Promise<GiveOutcome> {
  const scheme = schemeFor(ctx.company(), person.position)?.scheme
  if (scheme?.kind !== 'kpi' || !scheme.indicators.some((i) => i.kpi === name)) return { kind: 'not-for-scheme' }
  if (by._id === person._id || !(by.roles.includes('hr') || (await mayJudge(ctx, by, person))))
    return { kind: 'not-allowed' }
  if (!NUMBER.test(actual)) return { kind: 'bad-number' }
  return give(ctx, act, by, person, month, 'kpi-given', { name, actual }, (input) => ({
    ...input,
    kpi: [...input.kpi.filter((k) => k.name !== name), { by: by._id, at: act.at, name, actual }],
  }))
}

/**
 * What goal management found about somebody's month, by HR: a reference beside the result (篇一), also after publication, since it
 * changes no figure. An empty text takes it away.
 */
export async function noteGoals(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  month: Month,
  text: string,
): Promise<{ kind: 'noted' | 'not-allowed' }> {
  if (!by.roles.includes('hr') || by._id === person._id) return { kind: 'not-allowed' }
  const id = monthRowId(person._id, month)
  const said = text.trim().slice(0, 500)
  await ctx.monthInputs.change(id, act.id, ({ goals: _, ...input }) => ({
    row: { ...input, ...(said && { goals: { by: by._id, at: act.at, text: said } }) },
    outcome: null,
  }))
  await ctx.audit.add({
    _id: `${act.id}/goals-noted`,
    at: act.at,
    by: by._id,
    what: 'goals-noted',
    to: `month-input/${id}`,
  })
  return { kind: 'noted' }
}

/** HR closes a rating although somebody never gave theirs; the result says so (domain.md §11.22). */
export async function closeRating(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  month: Month,
  reason: string,
): Promise<GiveOutcome> {
  if (!by.roles.includes('hr') || by._id === person._id) return { kind: 'not-allowed' }
  if (schemeFor(ctx.company(), person.position)?.scheme.kind !== 'raters') return { kind: 'not-for-scheme' }
  return give(ctx, act, by, person, month, 'rating-closed', { reason }, (input) => ({
    ...input,
    ratingClosed: { by: by._id, at: act.at, reason: reason.slice(0, 300) },
  }))
}

import type { Company } from '../../src/company.ts'
import type { Act, Ctx } from '../../src/context.ts'
import { compare, exact } from '../../src/domain/decimal.ts'
import { monthDates } from '../../src/domain/month-dates.ts'
import type { ChecklistScheme, RatersScheme, Scheme } from '../../src/domain/schemes.ts'
import { type Day, dayOf, type Month, mondayOf, monthOf, previousMonth } from '../../src/domain/time.ts'
import { type MonthInput, monthRowId } from '../../src/store/month-inputs.ts'
import type { Person } from '../../src/store/people.ts'
import type { PositionHistory } from '../../src/store/positions.ts'
import { findByRef, judges, mayJudge } from '../rights.ts'
import { push } from './behaviour.ts'
import { closedState } from './closed.ts'
import { type MonthFrame, monthFrame, partsOf, ratersOf, superiorIn, worksIn } from './facts.ts'

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
export type Task = {
  person: Person
  done: boolean
} /** `name`: of the scheme; in a month with two positions there can be two. */ & (
  | { kind: 'checklist'; name: string; scheme: ChecklistScheme }
  | { kind: 'rating' }
  | { kind: 'kpi'; indicators: string[]; open: string[] }
)

type Rules<K extends Scheme['kind']> = { name: string; scheme: Extract<Scheme, { kind: K }> }

/** The schemes of one kind that somebody's month is settled by, those of every position held in it (domain.md §11.21). */
function rulesOf<K extends Scheme['kind']>(
  kind: K,
  company: Company,
  person: Person,
  month: Month,
  history: PositionHistory['history'] | undefined,
): Rules<K>[] {
  const found = partsOf(company, person, month, history).flatMap(({ rules }) => rules ?? [])
  return found.filter(
    (r, i) => r.scheme.kind === kind && found.findIndex((one) => one.name === r.name) === i,
  ) as Rules<K>[]
}

/** The same, for one person. */
async function rulesFor<K extends Scheme['kind']>(
  ctx: Ctx,
  kind: K,
  person: Person,
  month: Month,
): Promise<Rules<K>[]> {
  const history = (await ctx.positions.many([person._id])).get(person._id)
  return rulesOf(kind, ctx.company(), person, month, history)
}

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

/** Kinds of schemes for which people give something once a month. */
const GIVEN: ReadonlySet<string> = new Set(['checklist', 'raters', 'kpi'])

/** What somebody is asked for in a month, done and open; only own people, and those they are named for. */
export async function tasksOf(ctx: Ctx, by: Person, month: Month, now: Date): Promise<Task[]> {
  const company = ctx.company()
  const people = (await peopleToGive(ctx, month)).filter((p) => p._id !== by._id)
  if (people.length === 0) return []
  const ids = people.map((p) => p._id)
  const [frame, judgeOf, histories, inputs] = await Promise.all([
    monthFrame(ctx, month, now),
    judges(ctx),
    ctx.positions.many(ids),
    ctx.monthInputs.many(month, ids),
  ])
  const tasks: Task[] = []
  const today = dayOf(now, company.timeZone)
  for (const person of people) {
    const judgeId = judgeOf(person)
    const input = inputs.get(person._id)
    const history = histories.get(person._id)
    const of = <K extends Scheme['kind']>(kind: K) => rulesOf(kind, company, person, month, history)
    const rater = superiorIn(judgeOf, person, month, history, today)
    for (const { name, scheme } of of('checklist')) {
      const mine = scheme.scoredBy === 'manager' ? judgeId === by._id : await scoresChecklist(ctx, by, person, scheme)
      const given = input?.checklist?.items ?? []
      const done = scheme.items.every((i) => given.some((g) => g.name === i.name && g.points === i.points))
      if (mine) tasks.push({ kind: 'checklist', person, name, scheme, done })
    }
    if (of('raters').some(({ scheme }) => rates(frame, by, person, scheme, rater)))
      tasks.push({ kind: 'rating', person, done: input?.ratings.some((r) => r.by === by._id) ?? false })
    const indicators = [...new Set(of('kpi').flatMap(({ scheme }) => scheme.indicators.map((i) => i.kpi)))]
    if (indicators.length > 0 && (judgeId === by._id || by.roles.includes('hr'))) {
      const open = indicators.filter((i) => !input?.kpi.some((k) => k.name === i))
      tasks.push({ kind: 'kpi', person, indicators, open, done: open.length === 0 })
    }
  }
  return tasks
}

/** Who may need something given for a month: in a position of such a scheme, now or at some time; the whole company only where `*` has one. */
async function peopleToGive(ctx: Ctx, month: Month): Promise<Person[]> {
  const { positions, schemes } = ctx.company()
  const names = Object.entries(positions).flatMap(([position, scheme]) =>
    GIVEN.has(schemes[scheme]?.kind ?? 'none') ? [position] : [],
  )
  if (names.length === 0) return []
  const people = names.includes('*')
    ? await ctx.people.all()
    : await ctx.people.model
        .find({ $or: [{ position: { $in: names } }, { _id: { $in: await ctx.positions.heldBy(names) } }] })
        .sort({ _id: 1 })
        .lean<Person[]>()
  return people.filter((p) => worksIn(p, month))
}

/** Reminds people who owe a checklist, ratings or indicators of a month. @param when once for the same, e.g. a day */
export async function remindInputs(ctx: Ctx, month: Month, when: string, cause: string): Promise<void> {
  const { schemes } = ctx.company()
  if (!Object.values(schemes).some((s) => GIVEN.has(s.kind))) return
  const people = await ctx.people.active()
  const asked = new Set(people.filter((p) => p.roles.includes('hr')).map((p) => p._id))
  const byRef = new Map(
    people.flatMap((p) => [[p.name, p._id], ...(p.jobNumber ? [[p.jobNumber, p._id]] : [])] as [string, string][]),
  )
  const add = (id: string | undefined) => id && asked.add(id)
  // Who leads somebody of such a scheme; what they really owe is asked when the message is sent.
  const judgeOf = await judges(ctx)
  for (const person of await peopleToGive(ctx, month)) add(judgeOf(person))
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

/**
 * The checklist of a month, item by item in the scheme's order (篇三).
 *
 * @param got 0…points each, as text
 * @param name of the scheme, where the month has two checklists; the first one when left out
 */
export async function giveChecklist(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  month: Month,
  got: string[],
  name?: string,
): Promise<GiveOutcome> {
  const all = await rulesFor(ctx, 'checklist', person, month)
  const scheme = all.find((r) => name === undefined || r.name === name)?.scheme
  if (!scheme) return { kind: 'not-for-scheme' }
  if (!(await scoresChecklist(ctx, by, person, scheme))) return { kind: 'not-allowed' }
  if (got.length !== scheme.items.length) return { kind: 'wrong-count' }
  for (const [i, item] of scheme.items.entries()) {
    if (!NUMBER.test(got[i]!)) return { kind: 'bad-number' }
    if (compare(exact(got[i]!), exact(item.points)) > 0) return { kind: 'above', item: item.name, most: item.points }
  }
  const items = scheme.items.map(({ name, points }, i) => ({ name, points, got: got[i]! }))
  type Item = { name: string; points: number }
  const isIn = (list: readonly Item[], one: Item) => list.some((i) => i.name === one.name && i.points === one.points)
  // Of the month's other checklist everything stays.
  const others = all.flatMap((r) => (r.scheme === scheme ? [] : r.scheme.items))
  return give(ctx, act, by, person, month, 'checklist-given', { got }, (input) => {
    const kept = (input.checklist?.items ?? []).filter((i) => isIn(others, i) && !isIn(items, i))
    return { ...input, checklist: { items: [...items, ...kept], by: by._id, at: act.at } }
  })
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
  const rules = await rulesFor(ctx, 'raters', person, month)
  if (rules.length === 0) return { kind: 'not-for-scheme' }
  const frame = await monthFrame(ctx, month, act.at)
  const history = (await ctx.positions.many([person._id])).get(person._id)
  const judgeId = superiorIn(await judges(ctx), person, month, history, dayOf(act.at, ctx.company().timeZone))
  if (by._id === person._id || !rules.some(({ scheme }) => rates(frame, by, person, scheme, judgeId)))
    return { kind: 'not-allowed' }
  if (!NUMBER.test(score)) return { kind: 'bad-number' }
  if (compare(exact(score), exact(100)) > 0) return { kind: 'above', item: '评价', most: 100 }
  // What a peer gave stays out of the audit's detail: it is read by others.
  return give(ctx, act, by, person, month, 'rating-given', {}, (input) => ({
    ...input,
    ratings: [
      ...input.ratings.filter((r) => r.by !== by._id),
      { by: by._id, at: act.at, score, ...(by._id === judgeId && { as: 'manager' as const }) },
    ],
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
  const rules = await rulesFor(ctx, 'kpi', person, month)
  if (!rules.some(({ scheme }) => scheme.indicators.some((i) => i.kpi === name))) return { kind: 'not-for-scheme' }
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
  if ((await rulesFor(ctx, 'raters', person, month)).length === 0) return { kind: 'not-for-scheme' }
  return give(ctx, act, by, person, month, 'rating-closed', { reason }, (input) => ({
    ...input,
    ratingClosed: { by: by._id, at: act.at, reason: reason.slice(0, 300) },
  }))
}

import type { Act, Ctx } from '../../src/context.ts'
import { type Colleague, supporterFinder } from '../../src/domain/support.ts'
import type { Day, Week } from '../../src/domain/time.ts'
import type { PlanItem } from '../../src/domain/weekly-report.ts'
import type { Person } from '../../src/store/people.ts'
import { type SupportRequest, weekRowId } from '../../src/store/weeks.ts'
import { closeCards } from '../close-cards.ts'
import { viewWeek, type WeekView } from './week.ts'

/** Cards about one request: they close together. */
export const supportSubject = (personId: string, week: Week, n: number): string =>
  `support/${weekRowId(personId, week)}/${n}`

export const colleague = (p: Person): Colleague => ({
  ...{ id: p._id, name: p.name, departments: p.departments },
  aliases: [...p.nicknames, ...(p.address ? [p.address] : [])],
  ...(p.managerId && { managerId: p.managerId }),
})

/** Whom each item of a plan asks for support; empty where it asks nobody who is known. */
export type FindInPlan = (items: readonly PlanItem[], asker: Person) => string[][]

export function supportersAmong(people: readonly Person[]): FindInPlan {
  const find = supporterFinder(people.map(colleague))
  return (items, asker) => items.map((item) => find(item.support?.who, colleague(asker)))
}

/** What the plan asks for and the row has not asked yet. */
function unasked(view: WeekView, find: FindInPlan): Pick<SupportRequest, 'to' | 'who' | 'what' | 'item'>[] {
  const keyOf = (to: string, who: string, what: string) => JSON.stringify([to, who, what])
  const asked = new Set((view.row.supports ?? []).map((s) => keyOf(s.to, s.who, s.what)))
  const found: Pick<SupportRequest, 'to' | 'who' | 'what' | 'item'>[] = []
  find(view.planned, view.person).forEach((ids, i) => {
    const { text: item, support } = view.planned[i]!
    for (const to of ids) {
      const { who = '', what } = support!
      const key = keyOf(to, who, what)
      if (asked.has(key)) continue
      asked.add(key)
      found.push({ to, who, what, item })
    }
  })
  return found
}

/** Whether it is this request that an item makes: of the same person, for the same. */
export const asks = ({ support }: PlanItem, { who, what }: SupportRequest): boolean =>
  support?.what === what && support.who === who

/** Whether the plan still asks for it: it may have been changed since. */
export const isStillWanted = (view: WeekView, request: SupportRequest): boolean =>
  view.status.kind !== 'not-owed' && view.planned.some((item) => asks(item, request))

/** Notes in the week what its plan asks of others (features.md B6). @returns all that the row has asked for */
export async function askSupports(
  ctx: Ctx,
  view: WeekView,
  find: FindInPlan,
  day: Day,
  event: string,
): Promise<SupportRequest[]> {
  const found = unasked(view, find)
  if (found.length === 0) return view.row.supports ?? []
  return ctx.weeks.change(view.person._id, view.week, event, (row) => {
    const supports = [...(row.supports ?? []), ...found.map((one) => ({ ...one, askedOn: day }))]
    return { row: { ...row, supports }, outcome: supports }
  })
}

export type SupportOutcome =
  | { kind: 'answered' | 'already'; request: SupportRequest }
  /** The plan does not ask for it any more. */
  | { kind: 'gone' }
  | { kind: 'not-allowed' }

/**
 * 可以支持 or 有困难, by the one who was asked; the asker is told. The first answer counts.
 * @param pressed the card that shows the answer itself
 */
export async function answerSupport(
  ctx: Ctx,
  act: Act,
  by: Person,
  asker: Person,
  week: Week,
  n: number,
  answer: 'agreed' | 'declined',
  pressed: string,
): Promise<SupportOutcome> {
  const view = await viewWeek(ctx, asker, week, act.at)
  const outcome = await ctx.weeks.change<SupportOutcome>(asker._id, week, act.id, (row) => {
    const request = row.supports?.[n]
    if (!request) return { outcome: { kind: 'gone' } }
    if (request.to !== by._id) return { outcome: { kind: 'not-allowed' } }
    if (request.answer) return { outcome: { kind: 'already', request } }
    if (!isStillWanted(view, request)) return { outcome: { kind: 'gone' } }
    const answered = { ...request, answer, answeredAt: act.at }
    return {
      row: { ...row, supports: row.supports!.with(n, answered) },
      outcome: { kind: 'answered', request: answered },
    }
  })
  if (outcome.kind !== 'answered') return outcome
  await tellAsker(ctx, act, asker, week, n)
  const face = { title: `${asker.name}需要您的支持`, closed: '已回复' }
  await closeCards(ctx, act.id, supportSubject(asker._id, week, n), face, (card) => card._id !== pressed)
  return outcome
}

/** A word to the answer, which the asker gets with it. */
export async function addSupportWords(
  ctx: Ctx,
  act: Act,
  by: Person,
  asker: Person,
  week: Week,
  n: number,
  words: string,
): Promise<{ kind: 'sent' | 'not-allowed' }> {
  const outcome = await ctx.weeks.change<{ kind: 'sent' | 'not-allowed' }>(asker._id, week, act.id, (row) => {
    const request = row.supports?.[n]
    if (request?.to !== by._id) return { outcome: { kind: 'not-allowed' } }
    return { row: { ...row, supports: row.supports!.with(n, { ...request, words }) }, outcome: { kind: 'sent' } }
  })
  if (outcome.kind === 'sent') await tellAsker(ctx, act, asker, week, n)
  return outcome
}

async function tellAsker(ctx: Ctx, act: Act, asker: Person, week: Week, n: number): Promise<void> {
  await ctx.outbox.add([
    {
      key: `${act.id}/support-answered`,
      to: asker._id,
      mode: 'answer',
      cause: act.id,
      content: { kind: 'notice', name: 'support-answered', args: { week, n } },
    },
  ])
}

/** What is asked of somebody in these weeks and waits for their answer. */
export async function openSupports(ctx: Ctx, person: Person, weeks: Week[], at: Date) {
  const rows = await ctx.weeks.askingFor(weeks, person._id)
  const open: { asker: Person; week: Week; n: number; request: SupportRequest }[] = []
  for (const row of rows) {
    const asker = await ctx.people.get(row.personId)
    if (!asker?.active) continue
    const view = await viewWeek(ctx, asker, row.week, at)
    for (const [n, request] of (view.row.supports ?? []).entries())
      if (request.to === person._id && !request.answer && isStillWanted(view, request))
        open.push({ asker, week: row.week, n, request })
  }
  return open
}

const ANSWERS = { agreed: '可以支持', declined: '有困难' } as const

/** 王强：可以支持（周三前给到）; by item of the plan, undefined where nobody was asked. */
export async function supportStates(ctx: Ctx, view: WeekView): Promise<(string | undefined)[]> {
  const { supports = [] } = view.row
  if (supports.length === 0) return view.planned.map(() => undefined)
  const people = await ctx.people.many([...new Set(supports.map((s) => s.to))])
  const nameOf = (id: string) => people.find((p) => p._id === id)?.name ?? '已离职同事'
  return view.planned.map((item) => {
    const asked = supports.filter((s) => asks(item, s))
    if (asked.length === 0) return undefined
    return asked
      .map((s) => `${nameOf(s.to)}：${s.answer ? ANSWERS[s.answer] : '未回复'}${s.words ? `（${s.words}）` : ''}`)
      .join('；')
  })
}

import type { Act, Ctx } from '../../src/context.ts'
import { type Term, termStage } from '../../src/domain/moments.ts'
import { type Day, daysBetween, instantAt } from '../../src/domain/time.ts'
import type { Add } from '../../src/outbox/outbox.ts'
import type { Person } from '../../src/store/people.ts'
import type { Personal } from '../../src/store/personal.ts'
import { type TermCase, termId } from '../../src/store/terms.ts'
import { judgeOf } from '../rights.ts'
import { knownPeople, today } from './people.ts'

export const TERMS: readonly Term[] = ['probation', 'contract']
/** An end that was entered when it was already past is told about for so many days: later it is history. */
const PAST_DAYS: Record<Term, number> = { probation: 7, contract: 30 }
const NOT_BEFORE = '09:30'

export const endOf = (personal: Personal, term: Term): Day | undefined =>
  (term === 'probation' ? personal.probationEndsOn : personal.contractEndsOn)?.value

/** Manager and HR, without the person themselves. */
async function concerned(ctx: Ctx, person: Person, hr: Person[]): Promise<Person[]> {
  const manager = await judgeOf(ctx, person)
  const all = [...(manager ? [manager] : []), ...hr].filter((p) => p._id !== person._id)
  return all.filter((p, i) => all.findIndex((o) => o._id === p._id) === i)
}

/**
 * Tells manager and HR what probations and contracts end, at the stage that has come, until somebody has answered. Run at any
 * time: what was entered late goes out at once, what was told is not told again.
 */
export async function tellTerms(ctx: Ctx, cause: string): Promise<void> {
  const { weeks: calendar, timeZone } = ctx.company()
  const now = ctx.clock.now()
  const day = today(ctx, now)
  const hr = await ctx.people.withRole('hr')
  const rows: Add[] = []
  const notBefore = new Date(Math.max(now.getTime(), instantAt(day, NOT_BEFORE, timeZone).getTime()))
  const due = (await knownPeople(ctx)).flatMap(({ person, personal }) =>
    TERMS.flatMap((term) => {
      const endsOn = endOf(personal, term)
      if (endsOn === undefined || (person.leftOn !== undefined && person.leftOn <= endsOn)) return []
      const stage = termStage(term, endsOn, day, calendar)
      return stage === undefined ? [] : [{ person, term, endsOn, stage, id: termId(term, person._id, endsOn) }]
    }),
  )
  const cases = new Map((await ctx.terms.many(due.map((d) => d.id))).map((c) => [c._id, c]))
  for (const { person, term, endsOn, stage, id } of due) {
    const known = cases.get(id)
    if (known?.answeredBy || (!known && daysBetween(endsOn, day) > PAST_DAYS[term])) continue
    if (!known) await ctx.terms.open(term, person._id, endsOn, now)
    for (const to of await concerned(ctx, person, hr)) {
      const until = known?.later[to._id]
      if (until !== undefined && until > day) continue
      // Put off, and due again on the day that was named, whatever the stage.
      const again = until === undefined ? '' : `/later-${until}`
      rows.push({
        key: `term/${id}/${stage}${again}/${to._id}`,
        to: to._id,
        mode: 'push',
        cause,
        notBefore,
        content: { kind: 'notice', name: 'term', args: { id } },
      })
    }
  }
  await ctx.outbox.add(rows)
}

export interface TermView {
  found: TermCase
  person: Person
  today: Day
}

/** A case that still waits for an answer; undefined when it is answered, the date has changed, or the person has left. */
export async function openTerm(ctx: Ctx, id: string): Promise<TermView | undefined> {
  const found = await ctx.terms.get(id)
  if (!found || found.answeredBy) return undefined
  const person = await ctx.people.get(found.personId)
  if (!person?.active) return undefined
  const now = endOf(await ctx.personal.get(person._id), found.term)
  return now === found.endsOn ? { found, person, today: today(ctx) } : undefined
}

export type AnswerTerm =
  | { kind: 'answered' | 'put-off'; person: Person; term: Term; until?: Day }
  | { kind: 'already'; person: Person; term: Term; by: string }
  | { kind: 'gone' | 'not-allowed' }

/** 已处理 or 稍后, by one of those who were told. The first 已处理 stands for all. */
export async function answerTerm(
  ctx: Ctx,
  act: Act,
  by: Person,
  id: string,
  answer: 'done' | 'later',
): Promise<AnswerTerm> {
  const found = await ctx.terms.get(id)
  const person = found && (await ctx.people.get(found.personId))
  if (!found || !person) return { kind: 'gone' }
  const allowed = await concerned(ctx, person, await ctx.people.withRole('hr'))
  if (!allowed.some((p) => p._id === by._id)) return { kind: 'not-allowed' }
  const { term } = found
  if (found.answeredBy && found.answeredBy !== by._id) {
    const first = await ctx.people.get(found.answeredBy)
    return { kind: 'already', person, term, by: first?.name ?? '同事' }
  }
  if (answer === 'later') {
    const until = ctx.company().weeks.nextWorkday(today(ctx, act.at))
    await ctx.terms.putOff(id, by._id, until)
    return { kind: 'put-off', person, term, until }
  }
  const after = await ctx.terms.answer(id, by._id, act.at)
  if (after?.answeredBy !== by._id) {
    const first = await ctx.people.get(String(after?.answeredBy))
    return { kind: 'already', person, term, by: first?.name ?? '同事' }
  }
  await ctx.audit.add({
    _id: `${act.id}/term`,
    at: act.at,
    by: by._id,
    what: `${term}-answered`,
    to: `person/${person._id}`,
  })
  return { kind: 'answered', person, term }
}

import type { Ctx } from '../../src/context.ts'
import { appealUntil } from '../../src/domain/month-dates.ts'
import { type Day, dayOf, type Month } from '../../src/domain/time.ts'
import type { AppealRow } from '../../src/store/appeals.ts'
import { monthRowId } from '../../src/store/month-inputs.ts'
import type { Person } from '../../src/store/people.ts'
import { judgeOf } from '../rights.ts'
import { push } from './behaviour.ts'

/** Working days that the superior has for an answer; after them it is decided without one (our default, docs/month.md). */
const ANSWER_DAYS = 3

/** Until when an answer that was asked for at an instant is waited for. */
export function answerUntil(ctx: Ctx, asked: Date): { day: Day; until: Date } {
  const { weeks, timeZone } = ctx.company()
  return appealUntil(dayOf(asked, timeZone), ANSWER_DAYS, weeks, timeZone)
}

export type Stage =
  /** Ready for the decision: with an answer, without anybody who could give one, or without one in time. */
  | { kind: 'answered' | 'nobody' | 'silent' }
  /** @param asked when this superior was asked; undefined: the superior has changed, and is still to be asked */
  | { kind: 'waiting'; judge: Person; asked?: Date }
  /** Not registered yet, or decided. */
  | { kind: 'closed' }

/** Where an appeal stands at an instant. The superior is who it is now, the stand-in included (domain.md §11.16). */
export async function stageOf(ctx: Ctx, row: AppealRow, at: Date): Promise<Stage> {
  if (row.state === 'answered') return { kind: 'answered' }
  if (row.state !== 'registered') return { kind: 'closed' }
  const person = await ctx.people.get(row.personId)
  const judge = person && (await judgeOf(ctx, person))
  if (!judge) return { kind: 'nobody' }
  if (row.asked?.judge !== judge._id) return { kind: 'waiting', judge }
  if (at >= answerUntil(ctx, row.asked.at).until) return { kind: 'silent' }
  return { kind: 'waiting', judge, asked: row.asked.at }
}

/** People who are party to an appeal: the appellant, who judged, who recorded. */
async function partiesOf(ctx: Ctx, row: AppealRow): Promise<Set<string>> {
  const parties = new Set([row.personId])
  if (row.about.kind === 'behaviour') {
    const record = await ctx.behaviours.get(row.about.recordId)
    if (record) parties.add(record.by)
    if (record?.decided) parties.add(record.decided.by)
  }
  const result = await ctx.results.get(monthRowId(row.personId, row.month))
  if (result?.confirmed) parties.add(result.confirmed.by)
  if (row.answer) parties.add(row.answer.by)
  const person = await ctx.people.get(row.personId)
  const judge = person && (await judgeOf(ctx, person))
  if (judge) parties.add(judge._id)
  return parties
}

/** Who registers and decides: HR who is not party; the general manager where all of HR is (domain.md §6). */
export async function handlersOf(ctx: Ctx, row: AppealRow): Promise<Person[]> {
  const parties = await partiesOf(ctx, row)
  const free = (p: Person) => !parties.has(p._id)
  const hrs = (await ctx.people.withRole('hr')).filter(free)
  return hrs.length > 0 ? hrs : (await ctx.people.withRole('gm')).filter(free)
}

export const mayHandle = async (ctx: Ctx, by: Person, row: AppealRow): Promise<boolean> =>
  (await handlersOf(ctx, row)).some((p) => p._id === by._id)

export async function tellNobody(ctx: Ctx, id: string, cause: string): Promise<void> {
  const hrs = await ctx.people.withRole('hr')
  await ctx.outbox.add(
    hrs.map((p) => push(`appeal-nobody/${id}/${p._id}`, p._id, 'appeal-nobody', { appeal: id }, cause)),
  )
}

/** Asks whoever decides, once for each reason that it can be decided now. */
export async function askDecision(
  ctx: Ctx,
  row: AppealRow,
  why: 'answered' | 'nobody' | 'silent' | `corrected/${string}`,
  cause: string,
): Promise<void> {
  const to = await handlersOf(ctx, row)
  const args = { appeal: row._id, ...(why.startsWith('corrected/') && { corrected: true }) }
  await ctx.outbox.add(
    to.map((p) => push(`appeal-decide/${row._id}/${why}/${p._id}`, p._id, 'appeal-decide', args, cause)),
  )
  if (to.length === 0) await tellNobody(ctx, row._id, cause)
}

/** A correction of a result is decided: appeals about it that had to wait for that can be decided now. */
export async function askAfterCorrection(
  ctx: Ctx,
  personId: string,
  month: Month,
  proposalId: string,
  at: Date,
  cause: string,
): Promise<void> {
  for (const row of await ctx.appeals.ofPerson(personId, month)) {
    const { kind } = await stageOf(ctx, row, at)
    if (kind !== 'closed' && kind !== 'waiting') await askDecision(ctx, row, `corrected/${proposalId}`, cause)
  }
}

/** Asks the superior for an answer, once each. */
export async function askAnswer(ctx: Ctx, id: string, judgeId: string, cause: string): Promise<void> {
  await ctx.outbox.add([push(`appeal-answer/${id}/${judgeId}`, judgeId, 'appeal-answer', { appeal: id }, cause)])
}

/**
 * What an appeal without an answer comes to on a working day: the superior is reminded once, a new one is asked; without one, or
 * after three working days of silence, whoever decides hears that it can be decided. Harmless to run again.
 */
export async function chaseAppeal(ctx: Ctx, row: AppealRow, slot: Date, cause: string): Promise<void> {
  const stage = await stageOf(ctx, row, slot)
  switch (stage.kind) {
    case 'nobody':
    case 'silent':
      return askDecision(ctx, row, stage.kind, cause)
    case 'waiting': {
      const { judge, asked } = stage
      if (!asked) {
        const now = { judge: judge._id, at: slot }
        await ctx.appeals.change(row._id, `asked/${judge._id}/${slot.toISOString()}`, (r) =>
          r.state === 'registered' ? { row: { ...r, asked: now }, outcome: null } : { outcome: null },
        )
        return askAnswer(ctx, row._id, judge._id, cause)
      }
      const { timeZone } = ctx.company()
      if (dayOf(slot, timeZone) <= dayOf(asked, timeZone)) return
      const args = { appeal: row._id, again: true }
      return ctx.outbox.add([
        push(`appeal-answer/${row._id}/${judge._id}/again`, judge._id, 'appeal-answer', args, cause),
      ])
    }
    case 'answered':
    case 'closed':
      return
  }
}

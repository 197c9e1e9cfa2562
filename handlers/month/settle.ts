import { createHash } from 'node:crypto'
import { schemeFor } from '../../src/company.ts'
import type { Ctx } from '../../src/context.ts'
import { type MonthResult, settle } from '../../src/domain/settlement.ts'
import { dayOf, lastDayOf, type Month } from '../../src/domain/time.ts'
import { monthRowId } from '../../src/store/month-inputs.ts'
import type { Person } from '../../src/store/people.ts'
import type { Draft } from '../../src/store/results.ts'
import { type Judges, judges } from '../rights.ts'
import { factsOf, type MonthFrame, monthFrame, rulesOf, worksIn } from './facts.ts'

/** People at a time: small enough that nothing else waits long for the event loop. */
const BATCH = 100
/** Batches under way at once, so that computing one fills the wait for the database's answer to another. */
const LANES = 2

export const hashOf = (result: MonthResult): string => createHash('sha256').update(JSON.stringify(result)).digest('hex')

/** Whether a month can be settled: it must be over. */
export const isOver = (ctx: Ctx, month: Month, now: Date): boolean =>
  dayOf(now, ctx.company().timeZone) > lastDayOf(month)

/** The drafts of some people, from what is recorded now. Those without a scheme of the month and without records have none. */
export async function draftsOf(
  ctx: Ctx,
  frame: MonthFrame,
  people: Person[],
  judgeOf: Judges,
  inOrder = false,
): Promise<Draft[]> {
  const working = people.filter((p) => worksIn(p, frame.month))
  const facts = await factsOf(ctx, frame, working, judgeOf, inOrder)
  return working.flatMap((person) => {
    const f = facts.get(person._id)!
    const idle = f.parts.every((p) => p.scheme !== undefined && p.work.kind === 'none' && isNone(frame, p.position))
    if (idle && f.behaviour.length === 0 && f.adjustments.length === 0) return []
    const draft = settle(f)
    return [
      {
        _id: monthRowId(person._id, frame.month),
        personId: person._id,
        month: frame.month,
        name: person.name,
        jobNumber: person.jobNumber ?? '',
        department: person.departments.join('/'),
        judgeId: judgeOf(person) ?? '',
        draft,
        hash: hashOf(draft),
      },
    ]
  })
}

const isNone = (frame: MonthFrame, position: string): boolean =>
  schemeFor(frame.company, position)?.scheme.kind === 'none'

/**
 * Computes the drafts of a whole month from what is recorded (domain.md §6): confirmed and published results stay. The same
 * records give the same bytes, and nothing is written where nothing has changed.
 *
 * @param onBatch told how many people are done, after each batch
 */
export async function settleMonth(
  ctx: Ctx,
  month: Month,
  now: Date,
  onBatch: (done: number) => void = () => {},
): Promise<{ people: number; written: number }> {
  const frame = await monthFrame(ctx, month, now)
  await ctx.rules.keep(month, frame.ruleVersion, rulesOf(frame.company))
  const judgeOf = await judges(ctx)
  const keep = new Set<string>()
  let people = 0
  let written = 0
  const settleBatch = async (batch: Person[]): Promise<void> => {
    const drafts = await draftsOf(ctx, frame, batch, judgeOf, true)
    for (const d of drafts) keep.add(d.personId)
    const count = await ctx.results.putDrafts(drafts)
    written += count
    people += batch.length
    onBatch(people)
  }
  const running = new Set<Promise<void>>()
  const failed: unknown[] = []
  const begin = async (batch: Person[]): Promise<void> => {
    if (running.size >= LANES) await Promise.race(running)
    if (failed.length > 0) throw failed[0]
    const one = settleBatch(batch)
      .catch((error) => void failed.push(error))
      .finally(() => running.delete(one))
    running.add(one)
    await new Promise((done) => setImmediate(done))
  }
  let batch: Person[] = []
  const cursor = ctx.people.model.collection.find({}, { sort: { _id: 1 }, batchSize: BATCH })
  for await (const person of cursor) {
    batch.push(person as unknown as Person)
    if (batch.length < BATCH) continue
    await begin(batch)
    batch = []
  }
  if (batch.length > 0) await begin(batch)
  await Promise.all(running)
  if (failed.length > 0) throw failed[0]
  await ctx.results.dropDrafts(month, keep)
  await ctx.months.change(month, `settled/${now.toISOString()}`, (row) =>
    row.state === 'published' ? { outcome: null } : { row: { ...row, settledAt: now }, outcome: null },
  )
  if (written > 0)
    await ctx.audit.add({
      _id: `month-settled/${month}/${now.toISOString()}`,
      at: now,
      by: 'system',
      what: 'month-settled',
      to: `month/${month}`,
      detail: { people, written, ruleVersion: frame.ruleVersion },
    })
  return { people, written }
}

/** The drafts of one team, computed now, so that what a superior sees is what is recorded. */
export async function refreshPeople(ctx: Ctx, month: Month, people: Person[], now: Date): Promise<void> {
  const frame = await monthFrame(ctx, month, now)
  await ctx.rules.keep(month, frame.ruleVersion, rulesOf(frame.company))
  await ctx.results.putDrafts(await draftsOf(ctx, frame, people, await judges(ctx)))
}

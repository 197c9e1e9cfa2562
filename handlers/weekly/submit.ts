import type { Act, Ctx } from '../../src/context.ts'
import { isOnTime } from '../../src/domain/deadline.ts'
import { monthOfWeek, type Week } from '../../src/domain/time.ts'
import {
  type ContentProblem,
  isComplete,
  standing,
  submit,
  validateContent,
  type WeeklyContent,
  type WeekReport,
} from '../../src/domain/weekly-report.ts'
import type { Person } from '../../src/store/people.ts'
import { type Draft, reportOf, type WeekRow, weekRowId } from '../../src/store/weeks.ts'
import { closeCards } from '../close-cards.ts'
import { closedState } from '../month/closed.ts'
import { judgeOf } from '../rights.ts'
import { deadlineOf, viewWeek, weekSubject } from './week.ts'

/** Puts a report's state into its row; a submission at `at`, after being sent back, ends that and keeps it for 撤销. */
function withReport(row: WeekRow, report: WeekReport, at: Date): WeekRow {
  const { returned, ...rest } = row
  const { submissions } = report
  if (!returned || report.returnedAt) return { ...rest, submissions, ...(returned && { returned }) }
  const answer = submissions.findLast((s) => s.at.getTime() === at.getTime())
  return { ...rest, submissions: submissions.map((s) => (s === answer ? { ...s, answers: returned } : s)) }
}

/**
 * Keeps what somebody is writing, replacing the draft that was there. A draft is not submitted (domain.md §11.8).
 * @param rev of the draft's row as the writer knew it; undefined in chat, where the last message counts
 * @returns `conflict` when the row has changed since `rev`: nothing was kept
 */
export async function saveDraft(
  ctx: Ctx,
  act: Act,
  person: Person,
  week: Week,
  draft: Omit<Draft, 'at' | 'key'>,
  rev?: number,
): Promise<{ kind: 'saved' | 'conflict'; rev: number }> {
  return ctx.weeks.change<{ kind: 'saved' | 'conflict'; rev: number }>(person._id, week, act.id, (row) => {
    if (rev !== undefined && row.rev !== rev) return { outcome: { kind: 'conflict', rev: row.rev } }
    return {
      row: { ...row, draft: { ...draft, at: act.at, key: act.id } },
      outcome: { kind: 'saved', rev: row.rev + 1 },
    }
  })
}

/** @param seen the key of the draft that the person saw: another one stays */
export async function dropDraft(
  ctx: Ctx,
  act: Act,
  person: Person,
  week: Week,
  seen?: string,
): Promise<{ kind: 'dropped' | 'no-draft' | 'other-draft' }> {
  return ctx.weeks.change<{ kind: 'dropped' | 'no-draft' | 'other-draft' }>(person._id, week, act.id, (row) => {
    if (!row.draft) return { outcome: { kind: 'no-draft' } }
    if (seen !== undefined && row.draft.key !== seen) return { outcome: { kind: 'other-draft' } }
    const { draft: _, ...rest } = row
    return { row: rest, outcome: { kind: 'dropped' } }
  })
}

export type SubmitOutcome =
  /** `unscored`: who had scored it before and scores it anew. */
  | { kind: 'on-time' | 'late'; again: boolean; unscored?: string; rev: number }
  /** Kept as a request; the superior has been asked. */
  | { kind: 'needs-consent'; rev: number }
  | { kind: 'unchanged'; rev: number }
  | { kind: 'incomplete'; problems: ContentProblem[] }
  | { kind: 'conflict'; rev: number }
  /** The draft is not the one that was seen. */
  | { kind: 'other-draft' }
  /** Nothing can be handed in: closed week, settled month, scored and past the deadline. */
  | { kind: 'closed' | 'settled' | 'scored' }
  | { kind: 'no-draft' }

/**
 * Hands in a week: the summary of it and the plan of the next. Judged by `act.at` (design §2). Until the deadline also one that
 * was scored early (domain.md §3): that score no longer counts, and its scorer is asked for a new one.
 * @param content what is handed in; undefined: the draft as it stands
 * @param rev as in `saveDraft`
 * @param seen the key of the draft that the person saw: another one is not handed in unseen (features.md B15)
 */
export async function submitWeek(
  ctx: Ctx,
  act: Act,
  person: Person,
  week: Week,
  content?: WeeklyContent,
  rev?: number,
  seen?: string,
): Promise<SubmitOutcome> {
  const due = deadlineOf(ctx.company(), week)
  if (due === 'closed') return { kind: 'closed' }
  const { planned } = await viewWeek(ctx, person, week, act.at)
  const settled = (await closedState(ctx, person._id, monthOfWeek(week))) !== undefined
  const outcome = await ctx.weeks.change<SubmitOutcome>(person._id, week, act.id, (row) => {
    if (rev !== undefined && row.rev !== rev) return { outcome: { kind: 'conflict', rev: row.rev } }
    const handedIn = content ?? row.draft?.content
    if (!handedIn) return { outcome: { kind: 'no-draft' } }
    if (seen !== undefined && row.draft?.key !== seen) return { outcome: { kind: 'other-draft' } }
    if (row.score && !isOnTime(act.at, due.deadline)) return { outcome: { kind: 'scored' } }
    const problems = validateContent(handedIn, planned.length)
    if (!isComplete(problems)) return { outcome: { kind: 'incomplete', problems } }
    const again = standing(reportOf(row), due.deadline) !== undefined
    const result = submit(reportOf(row), handedIn, { week, at: act.at, deadline: due.deadline, settled })
    const { draft: _, ...withoutDraft } = row
    switch (result.kind) {
      case 'on-time':
      case 'late': {
        const { score, ...unscored } = withReport(withoutDraft, result.report, act.at)
        return {
          row: score ? { ...unscored, pastScores: [...row.pastScores, score] } : unscored,
          outcome: { kind: result.kind, again, ...(score && { unscored: score.by }), rev: row.rev + 1 },
        }
      }
      case 'needs-consent':
        return {
          row: withReport(withoutDraft, result.report, act.at),
          outcome: { kind: 'needs-consent', rev: row.rev + 1 },
        }
      case 'unchanged':
        return { row: withoutDraft, outcome: { kind: 'unchanged', rev: row.rev + 1 } }
      case 'settled':
        return { outcome: { kind: 'settled' } }
    }
  })
  if (outcome.kind === 'needs-consent') await askConsent(ctx, act, person, week)
  if ('unscored' in outcome && outcome.unscored) await askScore(ctx, act, person, week, outcome.unscored)
  return outcome
}

/** What was scored has been replaced: the scorer gets it once more. */
async function askScore(ctx: Ctx, act: Act, person: Person, week: Week, scorer: string): Promise<void> {
  await ctx.audit.add({
    _id: `${act.id}/unscored`,
    at: act.at,
    by: person._id,
    what: 'score-replaced',
    to: weekSubject(person._id, week),
  })
  await ctx.outbox.add([
    {
      key: `${act.id}/score-again`,
      to: scorer,
      mode: 'push',
      cause: act.id,
      content: { kind: 'notice', name: 'score-again', args: { personId: person._id, week } },
    },
  ])
}

async function askConsent(ctx: Ctx, act: Act, person: Person, week: Week): Promise<void> {
  const judge = await judgeOf(ctx, person)
  if (!judge) return
  const args = { personId: person._id, week, at: act.at.toISOString() }
  await ctx.outbox.add([
    {
      key: `change-request/${weekRowId(person._id, week)}/${args.at}`,
      to: judge._id,
      mode: 'push',
      cause: act.id,
      content: { kind: 'notice', name: 'change-request', args },
    },
  ])
}

export type WithdrawOutcome =
  /** `newerDraft`: what was written since the submission, and is the draft now. */
  | { kind: 'withdrawn'; newerDraft: boolean }
  | { kind: 'nothing' | 'newer-submission' | 'too-long-ago' | 'deadline-passed' | 'scored' }

/**
 * 撤销: takes the last submission back into the draft, unless a newer one has grown out of it, for as many minutes as the company says (features.md B15). Not once the
 * deadline has passed since: what was on time would become late.
 * @param about when the submission was handed in that is meant; undefined: the last one
 */
export async function withdrawWeek(
  ctx: Ctx,
  act: Act,
  person: Person,
  week: Week,
  about?: Date,
): Promise<WithdrawOutcome> {
  const due = deadlineOf(ctx.company(), week)
  const undoMs = ctx.company().weekly.undoMinutes * 60_000
  if (due === 'closed') return { kind: 'nothing' }
  return ctx.weeks.change<WithdrawOutcome>(person._id, week, act.id, (row) => {
    const last = row.submissions.at(-1)
    if (!last) return { outcome: { kind: 'nothing' } }
    if (about && about < last.at) return { outcome: { kind: 'newer-submission' } }
    if (about && about > last.at) return { outcome: { kind: 'nothing' } }
    if (row.score) return { outcome: { kind: 'scored' } }
    if (act.at.getTime() - last.at.getTime() > undoMs) return { outcome: { kind: 'too-long-ago' } }
    if (isOnTime(last.at, due.deadline) && !isOnTime(act.at, due.deadline))
      return { outcome: { kind: 'deadline-passed' } }
    const draft: Draft = row.draft ?? { content: last.content, at: act.at, key: act.id, unread: [], assumptions: [] }
    const submissions = row.submissions.slice(0, -1)
    // Sent back it was before, and is again: the next one needs no further consent.
    const returned = row.returned ?? last.answers
    return {
      row: { ...row, submissions, draft, ...(returned && { returned }) },
      outcome: { kind: 'withdrawn', newerDraft: row.draft !== undefined },
    }
  })
}

export type ExcuseOutcome = { kind: 'proposed' | 'already' | 'granted' | 'settled' }

/** 我在请假: reminders for the week stop at once, and the superior decides whether it is excused (domain.md §11.6). */
export async function proposeExcuse(
  ctx: Ctx,
  act: Act,
  person: Person,
  week: Week,
  reason: string,
): Promise<ExcuseOutcome> {
  return (await proposeExcuses(ctx, act, person, [week], reason))[0]!
}

/** The same for the weeks of one leave, in order: the superior is asked about them once. */
export async function proposeExcuses(
  ctx: Ctx,
  act: Act,
  person: Person,
  weeks: Week[],
  reason: string,
): Promise<ExcuseOutcome[]> {
  const outcomes: ExcuseOutcome[] = []
  for (const week of weeks) outcomes.push(await proposeOne(ctx, act, person, week, reason))
  const first = weeks.find((_, i) => outcomes[i]!.kind === 'proposed')
  const judge = first && (await judgeOf(ctx, person))
  if (judge) {
    await ctx.outbox.add([
      {
        key: `excuse-request/${weekRowId(person._id, first)}/${act.at.toISOString()}`,
        to: judge._id,
        mode: 'push',
        cause: act.id,
        content: { kind: 'notice', name: 'excuse-request', args: { personId: person._id, week: first } },
      },
    ])
  }
  return outcomes
}

async function proposeOne(ctx: Ctx, act: Act, person: Person, week: Week, reason: string): Promise<ExcuseOutcome> {
  if (await closedState(ctx, person._id, monthOfWeek(week))) return { kind: 'settled' }
  const outcome = await ctx.weeks.change<ExcuseOutcome>(person._id, week, act.id, (row) => {
    if (row.excuse?.state === 'granted') return { outcome: { kind: 'granted' } }
    if (row.excuse?.state === 'proposed') return { outcome: { kind: 'already' } }
    return {
      row: { ...row, excuse: { state: 'proposed', reason, at: act.at } },
      outcome: { kind: 'proposed' },
    }
  })
  if (outcome.kind === 'proposed')
    await ctx.audit.add({
      _id: `${act.id}/${week}`,
      at: act.at,
      by: person._id,
      what: 'excuse-proposed',
      to: weekSubject(person._id, week),
    })
  return outcome
}

/** A week that the superior has been asked to excuse, and when. */
export interface AskedExcuse {
  week: Week
  at: Date
}

/** 销假: what the superior has not decided yet is asked for no more. @returns the weeks that this is true of */
export async function takeBackExcuses(ctx: Ctx, act: Act, person: Person, asked: AskedExcuse[]): Promise<Week[]> {
  const taken: AskedExcuse[] = []
  for (const one of asked) if (await takeBack(ctx, act, person, one)) taken.push(one)
  const subjects = taken.flatMap((one) => [
    excuseSubject(person._id, [one.week], one.at),
    leaveSubject(person._id, one.at),
  ])
  const face = { title: `${person.name}请假`, closed: '本人已撤回' }
  for (const subject of new Set(subjects)) await closeCards(ctx, act.id, subject, face, () => true)
  return taken.map((one) => one.week)
}

async function takeBack(ctx: Ctx, act: Act, person: Person, { week, at }: AskedExcuse): Promise<boolean> {
  const taken = await ctx.weeks.change<boolean>(person._id, week, act.id, (row) => {
    const { excuse, ...rest } = row
    return excuse?.state === 'proposed' && excuse.at.getTime() === at.getTime()
      ? { row: rest, outcome: true }
      : { outcome: false }
  })
  if (taken)
    await ctx.audit.add({
      _id: `${act.id}/${week}`,
      at: act.at,
      by: person._id,
      what: 'excuse-taken-back',
      to: weekSubject(person._id, week),
    })
  return taken
}

const leaveSubject = (personId: string, at: Date): string => `leave/${personId}/${at.toISOString()}`

/** The card that asks whether weeks are excused which were asked for together. */
export const excuseSubject = (personId: string, weeks: Week[], at: Date): string =>
  weeks.length > 1 ? leaveSubject(personId, at) : `excuse/${weekRowId(personId, weeks[0]!)}`

/** No reminder of this week before `until`. */
export async function hush(ctx: Ctx, act: Act, person: Person, week: Week, until: Date): Promise<void> {
  await ctx.weeks.change(person._id, week, act.id, (row) => ({ row: { ...row, snoozedUntil: until }, outcome: null }))
}

/** Reminders of this week come again. */
export async function awake(ctx: Ctx, act: Act, person: Person, week: Week): Promise<void> {
  await ctx.weeks.change(person._id, week, act.id, (row) => {
    const { snoozedUntil, ...rest } = row
    return snoozedUntil ? { row: rest, outcome: null } : { outcome: null }
  })
}

/** 1 小时后, 下午: no reminder of this week before `until`; one comes then if it still stands. */
export async function snooze(ctx: Ctx, act: Act, person: Person, week: Week, until: Date): Promise<void> {
  await hush(ctx, act, person, week, until)
  await ctx.outbox.add([
    {
      key: `snoozed/${weekRowId(person._id, week)}/${until.toISOString()}`,
      to: person._id,
      mode: 'push',
      cause: act.id,
      notBefore: until,
      content: { kind: 'notice', name: 'plan-reminder', args: { week, stage: 'snoozed' } },
    },
  ])
}

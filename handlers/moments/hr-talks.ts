import type { Act, Ctx } from '../../src/context.ts'
import { type DueTalk, dueTalks, type TalkOccasion } from '../../src/domain/hr-talks.ts'
import { addDays, type Day } from '../../src/domain/time.ts'
import type { HrTalk } from '../../src/store/hr-talks.ts'
import type { Person } from '../../src/store/people.ts'
import { judgeOf } from '../rights.ts'
import { knownPeople, knownPerson, today } from './people.ts'

export interface TalksView {
  due: (DueTalk & { person: Person })[]
  /** People who have had a talk this year, of those who should. */
  done: number
  of: number
}

/** Whom somebody of HR has to talk with, the ones that may not fail first, and how far the year is; nobody talks with themselves. */
export async function talksDue(ctx: Ctx, by: Person, day: Day): Promise<TalksView> {
  const held = await ctx.hrTalks.since(addDays(day, -400))
  const due: TalksView['due'] = []
  const people = (await knownPeople(ctx)).filter(({ person }) => person._id !== by._id)
  for (const { person, personal } of people) {
    const facts = {
      id: person._id,
      ...person,
      ...(personal.probationEndsOn && { probationEndsOn: personal.probationEndsOn.value }),
    }
    const own = held.filter((t) => t.personId === person._id)
    due.push(...dueTalks(facts, own, day).map((d) => ({ ...d, person })))
  }
  due.sort((a, b) => (a.by < b.by ? -1 : a.by > b.by ? 1 : 0))
  const talked = new Set(held.filter((t) => t.heldOn.startsWith(day.slice(0, 4))).map((t) => t.personId))
  return { due, done: people.filter((p) => talked.has(p.person._id)).length, of: people.length }
}

/** What a talk with somebody would be for, today. */
export async function occasionOf(ctx: Ctx, person: Person, day: Day): Promise<TalkOccasion> {
  const { personal } = await knownPerson(ctx, person)
  const facts = {
    id: person._id,
    ...person,
    ...(personal.probationEndsOn && { probationEndsOn: personal.probationEndsOn.value }),
  }
  return dueTalks(facts, await ctx.hrTalks.about(person._id), day)[0]?.occasion ?? 'yearly'
}

export interface TalkDraft {
  summary: string
  proposals: string[]
}

/** Proposals, a line each, whatever stands before them: 1. … */
export const proposalLines = (lines: string[]): string[] =>
  lines.map((line) => line.trim().replace(/^(?:\d{1,2}[.、)）]|[-·•])\s*/, '')).filter((line) => line !== '')

/** A record as HR types it: what was said, and lines of proposals behind 建议. */
export function readTalk(text: string): TalkDraft {
  const lines = text.split('\n').map((line) => line.trim())
  const at = lines.findIndex((line) => /^(?:改进)?建议[:：]?/.test(line))
  if (at < 0) return { summary: text.trim(), proposals: [] }
  const first = lines[at]!.replace(/^(?:改进)?建议[:：]?\s*/, '')
  const proposals = proposalLines([first, ...lines.slice(at + 1)])
  return { summary: lines.slice(0, at).join('\n').trim(), proposals }
}

/**
 * Keeps the record of a talk and passes its proposals to the manager concerned, when there are any and `pass` says so. The
 * summary stays with HR (domain.md §7).
 */
export async function recordTalk(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  draft: TalkDraft,
  pass: boolean,
): Promise<{ kind: 'recorded'; to?: Person } | { kind: 'not-allowed' }> {
  if (!by.roles.includes('hr') || by._id === person._id) return { kind: 'not-allowed' }
  const day = today(ctx, act.at)
  const manager = pass && draft.proposals.length > 0 ? await judgeOf(ctx, person) : undefined
  const known = await ctx.hrTalks.get(act.id)
  const talk: HrTalk = {
    _id: act.id,
    personId: person._id,
    occasion: known?.occasion ?? (await occasionOf(ctx, person, day)),
    heldOn: day,
    by: by._id,
    ...draft,
    passedTo: manager ? [manager._id] : [],
    at: act.at,
  }
  await ctx.hrTalks.add(talk)
  await ctx.audit.add({ _id: `${act.id}/hr-talk`, at: act.at, by: by._id, what: 'hr-talk', to: `person/${person._id}` })
  if (manager)
    await ctx.outbox.add([
      {
        key: `hr-talk/${act.id}/${manager._id}`,
        to: manager._id,
        mode: 'push',
        cause: act.id,
        content: { kind: 'notice', name: 'hr-talk', args: { talkId: act.id } },
      },
    ])
  return { kind: 'recorded', ...(manager && { to: manager }) }
}

/** The records about somebody that `by` may read: HR whole, a manager the proposals that were passed to them. */
export async function talksAbout(ctx: Ctx, act: Act, by: Person, person: Person): Promise<HrTalk[] | undefined> {
  const all = await ctx.hrTalks.about(person._id)
  const hr = by.roles.includes('hr') && by._id !== person._id
  const own = hr ? all : all.filter((t) => t.passedTo.includes(by._id)).map((t) => ({ ...t, summary: '' }))
  if (!hr && own.length === 0) return undefined
  await ctx.audit.add({
    _id: `${act.id}/hr-talks`,
    at: act.at,
    by: by._id,
    what: 'hr-talks-read',
    to: `person/${person._id}`,
  })
  return own
}

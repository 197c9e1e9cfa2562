import { createHash } from 'node:crypto'
import type { Act, Ctx } from '../../src/context.ts'
import type { Person } from '../../src/store/people.ts'
import { joinPeople } from './join.ts'
import { sendMoments, today } from './people.ts'
import { tellTerms } from './terms.ts'

/** What a new reading of the contacts brings with it: people to welcome, ends to tell of, doubts for HR. */
export async function afterContacts(ctx: Ctx): Promise<void> {
  const cause = 'contacts'
  await retireLeavers(ctx)
  await sendMoments(ctx, today(ctx), ['welcome'], ctx.company().moments.wishTime, cause)
  await tellTerms(ctx, cause)
  await askWho(ctx, cause)
}

/** The last day is over: out, whatever the contacts still say (domain.md §11.32). */
export async function retireLeavers(ctx: Ctx): Promise<void> {
  const day = today(ctx)
  for (const person of await ctx.people.active())
    if (person.leftOn !== undefined && person.leftOn < day) await ctx.people.save({ ...person, active: false }, person)
}

async function askWho(ctx: Ctx, cause: string): Promise<void> {
  const doubts = await ctx.contacts.openDoubts()
  if (doubts.length === 0) return
  const hr = await ctx.people.withRole('hr')
  await ctx.outbox.add(
    doubts.flatMap((doubt) =>
      hr.map((to) => ({
        // The doubt's id holds an account: not for a key that stands in the log.
        key: `same-person/${createHash('sha256').update(doubt._id).digest('base64url').slice(0, 16)}/${to._id}`,
        to: to._id,
        mode: 'push' as const,
        cause,
        content: { kind: 'notice' as const, name: 'same-person', args: { doubtId: doubt._id } },
      })),
    ),
  )
}

export type DecideWho =
  | { kind: 'same' | 'different'; name: string }
  | { kind: 'already'; name: string }
  | { kind: 'gone' | 'not-allowed' }

/**
 * HR's decision whether somebody in the contacts is a person known already. `same`: the records become one; the kept one is
 * the older, with its history.
 *
 * @param candidate index into the doubt's candidates; undefined: nobody of them
 */
export async function decideWho(
  ctx: Ctx,
  act: Act,
  by: Person,
  doubtId: string,
  candidate: number | undefined,
): Promise<DecideWho> {
  if (!by.roles.includes('hr')) return { kind: 'not-allowed' }
  const doubt = await ctx.contacts.doubt(doubtId)
  const personId = candidate === undefined ? undefined : doubt?.candidates[candidate]
  if (!doubt || (candidate !== undefined && personId === undefined)) return { kind: 'gone' }
  const decided = await ctx.contacts.decide(doubtId, personId, by._id, act.at)
  if (!decided || decided.personId !== personId) return { kind: 'already', name: doubt.name }
  if (personId !== undefined) await joinPeople(ctx, personId, String(decided.freshId), decided)
  await ctx.audit.add({
    _id: `${act.id}/same-person`,
    at: act.at,
    by: by._id,
    what: personId === undefined ? 'different-people' : 'same-person',
    to: `person/${personId ?? decided.freshId}`,
  })
  return { kind: personId === undefined ? 'different' : 'same', name: doubt.name }
}

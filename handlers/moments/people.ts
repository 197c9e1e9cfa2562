import type { Ctx } from '../../src/context.ts'
import { type Moment, type MomentPerson, momentsOn, type WishDay, wishDay } from '../../src/domain/moments.ts'
import { addDays, type Day, dayOf, daysBetween, instantAt } from '../../src/domain/time.ts'
import type { Add } from '../../src/outbox/outbox.ts'
import type { Person } from '../../src/store/people.ts'
import type { Personal } from '../../src/store/personal.ts'

export interface KnownPerson {
  person: Person
  personal: Personal
  facts: MomentPerson
}

/** Everybody active, with what people's moments are made of. */
export async function knownPeople(ctx: Ctx): Promise<KnownPerson[]> {
  const people = await ctx.people.active()
  const personal = await ctx.personal.many(people.map((p) => p._id))
  return people.map((person) => known(person, personal.get(person._id)!))
}

export async function knownPerson(ctx: Ctx, person: Person): Promise<KnownPerson> {
  return known(person, await ctx.personal.get(person._id))
}

function known(person: Person, personal: Personal): KnownPerson {
  const { _id: id, active, joinedOn, appearedOn, leftOn, stint = 1 } = person
  const { birthday, feb29, leapMonth, wishes } = personal
  const facts: MomentPerson = {
    id,
    active,
    stint,
    wishes,
    ...(joinedOn && { joinedOn }),
    ...(appearedOn && { appearedOn }),
    ...(leftOn && { leftOn }),
    ...(birthday && { birthday: birthday.value }),
    ...(feb29 && { feb29 }),
    ...(leapMonth && { leapMonth }),
  }
  return { person, personal, facts }
}

export const wishDayOf = (ctx: Ctx, day: Day): WishDay => wishDay(day, ctx.company().weeks, ctx.company().moments)

export const today = (ctx: Ctx, now = ctx.clock.now()): Day => dayOf(now, ctx.company().timeZone)

/**
 * Writes what people are owed on a day. Run again, or by two at once, it adds nothing: each fact has its key. What is for the
 * day is over with it: no belated wishes (domain.md §11.32).
 *
 * @param kinds which of them
 * @param notBefore a time of day, `HH:mm`
 */
export async function sendMoments(
  ctx: Ctx,
  day: Day,
  kinds: readonly Moment['kind'][],
  notBefore: string,
  cause: string,
): Promise<void> {
  const { moments: settings, timeZone } = ctx.company()
  const on = wishDayOf(ctx, day)
  const at = new Date(Math.max(ctx.clock.now().getTime(), instantAt(day, notBefore, timeZone).getTime()))
  const over = instantAt(addDays(day, 1), '00:00', timeZone)
  const groups = await ctx.wishGroups.all()
  const rows: Add[] = []
  // Each kind of wish has wordings of its own, so those who share them are counted apart.
  const places = new Map<string, number>()
  const placeOf = (moment: Moment): number => {
    if (moment.kind !== 'wish') return 0
    const pool = `${moment.birthday}/${moment.years !== undefined}`
    const place = places.get(pool) ?? 0
    places.set(pool, place + 1)
    return place
  }
  for (const { person, facts } of await knownPeople(ctx)) {
    for (const moment of momentsOn(facts, on, settings)) {
      const args = { key: moment.key, day, place: placeOf(moment) }
      if (!kinds.includes(moment.kind)) continue
      const row = { to: person._id, mode: 'push' as const, cause, notBefore: at }
      const ends = moment.kind === 'welcome' ? {} : { expiresAt: over }
      rows.push({ ...row, ...ends, key: moment.key, content: { kind: 'notice', name: 'moment', args } })
      const publicly = moment.kind === 'welcome' ? isFresh(facts, day) : moment.kind === 'wish' && moment.public
      for (const { platform, groupId } of publicly ? groups : []) {
        const chat = { kind: 'group' as const, groupId }
        rows.push({
          ...row,
          expiresAt: over,
          platform,
          key: `${moment.key}/group/${platform}/${groupId}`,
          content: { kind: 'group-notice', chat, name: 'moment-in-group', args },
        })
      }
    }
  }
  await ctx.outbox.add(rows)
}

/** The team is told of somebody new in the first days only, not of everybody of a month when posts are turned on. */
const isFresh = ({ joinedOn, appearedOn }: MomentPerson, day: Day): boolean =>
  daysBetween(joinedOn ?? appearedOn ?? day, day) <= 3

/** The moment a row was written for, as the facts are now; undefined when it is no more. */
export async function momentOf(ctx: Ctx, person: Person, args: Record<string, unknown>): Promise<Moment | undefined> {
  const { facts } = await knownPerson(ctx, person)
  const { moments: settings } = ctx.company()
  const key = String(args.key)
  const day = key.startsWith('welcome/') ? today(ctx) : String(args.day)
  return momentsOn(facts, wishDayOf(ctx, day), settings).find((m) => m.key === key)
}

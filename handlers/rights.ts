import type { Ctx } from '../src/context.ts'
import { dayOf, saturdayOf, type Week } from '../src/domain/time.ts'
import type { Person } from '../src/store/people.ts'
import { managerOn } from '../src/store/positions.ts'
import { readOnce } from '../src/store/read-together.ts'

/** A person by what the company file calls them: 工号, or a name that only one person has. */
export function findByRef(people: Person[], ref: string): Person | undefined {
  const byNumber = people.find((p) => p.jobNumber === ref)
  if (byNumber) return byNumber
  const byName = people.filter((p) => p.name === ref)
  return byName.length === 1 ? byName[0] : undefined
}

/**
 * Who scores and decides for somebody: the superior, or the stand-in of the settings where there is none (domain.md §1,
 * §11.16). Undefined: HR has to be told.
 */
export async function judgeOf(ctx: Ctx, person: Person): Promise<Person | undefined> {
  const manager = person.managerId ? await ctx.people.get(person.managerId) : null
  if (manager?.active && manager._id !== person._id) return manager
  return standInOf(ctx, person)
}

/**
 * Who is whose superior, for everybody at once; the stand-ins of the settings where there is none (domain.md §11.16). Given who
 * was it at some time: that one, while they are there and are not the person.
 */
export function judges(ctx: Ctx): Promise<Judges> {
  let read = judgesOf.get(ctx)
  if (!read) {
    read = readOnce(() => readJudges(ctx))
    judgesOf.set(ctx, read)
  }
  return read()
}

export type Judges = (person: Person, was?: string) => string | undefined
const judgesOf = new WeakMap<Ctx, () => Promise<Judges>>()

async function readJudges(ctx: Ctx): Promise<Judges> {
  const cursor = ctx.people.model.collection.find(
    { active: true },
    { projection: { _id: 1, name: 1, jobNumber: 1 }, batchSize: 500 },
  )
  const { standIns } = ctx.company()
  const hasStandIns = Object.keys(standIns).length > 0
  const active = new Set<string>()
  const named: Person[] = []
  for await (const p of cursor) {
    active.add(String(p._id))
    if (hasStandIns) named.push(p as unknown as Person)
  }
  const standIn = standInsAmong(named, standIns)
  return (person, was) =>
    [was, person.managerId].find((id) => id && id !== person._id && active.has(id)) ?? standIn.get(person._id)
}

/** Person to stand-in, by the settings; where somebody is named twice the first counts. */
function standInsAmong(people: Person[], standIns: Record<string, string>): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>()
  for (const [of, to] of Object.entries(standIns)) {
    const [person, standIn] = [findByRef(people, of), findByRef(people, to)]
    if (!person || found.has(person._id)) continue
    found.set(person._id, standIn?._id === person._id ? undefined : standIn?._id)
  }
  return found
}

async function standInOf(ctx: Ctx, person: Person): Promise<Person | undefined> {
  const { standIns } = ctx.company()
  if (Object.keys(standIns).length === 0) return undefined
  const people = await ctx.people.active()
  const id = standInsAmong(people, standIns).get(person._id)
  return people.find((p) => p._id === id)
}

/** Whether `by` may score, excuse, send back or consent for `person`: somebody above them in the tree, never oneself. */
export async function mayJudge(ctx: Ctx, by: Person, person: Person): Promise<boolean> {
  if (!by.active || by._id === person._id) return false
  const above = await ctx.people.chainAbove(person)
  if (above.some((p) => p._id === by._id)) return true
  return (await standInOf(ctx, person))?._id === by._id
}

/**
 * Somebody as they stood in the tree on a week's Saturday, for the rights on that week (domain.md §11.15): under the superior
 * of that day; under the present one where it was not noted, and where that one has left.
 */
export async function asOfWeek(ctx: Ctx, person: Person, week: Week): Promise<Person> {
  const history = (await ctx.positions.many([person._id])).get(person._id)
  const was = managerOn(history, saturdayOf(week), dayOf(ctx.clock.now(), ctx.company().timeZone))
  if (!was || was === person.managerId || was === person._id) return person
  return (await ctx.people.get(was))?.active ? { ...person, managerId: was } : person
}

/** Whether `by` may score a week and send it back: the superior on its Saturday and those above them. */
export const mayJudgeWeek = async (ctx: Ctx, by: Person, person: Person, week: Week): Promise<boolean> =>
  mayJudge(ctx, by, await asOfWeek(ctx, person, week))

/** Whether `by` may answer what is asked about a week, and write of it: also the present superior. */
export const mayAnswerWeek = async (ctx: Ctx, by: Person, person: Person, week: Week): Promise<boolean> =>
  (await mayJudgeWeek(ctx, by, person, week)) || mayJudge(ctx, by, person)

/** Whether `by` may read a week: whoever may read the person's weeks, and the superior of that time. */
export const mayReadWeek = async (ctx: Ctx, by: Person, person: Person, week: Week): Promise<boolean> =>
  (await mayRead(ctx, by, person)) || mayJudgeWeek(ctx, by, person, week)

/** Whether `by` may read a person's weeks: oneself, those above, HR and the general manager. */
export async function mayRead(ctx: Ctx, by: Person, person: Person): Promise<boolean> {
  if (!by.active) return false
  if (by._id === person._id || by.roles.includes('hr') || by.roles.includes('gm')) return true
  return mayJudge(ctx, by, person)
}

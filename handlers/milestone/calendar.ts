import type { Apart } from '../../src/apart.ts'
import type { Ctx } from '../../src/context.ts'
import { dueWords, type MilestoneRule, type Occurrence, occurrenceOf, occurrences } from '../../src/domain/milestone.ts'
import { addDays, type Day, daysBetween, formatDay, formatDayFull, partsOf } from '../../src/domain/time.ts'
import type { MilestoneRow } from '../../src/store/milestones.ts'
import type { Person } from '../../src/store/people.ts'
import { judges } from '../rights.ts'
import { type Resolve, resolver, type Seat } from './owners.ts'

/** So many days before it is due a milestone stands on its owner's list. */
const OPENS_BEFORE = 30
/** A rule whose day was moved by hand still means the same occurrence within this many days. */
const NEAR = 40
const AT_A_TIME = 200

interface Rule extends MilestoneRule {
  owners: string[]
  accepter?: string
}

export const rulesOf = (ctx: Ctx): Rule[] =>
  Object.entries(ctx.company().milestones).map(([id, { accepter, handIn, everyWeeks, ...rule }]) => ({
    ...{ id, ...rule },
    ...(accepter !== undefined && { accepter }),
    ...(handIn !== undefined && { handIn }),
    ...(everyWeeks !== undefined && { everyWeeks }),
  }))

export const milestoneId = (rule: string, cycle: string, ownerId: string): string => `${rule}:${cycle}:${ownerId}`

/** 因元旦由1月1日提前 */
export function movedWords(ctx: Ctx, { planned, due }: Pick<MilestoneRow, 'planned' | 'due'>): string | undefined {
  if (planned === due) return undefined
  const kind = ctx.company().weeks.kind(planned)
  const why = kind.kind === 'holiday' ? (kind.name ?? '节假日') : '休息日'
  return `因${why}由${formatDay(planned)}${due < planned ? '提前' : '顺延'}`
}

export const dueText = (due: Day): string => `${partsOf(due).year}年${formatDayFull(due)}`

export function stateText({ state, due, cancelled }: MilestoneRow, today: Day): string {
  switch (state) {
    case 'open':
      return dueWords(today, due)
    case 'handed-in':
      return '待验收'
    case 'accepted':
      return '已完成'
    case 'past':
      return '已过期'
    case 'cancelled':
      return cancelled?.movedTo ? '已转交' : '已取消'
  }
}

/** What a row is by the calendar. */
type Wanted = Pick<MilestoneRow, '_id' | 'rule' | 'cycle' | 'title' | 'ownerId' | 'planned' | 'due'> &
  Partial<Pick<MilestoneRow, 'seat' | 'handIn' | 'accepterId'>>

export interface Nobody {
  rule: string
  cycle: string
  title: string
  due: Day
  /** Names of the settings that mean nobody. */
  who: string[]
}

/** One occurrence of a rule, with the rows there are of it. */
interface Asked {
  rule: Rule
  occurrence: Occurrence
  /** Those under way first. */
  rows: MilestoneRow[]
}

const isUnderWay = ({ state }: MilestoneRow): boolean => state === 'open' || state === 'handed-in'
const isNear = (one: Day, other: Day): boolean => Math.abs(daysBetween(one, other)) <= NEAR
/** A mistake in the file, or a name that was missing for a day: it goes on as if nothing had been. */
const endedByCalendar = ({ cancelled }: MilestoneRow): boolean => cancelled?.by === 'system'

/** Every occurrence that comes up or is under way, and what is under way without being asked for any more. */
async function askedOn(ctx: Ctx, day: Day): Promise<{ asked: Asked[]; unasked: MilestoneRow[] }> {
  const { weeks } = ctx.company()
  const from = addDays(day, -NEAR)
  const coming = rulesOf(ctx).map((rule) => ({
    rule,
    byCycle: new Map(
      occurrences(rule, from, addDays(day, OPENS_BEFORE), weeks).map((occurrence): [string, Asked] => [
        occurrence.cycle,
        { rule, occurrence, rows: [] },
      ]),
    ),
  }))
  const cycles = [...new Set(coming.flatMap((c) => [...c.byCycle.keys()]))]
  const known = await ctx.milestones.ofCalendar(cycles, addDays(from, -NEAR))
  const underWay = (await ctx.milestones.underWay()).filter((row) => row.rule !== '')
  const rules = new Map(coming.map((c) => [c.rule.id, c]))
  const unasked: MilestoneRow[] = []
  for (const row of new Map([...underWay, ...known].map((r) => [r._id, r])).values()) {
    const { rule, byCycle } = rules.get(row.rule) ?? {}
    const occurrence = rule && occurrenceOf(rule, row, weeks)
    const isSame =
      occurrence !== undefined &&
      (isNear(row.planned, occurrence.planned) ||
        (isUnderWay(row) ? occurrence.due >= day : row.cycle === occurrence.cycle))
    if (isSame && isUnderWay(row) && !byCycle!.has(occurrence.cycle))
      byCycle!.set(occurrence.cycle, { rule: rule!, occurrence, rows: [] })
    if (isSame) byCycle!.get(occurrence.cycle)?.rows.push(row)
    else if (row.state === 'open') unasked.push(row)
  }
  return { asked: coming.flatMap((c) => [...c.byCycle.values()]), unasked }
}

/** As the settings have it; where the accepter is not found any more the one before stays, for whom HR decides. */
type Make = (owner: Person, seat: string, before?: MilestoneRow) => Wanted

function maker({ rule, occurrence }: Asked, resolve: Resolve, judgeOf: (person: Person) => string | undefined): Make {
  const { id, title, handIn, accepter } = rule
  const { cycle, planned, due } = occurrence
  const named = accepter === undefined ? undefined : resolve([accepter]).seats[0]?.person?._id
  return (owner, seat, before) => {
    const known = accepter === undefined ? undefined : (named ?? before?.accepterId)
    // Nobody accepts their own.
    const accepterId = known === owner._id ? judgeOf(owner) : known
    return {
      ...{ _id: milestoneId(id, cycle, owner._id), rule: id, cycle, title, ownerId: owner._id, seat, planned, due },
      ...(handIn !== undefined && { handIn }),
      ...(accepterId !== undefined && { accepterId }),
    }
  }
}

interface Plan {
  /** `row`: the one that is there; `from`: another owner's, which comes with its steps. */
  take: { wanted: Wanted; row?: MilestoneRow; from?: MilestoneRow }[]
  end: MilestoneRow[]
}

const facts = ({ cycle, seat, title, handIn, accepterId, planned, due }: Wanted) =>
  JSON.stringify([cycle, seat ?? null, title, handIn ?? null, accepterId ?? null, planned, due])

/** Still to be done: what is only told is over with its day. */
const isOwed = (row: MilestoneRow, day: Day): boolean =>
  row.state === 'open' && (row.handIn !== undefined || row.due >= day)

/**
 * Who has what of one occurrence: each owner one row. Where somebody else has come into a seat, an open row goes to them, and one
 * that was handed in stays the only one; an empty seat keeps what it has.
 */
function plan({ rows, occurrence }: Asked, seats: Seat[], make: Make, day: Day): Plan {
  const owners = new Map<string, { person: Person; seat: string }>()
  for (const { seat, person } of seats) if (person && !owners.has(person._id)) owners.set(person._id, { person, seat })
  const isEmpty = new Map(seats.map(({ seat, person }) => [seat, person === undefined]))
  const live = rows.filter((r) => !endedByCalendar(r))
  const spare = new Set(live.filter((r) => !owners.has(r.ownerId)))
  const ended = rows.filter(endedByCalendar)
  const made: Plan = { take: [], end: [] }
  for (const [id, { person, seat }] of owners) {
    const own = live.find((r) => r.ownerId === id)
    if (own) {
      const wanted = make(person, seat, own)
      const again = own.state === 'past' && occurrence.due >= day
      if ((own.state === 'open' && facts(own) !== facts(wanted)) || again) made.take.push({ wanted, row: own })
      continue
    }
    const before =
      [...spare].find((r) => r.seat === seat) ?? [...spare].find((r) => r.seat === undefined || !isEmpty.has(r.seat))
    if (before) {
      spare.delete(before)
      if (isOwed(before, day)) made.take.push({ wanted: make(person, seat, before), from: before })
      continue
    }
    const row = ended.find((r) => r.ownerId === id)
    const from = row ? undefined : ended.find((r) => r.cancelled!.movedTo === id)
    // What is over when it is asked for first is nobody's fault.
    if (row || from || occurrence.due >= day)
      made.take.push({ wanted: make(person, seat, row ?? from), ...(row && { row }), ...(from && { from }) })
  }
  made.end.push(...[...spare].filter((r) => r.state === 'open' && !isEmpty.get(r.seat ?? '')))
  return made
}

/**
 * Brings the rows in line with the calendar: opens what comes within a month, takes over changed days and names, hands what is open
 * to whoever has come in its owner's place, ends what the calendar does not ask for any more and days that were only told.
 *
 * @returns what has nobody to do or to accept it
 */
export async function keepCalendar(ctx: Ctx, day: Day, cause: string, parts: Apart): Promise<Nobody[]> {
  const [people, judgeOf, { asked, unasked }] = await Promise.all([ctx.people.active(), judges(ctx), askedOn(ctx, day)])
  const resolve = resolver(people)
  const nobody: Nobody[] = []
  const takes: Plan['take'] = []
  for (const one of asked) {
    const { rule, occurrence, rows } = one
    const { seats, unknown } = resolve(rule.owners)
    const who = [...unknown, ...(rule.accepter === undefined ? [] : resolve([rule.accepter]).unknown)]
    const { id, title } = rule
    const { cycle, due } = occurrence
    if (who.length > 0 && (due >= day || rows.some(isUnderWay))) nobody.push({ rule: id, cycle, title, due, who })
    const { take, end } = plan(one, seats, maker(one, resolve, judgeOf), day)
    takes.push(...take)
    unasked.push(...end)
  }
  const names = new Map(people.map((p) => [p._id, p.name]))
  for (let from = 0; from < takes.length; from += AT_A_TIME)
    await Promise.all(
      takes.slice(from, from + AT_A_TIME).map((t) => parts.run(t.wanted._id, () => take(ctx, t, names, day, cause))),
    )
  for (const row of unasked) await parts.run(row._id, () => end(ctx, row, 'cancelled', cause, { reason: '日历已调整' }))
  for (const row of await ctx.milestones.underWay())
    if (!row.handIn && row.due < day) await parts.run(row._id, () => end(ctx, row, 'past', cause))
  return nobody
}

async function take(
  ctx: Ctx,
  { wanted, row: own, from }: Plan['take'][number],
  names: ReadonlyMap<string, string>,
  day: Day,
  cause: string,
): Promise<void> {
  if (from && !endedByCalendar(from)) {
    const { ownerId: movedTo } = wanted
    const reason = `已转给${names.get(movedTo)}`
    // Handed in at this moment: it stays the one of this occurrence.
    if (!(await end(ctx, from, 'cancelled', cause, { reason, movedTo }))) return
  }
  const steps = from && (await ctx.milestones.get(from._id))!.steps
  await ctx.milestones.change(own?._id ?? wanted._id, cause, (row) => {
    const again = endedByCalendar(row) || (row.state === 'past' && wanted.due >= day)
    if (row.state !== 'open' && !again) return { outcome: null }
    const { handIn: _, accepterId: __, cancelled: ___, overAt: ____, ...rest } = row
    return {
      row: {
        ...rest,
        ...wanted,
        ...{ _id: row._id, state: 'open' },
        ...(from && { steps, takenFrom: { ownerId: from.ownerId, day } }),
      },
      outcome: null,
    }
  })
}

/** @returns whether it was open, and is ended by this */
async function end(
  ctx: Ctx,
  { _id }: MilestoneRow,
  state: 'cancelled' | 'past',
  cause: string,
  why?: { reason: string; movedTo?: string },
): Promise<boolean | undefined> {
  const at = ctx.clock.now()
  return ctx.milestones.change<boolean>(_id, `${cause}/end`, (row) =>
    row.state === 'open'
      ? { row: { ...row, state, overAt: at, ...(why && { cancelled: { by: 'system', at, ...why } }) }, outcome: true }
      : { outcome: false },
  )
}

/** What the calendar will bring within a year, for the board. */
export async function ahead(ctx: Ctx, day: Day): Promise<{ title: string; due: Day; owner: string }[]> {
  const { weeks } = ctx.company()
  return rulesOf(ctx)
    .flatMap((rule) =>
      occurrences(rule, addDays(day, OPENS_BEFORE + 1), addDays(day, 365), weeks).map(({ due }) => ({
        ...{ title: rule.title, due },
        owner: rule.owners.map((o) => ({ hr: '人力资源', gm: '总经理', 各部门: '各部门负责人' })[o] ?? o).join('、'),
      })),
    )
    .sort((a, b) => (a.due < b.due ? -1 : a.due > b.due ? 1 : 0))
}

import type { Ctx } from '../../src/context.ts'
import { dueWords, type MilestoneRule, occurrences } from '../../src/domain/milestone.ts'
import { addDays, type Day, formatDay, formatDayFull, partsOf } from '../../src/domain/time.ts'
import type { MilestoneRow } from '../../src/store/milestones.ts'
import type { Person } from '../../src/store/people.ts'
import { judges } from '../rights.ts'
import { resolver } from './owners.ts'

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

export function stateText({ state, due }: MilestoneRow, today: Day): string {
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
      return '已取消'
  }
}

/** What a row that is not there yet would be. */
type Wanted = Pick<MilestoneRow, '_id' | 'rule' | 'cycle' | 'title' | 'ownerId' | 'planned' | 'due'> &
  Partial<Pick<MilestoneRow, 'handIn' | 'accepterId'>>

export interface Nobody {
  rule: string
  cycle: string
  title: string
  due: Day
  /** Names of the settings that mean nobody. */
  who: string[]
}

/** Everything that the calendar asks of people who are at work, due from one day to another. */
async function wantedBetween(ctx: Ctx, from: Day, to: Day): Promise<{ wanted: Wanted[]; nobody: Nobody[] }> {
  const [people, judgeOf] = await Promise.all([ctx.people.active(), judges(ctx)])
  const resolve = resolver(people)
  const { weeks } = ctx.company()
  const accepterFor = (rule: Rule, owner: Person): string | undefined => {
    const named = rule.accepter === undefined ? undefined : resolve([rule.accepter]).people[0]?._id
    // Nobody accepts their own.
    return named === owner._id ? judgeOf(owner) : named
  }
  const wanted: Wanted[] = []
  const nobody: Nobody[] = []
  for (const rule of rulesOf(ctx)) {
    const { id, title, handIn } = rule
    const owners = resolve(rule.owners)
    const accepters = rule.accepter === undefined ? [] : resolve([rule.accepter]).unknown
    for (const { cycle, planned, due } of occurrences(rule, from, to, weeks)) {
      const who = [...owners.unknown, ...accepters]
      if (who.length > 0) nobody.push({ rule: id, cycle, title, due, who })
      for (const owner of owners.people) {
        const accepterId = accepterFor(rule, owner)
        wanted.push({
          ...{ _id: milestoneId(id, cycle, owner._id), rule: id, cycle, title, ownerId: owner._id, planned, due },
          ...(handIn !== undefined && { handIn }),
          ...(accepterId !== undefined && { accepterId }),
        })
      }
    }
  }
  return { wanted, nobody }
}

const facts = ({ title, handIn, accepterId, planned, due }: Wanted) =>
  JSON.stringify([title, handIn ?? null, accepterId ?? null, planned, due])

/**
 * Brings the rows in line with the calendar: opens what comes within a month, takes over changed days and names, ends what the
 * calendar does not ask for any more and days that were only told.
 *
 * @returns what has nobody to do it
 */
export async function keepCalendar(ctx: Ctx, day: Day, cause: string): Promise<Nobody[]> {
  const { wanted, nobody } = await wantedBetween(ctx, addDays(day, -NEAR), addDays(day, OPENS_BEFORE))
  const known = await ctx.milestones.known(wanted.map((w) => w._id))
  const changed = wanted.filter((w) => {
    const before = known.get(w._id)
    // What is over when it is asked for first is nobody's fault.
    if (!before) return w.due >= day
    return before.state === 'open' ? facts(before) !== facts(w) : endedByCalendar(before)
  })
  for (let from = 0; from < changed.length; from += AT_A_TIME)
    await Promise.all(changed.slice(from, from + AT_A_TIME).map((w) => take(ctx, w, cause)))
  await endOld(ctx, day, cause)
  return nobody.filter((n) => n.due >= day)
}

/** A mistake in the file, or a name that was missing for a day: it goes on as if nothing had been. */
const endedByCalendar = ({ cancelled }: MilestoneRow): boolean => cancelled?.by === 'system'

async function take(ctx: Ctx, w: Wanted, cause: string): Promise<void> {
  await ctx.milestones.change(w._id, cause, (row) => {
    if (row.state !== 'open' && !endedByCalendar(row)) return { outcome: null }
    const { handIn: _, accepterId: __, cancelled: ___, overAt: ____, ...rest } = row
    return { row: { ...rest, state: 'open', ...w }, outcome: null }
  })
}

async function endOld(ctx: Ctx, day: Day, cause: string): Promise<void> {
  const underWay = await ctx.milestones.underWay()
  if (underWay.length === 0) return
  const first = underWay.map((r) => r.planned).sort()[0]!
  const { wanted } = await wantedBetween(ctx, addDays(first, -NEAR), addDays(day, OPENS_BEFORE + NEAR))
  const asked = new Set(wanted.map((w) => w._id))
  for (const row of underWay) {
    const end = row.rule !== '' && !asked.has(row._id) ? 'cancelled' : !row.handIn && row.due < day ? 'past' : undefined
    if (!end || row.state !== 'open') continue
    const at = ctx.clock.now()
    await ctx.milestones.change(row._id, `${cause}/end`, (r) => {
      if (r.state !== 'open') return { outcome: null }
      const cancelled = { by: 'system', at, reason: '日历已调整' }
      return {
        row: { ...r, state: end, overAt: at, ...(end === 'cancelled' && { cancelled }) },
        outcome: null,
      }
    })
  }
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

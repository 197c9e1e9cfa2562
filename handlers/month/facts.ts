import { createHash } from 'node:crypto'
import { type Company, schemeFor } from '../../src/company.ts'
import type { Ctx } from '../../src/context.ts'
import type { BehaviourFact } from '../../src/domain/behaviour.ts'
import { isOnTime } from '../../src/domain/deadline.ts'
import {
  checklistWork,
  kpiWork,
  type RaterGroup,
  type RatersScheme,
  ratersWork,
  type Scheme,
  surveyWork,
  type Work,
  weeklyWork,
} from '../../src/domain/schemes.ts'
import { type WeekResult, weekResult } from '../../src/domain/score.ts'
import type { Part, SettleFacts } from '../../src/domain/settlement.ts'
import {
  addDays,
  type Day,
  dayOf,
  formatWeek,
  lastDayOf,
  type Month,
  previousMonth,
  saturdayOf,
  type Week,
  weeksOfMonth,
} from '../../src/domain/time.ts'
import type { MonthInput } from '../../src/store/month-inputs.ts'
import type { Person } from '../../src/store/people.ts'
import { managerOn, type PositionHistory, positionOn } from '../../src/store/positions.ts'
import type { ResultRow, ResultVersion } from '../../src/store/results.ts'
import type { SurveyScore } from '../../src/store/survey-scores.ts'
import { type WeekRow, weekRowId } from '../../src/store/weeks.ts'
import { findByRef, type Judges } from '../rights.ts'
import { isLeaveOpen, itemsOf, makeView, type WeekView } from '../weekly/week.ts'

/** What is the same for everybody of a month. */
export interface MonthFrame {
  month: Month
  company: Company
  now: Date
  /** When the month was published, once it is: then each result is made of the rules of its version. */
  published: Date | undefined
  /** The weeks of the month, each with its Saturday, the open week before it, and how it is called. */
  weeks: { week: Week; saturday: Day; before: Week; title: string }[]
  firstWeek: Week
  surveys: SurveyScore[]
  ruleVersion: string
  /** By 工号 or unique name, for raters: also those who have left since. Nobody when no scheme asks for it. */
  refs: (ref: string) => string | undefined
  /** Who of them has left. */
  gone: ReadonlySet<string>
}

/** The rules in force: the part of the company file that results come from, as JSON. */
export function rulesOf({ schemes, kpis, positions, behaviour, grades }: Company): string {
  return JSON.stringify({ schemes, kpis, positions, behaviour, grades })
}

/** Names rules by what they say. */
const ruleVersionOf = (rules: string): string => createHash('sha256').update(rules).digest('hex').slice(0, 12)

/** What a month is settled with, read once for everybody. @param company the file in force, or with the rules of another time */
export async function monthFrame(ctx: Ctx, month: Month, now: Date, company = ctx.company()): Promise<MonthFrame> {
  const rated = Object.values(company.schemes).some((s) => s.kind === 'raters')
  const active = rated ? await ctx.people.active() : []
  const gone = rated ? (await ctx.people.leftSince(`${month}-01`)).filter((p) => worksIn(p, month)) : []
  const known = new Map<string, string | undefined>()
  const refs = (ref: string) => {
    if (!known.has(ref)) known.set(ref, (findByRef(active, ref) ?? findByRef(gone, ref))?._id)
    return known.get(ref)
  }
  return {
    month,
    company,
    now,
    published: (await ctx.months.get(month)).published?.at,
    weeks: weeksOfMonth(month).map((week) => ({
      week,
      saturday: saturdayOf(week),
      before: company.weeks.previousOpenWeek(week),
      title: formatWeek(week),
    })),
    firstWeek: ctx.firstWeek,
    surveys: await ctx.surveyScores.ofMonth(month),
    ruleVersion: ruleVersionOf(rulesOf(company)),
    refs,
    gone: new Set(gone.map((p) => p._id)),
  }
}

/** Whether somebody was employed on at least one day of the month; a record that was joined to another is nobody's. */
export const worksIn = (person: Person, month: Month): boolean =>
  person.joinedInto === undefined &&
  (person.joinedOn === undefined || person.joinedOn <= lastDayOf(month)) &&
  (person.leftOn === undefined ? person.active : person.leftOn >= `${month}-01`)

/** Some days of a month in one position, both included, with the scheme that counts for it; none: the company has set none. */
export interface PersonPart {
  from: Day
  to: Day
  position: string
  rules?: { name: string; scheme: Scheme }
}

/**
 * The days of a month in each position, clipped to the employment (domain.md §11.21). What is asked for in a month and what it
 * is settled from both follow from these, so that nothing is asked for that nobody can give.
 */
export function partsOf(
  company: Company,
  person: Person,
  month: Month,
  history: PositionHistory['history'] = [],
): PersonPart[] {
  const first = `${month}-01`
  const last = lastDayOf(month)
  const from = person.joinedOn && person.joinedOn > first ? person.joinedOn : first
  const to = person.leftOn && person.leftOn < last ? person.leftOn : last
  const parts = [{ from, to, position: positionOn(history, from) ?? person.position }]
  for (const change of history.filter((h, i) => i > 0 && h.from > from && h.from <= to)) {
    const open = parts.at(-1)!
    if (change.position === open.position) continue
    open.to = addDays(change.from, -1)
    parts.push({ from: change.from, to, position: change.position })
  }
  return parts.map((part) => {
    const rules = schemeFor(company, part.position)
    return rules ? { ...part, rules } : part
  })
}

/** Whose word is the manager's on somebody's month: the superior's of its last day, or of the person's own (domain.md §11.22). */
export function superiorIn(
  judgeOf: Judges,
  person: Person,
  month: Month,
  history: PositionHistory['history'] | undefined,
  today: Day,
): string | undefined {
  const last = lastDayOf(month)
  const day = person.leftOn && person.leftOn < last ? person.leftOn : last
  return judgeOf(person, managerOn(history, day, today))
}

/** Who rates somebody of a rater scheme, with what weight (domain.md §2, 篇八). Ids of people. */
export function ratersOf(
  scheme: RatersScheme,
  person: Person,
  refs: (ref: string) => string | undefined,
  judgeId: string | undefined,
): (Omit<RaterGroup, 'raters'> & { raters: (RaterGroup['raters'][number] & { id: string })[] })[] {
  const entry = Object.entries(scheme.people).find(([ref]) => refs(ref) === person._id)?.[1] ?? {}
  const project = entry.project ?? scheme.project
  const peers = (entry.peers ?? []).flatMap((ref) => refs(ref) ?? []).filter((id) => id !== person._id)
  const managers = Object.entries(entry.projectManagers ?? {}).flatMap(([ref, weight]) => {
    const id = refs(ref)
    return id && id !== person._id ? [{ id, role: 'project-manager' as const, weight }] : []
  })
  // Without peers the manager's word is the whole of the non-project part.
  const rest = [
    ...(judgeId ? [{ id: judgeId, role: 'manager' as const, weight: peers.length > 0 ? scheme.manager : 100 }] : []),
    ...peers.map((id) => ({ id, role: 'peer' as const, weight: `${scheme.peers}/${peers.length}` })),
  ]
  return [
    { name: '项目工作', share: project, raters: managers },
    { name: '其他工作', share: 100 - project, raters: rest.filter((r) => r.weight !== 0) },
  ]
}

interface Records {
  weeks: Map<string, WeekRow>
  input: MonthInput | undefined
  behaviour: BehaviourFact[]
  history: PositionHistory['history'] | undefined
  previous: string | undefined
}

const because = { closed: '放假', 'not-joined': '未入职', 'first-week': '入职首周', left: '已离职', excused: '免计' }

/** How a week counts in its month (domain.md §3, §11.6, §11.10). */
export function weekOutcome(view: WeekView, now: Date): WeekResult {
  const { week, status, row, due } = view
  if (status.kind !== 'not-owed' && !row.score && due !== 'closed' && isOnTime(now, due.deadline))
    return { week, kind: 'missing', lines: ['未到截止时间'] }
  const result = weekResult({
    week,
    ...(status.kind === 'not-owed' && { excused: { because: because[status.because] } }),
    submitted: view.counts ? (view.counts.late ? 'late' : 'on-time') : 'none',
    items: itemsOf(view),
    deductions: row.score?.deductions ?? [],
  })
  // Somebody who asked for leave is owed an answer before the week counts as nothing.
  return result.kind === 'zero' && isLeaveOpen(view)
    ? { week, kind: 'missing', because: 'leave', lines: ['请假未确认'] }
    : result
}

const zeros = { 'nothing-submitted': '未提交，按0分计', 'no-points': '没有计划，按0分计' } as const

const blankWeek = (personId: string, week: Week): WeekRow => ({
  _id: weekRowId(personId, week),
  personId,
  week,
  submissions: [],
  pastScores: [],
  notes: [],
  rev: 0,
  applied: [],
})

function weeklyPart(frame: MonthFrame, person: Person, from: Day, to: Day, rows: Map<string, WeekRow>): Work {
  const { company, now, month, firstWeek } = frame
  const weeks = frame.weeks.filter((w) => w.saturday >= from && w.saturday <= to)
  const lines: string[] = []
  const remarks: string[] = []
  const results = weeks.map(({ week, before, title }): WeekResult => {
    if (week <= firstWeek) return { week, kind: 'excused', lines: ['系统启用前，不计入当月'] }
    const row = rows.get(week) ?? blankWeek(person._id, week)
    const view = makeView(company, person, row, rows.get(before) ?? blankWeek(person._id, before), now)
    const result = weekOutcome(view, now)
    if (result.kind === 'scored') lines.push(title, ...result.lines.map((l) => `　${l}`))
    if (result.kind === 'zero') {
      lines.push(title, `　${zeros[result.because]}`)
      remarks.push(`${title}${zeros[result.because]}，可补分或免计`)
    }
    return result
  })
  const work = weeklyWork(month, results)
  return { ...work, lines: [...lines, ...work.lines], ...(remarks.length > 0 && { remarks }) }
}

function workOf(
  frame: MonthFrame,
  person: Person,
  { rules, ...part }: PersonPart,
  r: Records,
  judgeId: string | undefined,
): Part {
  if (!rules) return { ...part, work: { kind: 'missing', missing: [], lines: [] } }
  const { scheme, name } = rules
  const done = (work: Work): Part => ({ ...part, scheme: name, work })
  switch (scheme.kind) {
    case 'weekly':
      return done(weeklyPart(frame, person, part.from, part.to, r.weeks))
    case 'none':
      return done({ kind: 'none', lines: ['该岗位不考核工作得分'] })
    case 'checklist': {
      const given = r.input?.checklist?.items
      return done(
        checklistWork(
          scheme.items.map(({ name: item, points }) => {
            const got = given?.find((g) => g.name === item && g.points === points)?.got
            return got === undefined ? { name: item, points } : { name: item, points, got }
          }),
        ),
      )
    }
    case 'survey': {
      const title = frame.company.surveys[scheme.survey]?.title ?? scheme.survey
      const fact = frame.surveys.find((s) => s.surveyId === scheme.survey && s.positions.includes(part.position))
      return done(surveyWork(title, fact))
    }
    case 'raters': {
      const ratings = r.input?.ratings ?? []
      // What a former superior gave stays the manager's word until the present one gives theirs.
      const former = ratings.findLast((x) => x.as === 'manager')
      const groups = ratersOf(scheme, person, frame.refs, judgeId ?? former?.by).map((g) => ({
        ...g,
        raters: g.raters.map(({ id, ...rater }) => {
          const own = ratings.find((x) => x.by === id)
          const score = (own ?? (rater.role === 'manager' ? former : undefined))?.score
          return { ...rater, ...(frame.gone.has(id) && { gone: true }), ...(score !== undefined && { score }) }
        }),
      }))
      return done(ratersWork(groups, r.input?.ratingClosed !== undefined))
    }
    case 'kpi': {
      const indicators = scheme.indicators.map((i) => {
        const kpi = frame.company.kpis[i.kpi]!
        const target = i.target ?? kpi.target
        const actual = r.input?.kpi.find((k) => k.name === i.kpi)?.actual
        return {
          name: i.kpi,
          kpi,
          weight: i.weight,
          ...(target !== undefined && { target }),
          ...(actual !== undefined && { actual }),
        }
      })
      return done(kpiWork(indicators, scheme.cap))
    }
  }
}

/** The rules that each published result was made of, where they are not those in force: a correction changes nothing else (domain.md §6). */
async function framesOf(ctx: Ctx, frame: MonthFrame, ids: string[]): Promise<Map<string, MonthFrame>> {
  const frames = new Map<string, MonthFrame>()
  if (!frame.published) return frames
  const known = new Map<string, MonthFrame>([[frame.ruleVersion, frame]])
  for (const { personId, versions } of await ctx.results.many(frame.month, ids)) {
    const version = versions.at(-1)?.result.ruleVersion
    if (version === undefined) continue
    let own = known.get(version)
    if (!own) {
      const rules = await ctx.rules.get(frame.month, version)
      // Published before rules were kept: those in force have to do.
      own = rules ? await monthFrame(ctx, frame.month, frame.now, { ...frame.company, ...JSON.parse(rules) }) : frame
      known.set(version, own)
    }
    frames.set(personId, own)
  }
  return frames
}

/**
 * Reads what is recorded of some people's month, a few queries whatever their number, and gives each one's facts. Only people
 * who work in the month; `judgeOf` tells who their superior is.
 *
 * @param inOrder nobody else's id lies between the first and the last
 */
export async function factsOf(
  ctx: Ctx,
  frame: MonthFrame,
  people: Person[],
  judgeOf: Judges,
  inOrder = false,
): Promise<Map<string, SettleFacts>> {
  if (people.length === 0) return new Map()
  const { month, weeks } = frame
  const today = dayOf(frame.now, frame.company.timeZone)
  const ids = people.map((p) => p._id)
  const wanted = [...new Set(weeks.flatMap((w) => [w.before, w.week]))]
  // One range of the index for each week where the people follow each other, as they do when a company is settled.
  const who = inOrder ? { $gte: ids[0]!, $lte: ids.at(-1)! } : { $in: ids }
  const ofWeek = (week: Week) => {
    const rows = ctx.weeks.model.collection.find({ week, personId: who }, { projection: unneeded })
    return rows.toArray() as unknown as Promise<WeekRow[]>
  }
  const [weekRows, inputs, behaviour, positions, last] = await Promise.all([
    Promise.all(wanted.map(ofWeek)).then((rows) => rows.flat()),
    ctx.monthInputs.many(month, ids),
    ctx.behaviours.counting(month, ids),
    ctx.positions.many(ids),
    ctx.results.many(previousMonth(month), ids),
  ])
  const frames = await framesOf(ctx, frame, ids)
  const weeksOf = groupBy(weekRows, (r) => r.personId)
  const behaviourOf = groupBy(behaviour, (r) => r.personId)
  const previousOf = new Map(last.map((r) => [r.personId, inForce(r, frame.published)?.result.shownTotal]))
  return new Map(
    people.map((person) => {
      const records: Records = {
        weeks: new Map((weeksOf.get(person._id) ?? []).map((r) => [r.week, r])),
        input: inputs.get(person._id),
        behaviour: (behaviourOf.get(person._id) ?? []).map(({ _id, day, title, points, times, facts }) => ({
          id: _id,
          day,
          title,
          points,
          times,
          facts,
        })),
        history: positions.get(person._id),
        previous: previousOf.get(person._id),
      }
      const judgeId = superiorIn(judgeOf, person, month, records.history, today)
      const own = frames.get(person._id) ?? frame
      const parts = partsOf(own.company, person, month, records.history).map((part) =>
        workOf(own, person, part, records, judgeId),
      )
      const facts: SettleFacts = {
        month,
        ...(person.joinedOn && { joined: person.joinedOn }),
        ...(person.leftOn && { left: person.leftOn }),
        parts,
        behaviour: records.behaviour,
        adjustments: (records.input?.adjustments ?? []).map(({ points, reason, day }) => ({ points, reason, day })),
        grades: own.company.grades,
        ...(records.previous !== undefined && { previous: records.previous }),
        ruleVersion: own.ruleVersion,
      }
      return [person._id, facts]
    }),
  )
}

/** The version of another month that stood when this one was published (domain.md §11.20); the newest until then. */
const inForce = ({ versions }: ResultRow, published: Date | undefined): ResultVersion | undefined =>
  versions.findLast((v) => !published || v.at <= published)

/** What people wrote about their week and its history: most of a row, and no part of its score. */
const unneeded = { 'submissions.content.summary': 0, draft: 0, notes: 0, pastScores: 0, applied: 0 }

function groupBy<T>(rows: readonly T[], key: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const group = groups.get(key(row))
    if (group) group.push(row)
    else groups.set(key(row), [row])
  }
  return groups
}

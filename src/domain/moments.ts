import { type Birthday, type BirthdayRules, birthdayOn, type DayInBoth, inBothCalendars } from './birthday.ts'
import type { Calendar } from './calendar.ts'
import { addDays, type Day, daysBetween, partsOf, weekOf } from './time.ts'

/** What the rules of people's moments need to know of somebody (domain.md §7). */
export interface MomentPerson {
  id: string
  active: boolean
  /** Hire date. */
  joinedOn?: Day
  /** First seen in the contacts, for somebody who came after the bot did: stands in for a missing hire date. */
  appearedOn?: Day
  /** The last day, which still counts as employed (domain.md §11.32). */
  leftOn?: Day
  /** Counts employments: somebody who left and came back is in their second. */
  stint: number
  birthday?: Birthday
  feb29?: BirthdayRules['feb29']
  leapMonth?: BirthdayRules['leapMonth']
  /** `private`: no wishes where others read them. `none`: no wishes at all. */
  wishes: 'all' | 'private' | 'none'
}

export interface MomentSettings {
  /** A wish whose day is a day off: on that day still, or on the last working day before it. */
  restDay: 'same-day' | 'workday-before'
  /** Unless the person chose otherwise. */
  feb29: BirthdayRules['feb29']
}

/** Something to say to one person on one day; `key` is the fact it is said once for. */
export type Moment =
  | { kind: 'welcome'; key: string }
  | { kind: 'check-in'; key: string; after: 7 | 30 }
  /** One message when birthday and anniversary fall together (domain.md §11.31). `years` of service, 1 or more. */
  | { kind: 'wish'; key: string; birthday: boolean; years?: number; public: boolean }
  | { kind: 'farewell'; key: string }

/** A day on which wishes are sent, with the days they are for. */
export interface WishDay {
  day: Day
  wishesFor: DayInBoth[]
  /** The days whose check-ins are due: this one, and days off just before it when it is a working day. */
  checkInsOf: Day[]
}

/** Worked out once a day, asked for everybody. */
export function wishDay(day: Day, calendar: Calendar, { restDay }: MomentSettings): WishDay {
  const working = calendar.isWorkday(day)
  const wishesFor: Day[] = []
  if (restDay === 'same-day') wishesFor.push(day)
  else if (working) for (let on = day; on === day || !calendar.isWorkday(on); on = addDays(on, 1)) wishesFor.push(on)
  const checkInsOf: Day[] = []
  if (working) for (let on = day; on === day || !calendar.isWorkday(on); on = addDays(on, -1)) checkInsOf.push(on)
  return { day, wishesFor: wishesFor.map(inBothCalendars), checkInsOf }
}

/** A welcome is not sent when the first day is longer past than this (domain.md §11.32). */
const WELCOME_DAYS = 30

/**
 * What one person is owed on a day, by the facts alone: whoever asks twice gets the same keys. Nothing before the first day
 * and nothing after the last. Wishes are for their day; a welcome is owed for 30 days from the first.
 */
export function momentsOn(person: MomentPerson, on: WishDay, settings: MomentSettings): Moment[] {
  const { id, stint, joinedOn, leftOn } = person
  if (!person.active || (leftOn !== undefined && on.day > leftOn)) return []
  const began = joinedOn ?? person.appearedOn
  if (began !== undefined && on.day < began) return []
  const moments: Moment[] = []
  if (began !== undefined && daysBetween(began, on.day) <= WELCOME_DAYS)
    moments.push({ kind: 'welcome', key: `welcome/${id}/${stint}` })
  for (const after of [7, 30] as const) {
    if (began !== undefined && on.checkInsOf.includes(addDays(began, after - 1)))
      moments.push({ kind: 'check-in', key: `check-in/${id}/${stint}/${after}`, after })
  }
  const wish = wishOn(person, on, settings)
  if (wish) moments.push(wish)
  if (leftOn === on.day) moments.push({ kind: 'farewell', key: `farewell/${id}/${stint}` })
  return moments
}

export const rulesOf = (person: MomentPerson, settings: MomentSettings): BirthdayRules => ({
  feb29: person.feb29 ?? settings.feb29,
  leapMonth: person.leapMonth ?? 'leap',
})

function wishOn(person: MomentPerson, on: WishDay, settings: MomentSettings): Moment | undefined {
  if (person.wishes === 'none') return undefined
  const rules = rulesOf(person, settings)
  const { birthday, joinedOn, leftOn } = person
  // A wish sent ahead is no wish for somebody who is gone by then.
  const days = on.wishesFor.filter((d) => leftOn === undefined || d.day <= leftOn)
  const first = <T>(of: (day: DayInBoth) => T | undefined): T | undefined => {
    for (const day of days) {
      const found = of(day)
      if (found !== undefined) return found
    }
    return undefined
  }
  const year = birthday && first((d) => birthdayOn(birthday, d, rules))
  const service = joinedOn === undefined ? undefined : first((d) => serviceYears(joinedOn, d, rules))
  if (year === undefined && service === undefined) return undefined
  return {
    kind: 'wish',
    key:
      birthday && year !== undefined
        ? `birthday/${person.id}/${birthday.calendar}/${year}`
        : `anniversary/${person.id}/${service!.in}`,
    birthday: year !== undefined,
    ...(service && { years: service.years }),
    public: person.wishes === 'all',
  }
}

/** Whole years of service completed on just this day. */
function serviceYears(joinedOn: Day, on: DayInBoth, rules: BirthdayRules): { years: number; in: number } | undefined {
  const { year, month, dayOfMonth } = partsOf(joinedOn)
  const same = birthdayOn({ calendar: 'solar', month, day: dayOfMonth }, on, rules) !== undefined
  return same && on.year > year ? { years: on.year - year, in: on.year } : undefined
}

export type Term = 'probation' | 'contract'

/** Days before the end on which manager and HR are told: domain.md §7, then again while nobody has answered. */
export const TERM_STAGES: Record<Term, readonly number[]> = {
  probation: [14, 7, 3, 1, 0],
  contract: [60, 30, 14, 7, 3, 1, 0],
}

/**
 * The notice that is owed on a day about the end of a probation or contract: the latest stage that has come, so that a date
 * entered late is told at once and one told during an outage is not made up for. On a day off nothing is due; what falls
 * on one is due on the working day before (domain.md §11.31), or, entered late, on the next. Past the end every week
 * is a stage of its own: an unanswered case does not go away.
 *
 * @returns the stage's name, part of the key under which it is told once
 */
export function termStage(term: Term, endsOn: Day, today: Day, calendar: Calendar): string | undefined {
  if (!calendar.isWorkday(today)) return undefined
  if (today > endsOn) return `overdue-${weekOf(today)}`
  let stage: string | undefined
  for (const ahead of TERM_STAGES[term]) {
    const planned = addDays(endsOn, -ahead)
    const day = calendar.isWorkday(planned) ? planned : calendar.previousWorkday(planned)
    if (day <= today) stage = String(ahead)
  }
  return stage
}

/**
 * Which of several wordings somebody gets: neighbours of one day differ, and so do the days around it and one person's years.
 *
 * @param place among those who are told on this day, from 0
 */
export const variantOf = (day: Day, place: number, variants: number): number =>
  (((daysBetween('2020-01-01', day) * 3 + place) % variants) + variants) % variants

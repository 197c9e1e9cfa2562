import { addDays, type Day } from './time.ts'

/** Why HR talks with somebody (domain.md §7, §11.34); the first three are due without fail. */
export type TalkOccasion = 'joining' | 'regular' | 'leaving' | 'yearly'

export const OCCASIONS: Record<TalkOccasion, string> = {
  joining: '入职',
  regular: '转正',
  leaving: '离职',
  yearly: '年度',
}

export interface TalkPerson {
  id: string
  joinedOn?: Day
  probationEndsOn?: Day
  leftOn?: Day
}

export interface DueTalk {
  personId: string
  occasion: TalkOccasion
  /** The last day to hold it. */
  by: Day
}

/** A talk at joining is held within this many days of the first. */
const JOINING_DAYS = 30
/** How long before its end a probation's talk is put on the list, and how long it stays after. */
const REGULAR_DAYS = 14

/**
 * The talks that are due with one person on a day: at joining, 转正 and leaving without fail, and one in every calendar year,
 * for which any of the others counts. Somebody who joined this year has the year's talk by their joining talk.
 *
 * @param held what was held with them, by occasion and day
 */
export function dueTalks(person: TalkPerson, held: { occasion: TalkOccasion; heldOn: Day }[], today: Day): DueTalk[] {
  const { id, joinedOn, probationEndsOn, leftOn } = person
  if ((leftOn !== undefined && today > leftOn) || (joinedOn !== undefined && today < joinedOn)) return []
  const had = (occasion: TalkOccasion, since: Day) => held.some((t) => t.occasion === occasion && t.heldOn >= since)
  const due: DueTalk[] = []
  if (joinedOn !== undefined && today <= addDays(joinedOn, JOINING_DAYS * 3) && !had('joining', joinedOn))
    due.push({ personId: id, occasion: 'joining', by: addDays(joinedOn, JOINING_DAYS) })
  if (
    probationEndsOn !== undefined &&
    today >= addDays(probationEndsOn, -REGULAR_DAYS) &&
    today <= addDays(probationEndsOn, REGULAR_DAYS) &&
    !had('regular', joinedOn ?? addDays(probationEndsOn, -200))
  )
    due.push({ personId: id, occasion: 'regular', by: probationEndsOn })
  if (leftOn !== undefined && !had('leaving', joinedOn ?? addDays(leftOn, -90)))
    due.push({ personId: id, occasion: 'leaving', by: leftOn })
  const year = today.slice(0, 4)
  const newcomer = joinedOn?.startsWith(year) === true
  if (due.length === 0 && !newcomer && !held.some((t) => t.heldOn.startsWith(year)))
    due.push({ personId: id, occasion: 'yearly', by: `${year}-12-31` })
  return due
}

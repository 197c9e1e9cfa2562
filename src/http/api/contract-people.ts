/** What HR's pages about people are answered. Imported by the pages, like contract.ts. */

export interface PersonLine {
  id: string
  name: string
  /** Department and, where there is one, 工号. */
  place: string
}

/** Somebody in the contacts who may be known already. */
export interface DoubtLine {
  id: string
  name: string
  /** 钉钉通讯录，车队 */
  from: string
  /** `number` is given back as the decision. */
  candidates: { number: number; name: string; place: string }[]
}

export interface PeoplePage {
  doubts: DoubtLine[]
  /** Sentences: managers missing or in a circle. */
  standing: string[]
  /** People without 工号: on two platforms they are told apart by name only. */
  withoutNumber: PersonLine[]
  /** What the last readings of the contacts and the roster found, newest first. */
  found: { on: string; text: string }[]
}

export interface TalksPage {
  year: number
  done: number
  of: number
  /** Those that may not fail, then the year's. */
  due: { person: PersonLine; occasion: string; by: string; late: boolean; sure: boolean }[]
  /** Everybody with whom a talk may be recorded. */
  people: PersonLine[]
  most: number
}

export interface TalkKept {
  /** Name of the manager to whom the proposals went. */
  passedTo?: string
}

export interface ColumnsPage {
  /** 11月27日（周五）17:00; absent when none comes within a month. */
  next?: string
  most: number
  columns: { name: string; texts: { text: string; used: boolean }[] }[]
}

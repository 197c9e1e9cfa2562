/** What the pages about milestones are answered. Imported by the pages, like contract.ts. */
import type { MilestoneState } from '../../domain/milestone.ts'

export interface MilestoneLine {
  id: string
  title: string
  owner: string
  /** 12月31日（周四） */
  dueText: string
  /** Why the day is not the planned one: 因元旦提前 */
  moved?: string
  state: MilestoneState
  /** 还有7天, 今天到期, 逾期2天, 待验收, 已完成 */
  stateText: string
  late: boolean
  /** It waits for whoever reads this: to be handed in within two weeks, or to be accepted. */
  mine: boolean
}

export interface MilestonesPage {
  own: MilestoneLine[]
  toAccept: MilestoneLine[]
  /** For HR and the general manager: everything that is open, and what ended within 90 days. */
  all?: { open: MilestoneLine[]; done: MilestoneLine[]; ahead: AheadLine[] }
  /** HR may add one. */
  add?: {
    people: { id: string; name: string; place: string }[]
    today: string
    most: { title: number; handIn: number }
  }
}

/** What the calendar will bring within a year. */
export interface AheadLine {
  title: string
  dueText: string
  /** 各部门负责人 */
  owner: string
}

export interface MilestonePage extends MilestoneLine {
  rev: number
  /** What is to be handed in; absent: a meeting or the like, of which only the day is told. */
  handIn?: string
  accepter?: string
  /** Progress, hand-ins and decisions, oldest first; `at` is text. */
  steps: { by: string; at: string; kind: 'progress' | 'handed-in' | 'accepted' | 'returned'; words: string }[]
  cancelled?: { by: string; at: string; reason: string }
  may: { progress: boolean; handIn: boolean; decide: boolean; cancel: boolean }
  /** Characters. */
  most: number
}

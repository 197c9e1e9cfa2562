/** What the pages about interviews are answered. Imported by the pages, like contract.ts. */
import type { InterviewState, Outcome } from '../../domain/interview.ts'

export interface InterviewLine {
  person: { id: string; name: string; place: string }
  /** 2026-Q3 or 2026-10: part of the page's address `/interview/:person/:period`. */
  period: string
  /** 2026年第三季度绩效面谈 */
  title: string
  state: InterviewState
  stateText: string
  /** Something waits for whoever reads this. */
  mine: boolean
}

export interface InterviewsPage {
  own: InterviewLine[]
  /** Of the people whose superior one is. */
  team: InterviewLine[]
  /** For HR. */
  all?: {
    quarter: { title: string; held: number; of: number }
    /** People whose result was of the lowest grade within a year, and how far each is. */
    chains: ChainLine[]
    /** Others that are under way. */
    running: InterviewLine[]
  }
}

/** From the lowest grade to the review (features.md B12). */
export interface ChainLine extends InterviewLine {
  /** 2026年9月、2026年10月 */
  months: string
  /** 11月30日已面谈；改进计划3项，含培训；2027年5月30日复核 */
  steps: string[]
  /** The plan names no training and no other post. */
  withoutTraining: boolean
}

export interface PlanItemView {
  goal: string
  measure: string
  standard: string
  resources: string
  by: string
  training: boolean
}

export interface InterviewPage extends InterviewLine {
  rev: number
  /** Who holds it; absent where nobody may. */
  manager?: string
  /** Why it is held, and what is expected. */
  why: string
  /** The plan belongs to it. */
  needsPlan: boolean
  may: {
    /** Name a time. */
    propose: boolean
    agree: boolean
    record: boolean
    confirm: boolean
    note: boolean
    review: boolean
    waive: boolean
    allow: boolean
  }
  appointment?: { text: string; place: string; by: string; agreed: boolean; day: string; time: string }
  record?: {
    heldOn: string
    heldText: string
    good: string
    improve: string
    employee: string
    by: string
    plan?: { items: PlanItemView[]; reviewOn: string; reviewText: string; unusual: boolean; allowed: boolean }
  }
  /** Of the employee, or of HR about the day of the review. `at` here and below is text: 12月1日 10:00 */
  objection?: { words: string; at: string; byHr: boolean }
  /** When both had confirmed. */
  confirmedAt?: string
  waived?: { by: string; at: string; reason: string }
  notes: { by: string; at: string; words: string }[]
  evaluation?: { by: string; at: string; outcomes: Outcome[]; words: string }
  /** Published results it is about, for those who may read them. */
  results: { title: string; total?: string; grade?: string }[]
  /** Days, and characters: `words` of long texts, `item` of the plan's fields and of a reason, `place`. */
  limits: {
    today: string
    reviewFrom: string
    reviewTo: string
    /** HR may allow until then. */
    reviewLast: string
    items: number
    words: number
    item: number
    place: number
  }
}

/** What a record still lacks; nothing is kept until it is complete, except that an unusual review may be kept knowingly. */
export interface RecordAnswer {
  kept: boolean
  /** By item of the plan, from 0. */
  gaps: { item: number; text: string }[]
  /** The day of the review is not half a year to a year ahead: kept only with `unusual: true`, and HR is asked. */
  unusual: boolean
}

/**
 * What the API answers, as JSON: instants are ISO texts. The pages import these types and nothing else of the server.
 */
import type { Deduction } from '../../domain/score.ts'
import type { Day, Week } from '../../domain/time.ts'
import type { Outcome, PlanItem, Summary, WeeklyContent, WeekStatus } from '../../domain/weekly-report.ts'

export interface ApiErrorBody {
  error: { code: string; message: string; fields?: { path: string; message: string }[] }
  /** With `conflict`: what is there now. */
  current?: unknown
}

export interface Me {
  id: string
  name: string
  platform: 'wecom' | 'dingtalk'
  /** Sent back as `x-csrf-token` with everything that changes something. */
  csrf: string
  /** Has people whose weeks they look after. */
  leads: boolean
  /** May see everybody's: HR and the general manager. */
  seesAll: boolean
  /** Whether their own position works by weekly plans. */
  plans: boolean
  company: string
  /** The company's time zone: instants are shown in it. */
  zone: string
}

export interface WeekName {
  week: Week
  /** 11月23日至29日 */
  title: string
}

export interface Due {
  at: string
  /** A whole sentence; says why when it has moved. */
  text: string
  moved: boolean
}

export interface WeekNote {
  at: string
  by: string
  own: boolean
  text: string
}

export interface ScoreView {
  shown: string
  /** The arithmetic, line by line. */
  lines: string[]
  items: { text: string; planned: number; actual: number }[]
  deductions: Deduction[]
  by: string
  at: string
  /** Given by who is asking. */
  own: boolean
  /** Until when 撤销 is possible; only for one's own. */
  undoUntil?: string
}

/** `age`: weeks on the plan before. `supportState`: 王强：可以支持, where somebody was asked. */
export type Planned = PlanItem & { age: number; supportState?: string }

export interface WeekPage extends WeekName {
  now: string
  rev: number
  /** Absent: the company is closed that week. */
  due?: Due
  status: WeekStatus
  /** 还未提交 … */
  statusText: string
  /** What was planned for this week; the summary goes through it item by item. */
  planned: Planned[]
  /** The week that is planned, with its days. */
  next: WeekName & { days: { day: Day; text: string; off: boolean }[] }
  /** What is written so far: the draft, else what was handed in, else nothing. */
  content: WeeklyContent
  source: 'draft' | 'submitted' | 'blank'
  /** Lines written in chat that could not be read. */
  unread: { line: number; text: string; why: string }[]
  submitted?: { at: string; late: boolean }
  /** A change after the deadline that waits for the superior's consent. */
  waiting?: { at: string }
  /** The last such change was not agreed to. */
  refused?: { at: string }
  returned?: { at: string; by: string; reason: string }
  excuse?: { state: 'proposed' | 'granted' | 'refused'; reason: string }
  score?: ScoreView
  notes: WeekNote[]
  /** Until when the submission can be taken back. */
  undoUntil?: string
  /** Who decides on leave and changes. */
  judge?: string
  /** Other weeks one may open, newest first. */
  weeks: (WeekName & { statusText: string })[]
}

export interface Saved {
  rev: number
}

export interface Submitted {
  kind: 'on-time' | 'late' | 'needs-consent' | 'unchanged'
  again: boolean
  page: WeekPage
}

export interface PersonLine {
  id: string
  name: string
  position: string
  status: WeekStatus
  statusText: string
  /** Something that counts is in, and there are points to give. */
  toScore: boolean
  submittedAt?: string
  score?: string
  excuse?: { state: 'proposed' | 'granted' | 'refused'; reason: string }
  /** A change that waits for consent. */
  change?: { at: string }
}

export interface ScoreQueue extends WeekName {
  people: PersonLine[]
  weeks: (WeekName & { waiting: number })[]
}

export interface ScoreSheet extends WeekName {
  person: { id: string; name: string; position: string }
  now: string
  rev: number
  due?: Due
  status: WeekStatus
  statusText: string
  items: (Planned & { outcome?: Outcome })[]
  summary?: Omit<Summary, 'outcomes'>
  next: WeekName & { plan: PlanItem[] }
  submitted?: { at: string; late: boolean }
  /** The late submission costs points; also when nothing came at all. */
  late: boolean
  /** A reason why it cannot be scored (now), in words; absent when it can. */
  blocked?: string
  mayJudge: boolean
  returned?: { at: string; by: string; reason: string }
  excuse?: { state: 'proposed' | 'granted' | 'refused'; reason: string }
  change?: { at: string; before: string[]; after: string[] }
  score?: ScoreView
  notes: WeekNote[]
}

export interface Scored {
  kind: 'scored' | 'already'
  /** With `already`: who was first. */
  by?: string
  sheet: ScoreSheet
}

export interface TeamPage extends WeekName {
  now: string
  scope: 'own' | 'all'
  due?: Due
  counts: {
    owed: number
    submitted: number
    late: number
    open: number
    excused: number
    scored: number
    toScore: number
  }
  people: PersonLine[]
  /** People left out of `people` because the list is too long. */
  more: number
  weeks: WeekName[]
}

export interface TrendWeek extends WeekName {
  /** 11/28 */
  label: string
  /** Who owed one: without leave, closed weeks, those not yet or no longer here (features.md T25). */
  owed: number
  onTime: number
  late: number
}

export interface ResultWeek extends WeekName {
  label: string
  kind: 'scored' | 'excused' | 'zero' | 'missing' | 'open'
  shown?: string
  /** For the chart. */
  value?: number
  lines: string[]
  /** 0 points only as long as nothing is handed in, which is still possible. */
  soFar?: true
  statusText: string
  /** Deducted because it was late. */
  late: boolean
  by?: string
  items?: ScoreView['items']
}

export interface ResultsPage {
  months: { month: string; title: string; shown?: string; lines: string[]; provisional: boolean; weeks: ResultWeek[] }[]
  /** Ask with `before` for earlier months; absent when there are none. */
  earlier?: string
}

export interface HomePage {
  now: string
  week?: WeekName & { statusText: string; status: WeekStatus; due?: Due }
  toScore: number
  requests: {
    kind: 'excuse' | 'change'
    person: { id: string; name: string }
    week: Week
    title: string
    text: string
  }[]
  owing?: number
  /** The month: one's newest published result, the newest month of one's team, whether one may record behaviour. */
  month: { result?: MonthName; team?: MonthName; records: boolean }
  /** For HR: people who wait for a decision on who they are. */
  people?: { doubts: number }
  /** Performance interviews in which something waits for whoever reads this. */
  interviews?: number
  /** Milestones that wait for whoever reads this: to be handed in, or to be accepted. */
  milestones?: number
}

export interface MonthName {
  month: string
  title: string
}

export interface FormPage {
  title: string
  about: string
  label: string
  placeholder: string
  most: number
  button: string
}

export interface ResultDetail {
  month: string
  title: string
  name: string
  own: boolean
  version: number
  position: string
  scheme: string
  work?: string
  plus: string
  minus: string
  total?: string
  grade?: string
  change?: string
  /** The arithmetic, part by part. */
  sections: { title: string; lines: string[] }[]
  /** 还剩3个工作日（至12月10日）; absent: the window is over, or it is somebody else's. */
  appeal?: string
  /** Where an appeal about this version stands. */
  appealed?: string
  /** As long as HR has not registered it. */
  mayWithdraw: boolean
  acknowledged: boolean
  place?: { place: number; of: number }
  list?: { place: number; name: string; shown: string }[]
  versions: { version: number; at: string; why: string; total?: string }[]
  /** What goal management found, as HR entered it: a reference only, no part of the total (domain.md §2). */
  goals?: string
  /** One's own published totals, oldest first; only for one's own. */
  trend: { label: string; total: number }[]
}

export interface MonthLine {
  id: string
  name: string
  position: string
  work?: string
  plus: string
  minus: string
  total?: string
  grade?: string
  change?: string
  missing: string[]
  /** What should be looked at and keeps nothing from being confirmed. */
  remarks?: string[]
  state: 'draft' | 'confirmed' | 'published'
  returned?: string
  sections: { title: string; lines: string[] }[]
  goals?: string
}

export interface MonthPage {
  month: string
  title: string
  scope: 'own' | 'all'
  /** Dates of the steps, in words. */
  dates: { step: string; day: string }[]
  people: MonthLine[]
  more: number
  /** A confirmation counts for these figures only; absent: nothing to confirm, or not by this person. */
  digest?: string
  /** How many one has confirmed and may still take back. */
  mayUndo: number
  /** HR: may enter what goal management found, and take the whole as Excel. */
  mayNote: boolean
  spread: { name: string; count: number; share: string; guide?: number; over?: number }[]
  months: { month: string; title: string }[]
}

export interface RecordLine {
  id: string
  /** 11月24日（周二） */
  day: string
  title: string
  /** Signed, of all times together. */
  points: string
  /** 3次，每次−2 */
  times?: string
  facts: string
  by: string
  state: 'waiting' | 'counts' | 'refused' | 'revoked'
  /** Why it does not count any more. */
  revoked?: string
  /** 知道了. */
  read: boolean
  /** 还剩3个工作日（至12月10日）; only for one's own, while it is open. */
  appeal?: string
  /** Where an appeal about it stands. */
  appealed?: string
  /** As long as HR has not registered it. */
  mayWithdraw: boolean
  picture: boolean
  mayAttach: boolean
}

export interface RecordsPage {
  name: string
  own: boolean
  records: RecordLine[]
}

export interface BehaviourForm {
  people: { id: string; name: string; about: string; cases: BehaviourChoice[] }[]
  today: string
}

export interface BehaviourChoice {
  id: string
  title: string
  category: string
  points: string[]
}

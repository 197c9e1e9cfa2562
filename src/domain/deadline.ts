import { type Calendar, isHolidaySaturday } from './calendar.ts'
import { LATE_POINTS } from './score.ts'
import {
  addDays,
  type Day,
  formatDay,
  formatDayFull,
  formatWeek,
  instantAt,
  previousWeek,
  saturdayOf,
  timeOf,
  type Week,
  weekOf,
} from './time.ts'

/** Times of day are `HH:mm` in `zone`. Defaults: domain.md §3. */
export interface DeadlineSettings {
  zone: string
  /** Time of day of the deadline. */
  deadlineTime: string
  /** On the working day before the deadline's day, to everyone who owes. */
  firstReminder: string
  /** On the deadline's day, to those who have not submitted. */
  morningReminder: string
  /** Once more, this many minutes before the deadline. */
  lastReminderMinutes: number
  /** To those with an unconfirmed draft, this many minutes before the deadline (domain.md §11.8). */
  draftReminderMinutes: number
  /** To managers with plans left to score, on each working day after the deadline's. */
  scoringReminder: string
}

export const defaultDeadlineSettings: DeadlineSettings = {
  zone: 'Asia/Shanghai',
  deadlineTime: '12:00',
  firstReminder: '16:00',
  morningReminder: '09:00',
  lastReminderMinutes: 30,
  draftReminderMinutes: 60,
  scoringReminder: '10:00',
}

export interface WeekDeadline {
  /** The last whole second that is on time begins here: 12:00:00 is in, 12:00:01 is late. */
  deadline: Date
  /** The company's day of the deadline. */
  day: Day
  /** Set when the Saturday is a statutory holiday. */
  moved?: { from: Day; to: Day; because: string }
  /** False: the Saturday's year has no notice yet, so the deadline may still move (domain.md §11.4). */
  known: boolean
}

/**
 * When a week's summary and next plan are due: Saturday 12:00; on a statutory holiday 12:00 of the last working day before
 * it; a make-up Saturday stays (domain.md §3). `closed`: nobody owes (§11.5). A moved deadline never leaves its week, so
 * 21 February 2026 cannot land beside the deadline of the 14th.
 */
export function weekDeadline(
  week: Week,
  calendar: Calendar,
  settings: DeadlineSettings = defaultDeadlineSettings,
): WeekDeadline | 'closed' {
  if (calendar.isClosedWeek(week)) return 'closed'
  const saturday = saturdayOf(week)
  const { name = '节假日', known } = calendar.kind(saturday)
  const moves = isHolidaySaturday(week, calendar)
  const day = moves ? calendar.previousWorkday(saturday) : saturday
  const deadline = instantAt(day, settings.deadlineTime, settings.zone)
  return moves ? { deadline, day, moved: { from: saturday, to: day, because: name }, known } : { deadline, day, known }
}

/** Whether an instant is on time. The whole second of the deadline counts (domain.md §3). */
export const isOnTime = (at: Date, deadline: Date): boolean =>
  Math.floor(at.getTime() / 1000) * 1000 <= deadline.getTime()

/**
 * The sentence for people: 因端午节放假，本周截止时间提前至6月18日（周四）12:00
 *
 * @param said which week, and the day on which it is said: another week than the one of that day is named. Absent: said in its week
 */
export function explainDeadline(
  due: WeekDeadline | 'closed',
  settings: DeadlineSettings = defaultDeadlineSettings,
  said?: { week: Week; today: Day },
): string {
  const name = said && said.week !== weekOf(said.today) ? `${formatWeek(said.week)}的` : '本周'
  if (due === 'closed') return `${name === '本周' ? name : formatWeek(said!.week)}放假，无需提交周总结和周计划`
  const when = `${formatDayFull(due.day)}${timeOf(due.deadline, settings.zone).slice(0, 5)}`
  const unknown = due.known ? '' : `（${due.day.slice(0, 4)}年放假安排尚未导入，如有调整另行通知）`
  return due.moved
    ? `因${due.moved.because}放假，${name}截止时间提前至${when}${unknown}`
    : `${name}截止时间为${when}${unknown}`
}

/** Once it is over and nothing is in: 11月23日至29日已于11月28日12:00截止；现在提交按迟交计，扣3分 (domain.md §3) */
export const explainLate = (week: Week, due: WeekDeadline, settings: DeadlineSettings = defaultDeadlineSettings) =>
  `${formatWeek(week)}已于${formatDay(due.day)}${timeOf(due.deadline, settings.zone).slice(0, 5)}截止；现在提交按迟交计，扣${LATE_POINTS}分`

export interface ReminderInstants {
  /** To everyone who owes one. */
  first?: Date
  /** To those who have not submitted. */
  morning?: Date
  /** To those with an unconfirmed draft. */
  draft?: Date
  /** To those who have not submitted. */
  last?: Date
  /** To each manager: who is late. The deadline itself; whoever submits within its second is on time, so look after it. */
  digest: Date
  /** To managers with plans left to score; repeated daily, see `scoringReminderOn`. */
  scoring: Date
}

/** Two reminders closer than this are one nuisance; the later one stays. */
const LEAST_GAP_MS = 15 * 60_000

/**
 * When a week's reminders go out, all relative to the deadline wherever it moved (domain.md §3, §11.8). In an ordinary week:
 * Friday 16:00, Saturday 09:00, 11:00 (drafts), 11:30, 12:00 (digest), Monday 10:00 (scoring).
 *
 * Where the working day before the deadline's belongs to the week before, and that week's own deadline is still open
 * then, the first reminder waits until the day before the deadline: nobody is asked for two weeks at once. A reminder is left
 * out where the settings put it at or after the deadline or within a quarter of an hour of the next one to the same people.
 */
export function reminderInstants(
  week: Week,
  calendar: Calendar,
  settings: DeadlineSettings = defaultDeadlineSettings,
): ReminderInstants | 'closed' {
  const due = weekDeadline(week, calendar, settings)
  if (due === 'closed') return 'closed'
  const { zone } = settings
  const deadlineMs = due.deadline.getTime()
  const before = weekDeadline(previousWeek(week), calendar, settings)
  let first = instantAt(calendar.previousWorkday(due.day), settings.firstReminder, zone)
  if (before !== 'closed' && first <= before.deadline)
    first = instantAt(addDays(due.day, -1), settings.firstReminder, zone)

  const toOwing: [keyof ReminderInstants, Date][] = [
    ['first', first],
    ['morning', instantAt(due.day, settings.morningReminder, zone)],
    ['last', new Date(deadlineMs - settings.lastReminderMinutes * 60_000)],
  ]
  const kept: Partial<ReminderInstants> = {}
  let next = deadlineMs
  for (const [name, at] of toOwing.toReversed()) {
    if (next - at.getTime() < LEAST_GAP_MS) continue
    kept[name] = at
    next = at.getTime()
  }
  const draft = new Date(deadlineMs - settings.draftReminderMinutes * 60_000)
  const crowded = [due.deadline, kept.first, kept.morning, kept.last].some(
    (at) => at && Math.abs(at.getTime() - draft.getTime()) < LEAST_GAP_MS,
  )
  if (!crowded && settings.draftReminderMinutes > 0) kept.draft = draft
  return {
    ...kept,
    digest: due.deadline,
    scoring: instantAt(calendar.nextWorkday(due.day), settings.scoringReminder, zone),
  }
}

/**
 * The scoring reminder of one day, for managers who still have plans of `week` to score: every working day after the
 * deadline's day, until done (domain.md §3). Undefined on other days.
 */
export function scoringReminderOn(
  day: Day,
  week: Week,
  calendar: Calendar,
  settings: DeadlineSettings = defaultDeadlineSettings,
): Date | undefined {
  const due = weekDeadline(week, calendar, settings)
  if (due === 'closed' || day <= due.day || !calendar.isWorkday(day)) return undefined
  return instantAt(day, settings.scoringReminder, settings.zone)
}

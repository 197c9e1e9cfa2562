import { askBirthdays } from '../handlers/moments/birthdays.ts'
import { columnDay, sendColumns } from '../handlers/moments/columns.ts'
import { newsForHr, noteTold } from '../handlers/moments/contacts-report.ts'
import { retireLeavers } from '../handlers/moments/newcomers.ts'
import { sendMoments } from '../handlers/moments/people.ts'
import { keepNoLonger } from '../handlers/moments/retention.ts'
import { tellTerms } from '../handlers/moments/terms.ts'
import type { Ctx } from '../src/context.ts'
import { type Day, dayOf, daysBetween, instantAt, monthOf, nextMonth, partsOf, weekOf } from '../src/domain/time.ts'
import type { Job } from '../src/schedule/schedule.ts'

const HOUR = 3_600_000
const ALL = ['welcome', 'check-in', 'wish', 'farewell'] as const

const at = (day: Day, time: string, ctx: Ctx): Date => instantAt(day, time, ctx.company().timeZone)
const workdayAt = (day: Day, time: string, ctx: Ctx): Date[] =>
  ctx.company().weeks.isWorkday(day) ? [at(day, time, ctx)] : []
const dayOfSlot = (slot: Date, ctx: Ctx): Day => dayOf(slot, ctx.company().timeZone)

async function tellHr(
  ctx: Ctx,
  key: string,
  name: string,
  args: Record<string, unknown>,
  cause: string,
): Promise<void> {
  const hr = await ctx.people.withRole('hr')
  await ctx.outbox.add(
    hr.map((to) => ({
      key: `${key}/${to._id}`,
      to: to._id,
      mode: 'push' as const,
      cause,
      content: { kind: 'notice' as const, name, args },
    })),
  )
}

/** Welcome, check-ins, wishes, farewell, each on its day. Caught up until the evening, never on another day. */
const moments: Job<Ctx> = {
  name: 'moments',
  about: '每天09:00：欢迎、入职问候、生日和周年祝福、离职送别',
  catchUpMs: 10 * HOUR,
  times: (day, ctx) => [at(day, ctx.company().moments.wishTime, ctx)],
  async run(slot, ctx) {
    await retireLeavers(ctx)
    await sendMoments(ctx, dayOfSlot(slot, ctx), ALL, ctx.company().moments.wishTime, `moments@${slot.toISOString()}`)
  },
}

const terms: Job<Ctx> = {
  name: 'terms',
  about: '每个工作日09:30：转正和合同到期通知上级和人力资源，直到处理',
  catchUpMs: 9 * HOUR,
  times: (day, ctx) => workdayAt(day, '09:30', ctx),
  run: (slot, ctx) => tellTerms(ctx, `terms@${slot.toISOString()}`),
}

/** The day of a month's list, or the working day before it. */
function listDay(day: Day, ctx: Ctx): boolean {
  const { weeks: calendar, moments: settings } = ctx.company()
  const planned = `${monthOf(day)}-${String(settings.listDay).padStart(2, '0')}`
  return day === (calendar.isWorkday(planned) ? planned : calendar.previousWorkday(planned))
}

const birthdayList: Job<Ctx> = {
  name: 'birthday-list',
  about: '每月25日10:00：下月生日名单发给人力资源（不含年份）',
  catchUpMs: 72 * HOUR,
  times: (day, ctx) => (listDay(day, ctx) ? [at(day, '10:00', ctx)] : []),
  async run(slot, ctx) {
    const month = nextMonth(monthOf(dayOfSlot(slot, ctx)))
    await tellHr(ctx, `birthday-list/${month}`, 'birthday-list', { month }, `birthday-list@${slot.toISOString()}`)
  },
}

/** HR has a week after the installation to import what is known. */
const ASK_AFTER_DAYS = 7

const askForBirthdays: Job<Ctx> = {
  name: 'ask-birthdays',
  about: '每个工作日10:30：私下询问未登记的生日（每人只问一次）',
  catchUpMs: 6 * HOUR,
  times: (day, ctx) => (ctx.company().moments.askBirthday ? workdayAt(day, '10:30', ctx) : []),
  async run(slot, ctx) {
    const day = dayOfSlot(slot, ctx)
    const started = await ctx.meta.get<string>('started')
    if (started === undefined || daysBetween(dayOf(new Date(started), ctx.company().timeZone), day) < ASK_AFTER_DAYS)
      return
    await askBirthdays(ctx, day, `ask-birthdays@${slot.toISOString()}`)
  },
}

const columns: Job<Ctx> = {
  name: 'columns',
  about: '每周最后一个工作日17:00：心灵启示、轻松一刻·周末愉快',
  catchUpMs: 3 * HOUR,
  times: (day, ctx) => (columnDay(ctx, day) ? [at(day, ctx.company().columns.time, ctx)] : []),
  run: (slot, ctx) => sendColumns(ctx, dayOfSlot(slot, ctx), `columns@${slot.toISOString()}`),
}

const hrTalks: Job<Ctx> = {
  name: 'hr-talks',
  about: '每周第一个工作日10:00：待谈人员名单发给人力资源',
  catchUpMs: 30 * HOUR,
  times: (day, ctx) => (ctx.company().weeks.workdaysOfWeek(weekOf(day))[0] === day ? [at(day, '10:00', ctx)] : []),
  async run(slot, ctx) {
    const week = weekOf(dayOfSlot(slot, ctx))
    await tellHr(ctx, `hr-talks-due/${week}`, 'hr-talks-due', {}, `hr-talks@${slot.toISOString()}`)
  },
}

/** From November on, once (features.md B2): the key is the year. */
const holidaysMissing: Job<Ctx> = {
  name: 'holidays-missing',
  about: '11月起：下一年放假安排未导入时告知人力资源（一次）',
  catchUpMs: 72 * HOUR,
  times: (day, ctx) => (partsOf(day).month >= 11 ? workdayAt(day, '10:00', ctx) : []),
  async run(slot, ctx) {
    const year = partsOf(dayOfSlot(slot, ctx)).year + 1
    if (ctx.company().weeks.knows(year)) return
    await tellHr(
      ctx,
      `holidays-missing/${year}`,
      'holidays-missing',
      { year },
      `holidays-missing@${slot.toISOString()}`,
    )
  },
}

const contactsReport: Job<Ctx> = {
  name: 'contacts-report',
  about: '每个工作日09:40：通讯录中需要人力资源处理的问题',
  catchUpMs: 9 * HOUR,
  times: (day, ctx) => workdayAt(day, '09:40', ctx),
  async run(slot, ctx) {
    const { any, since } = await newsForHr(ctx)
    if (!any) return
    const day = dayOfSlot(slot, ctx)
    await tellHr(
      ctx,
      `contacts-report/${day}`,
      'contacts-report',
      { since: since.toISOString() },
      `contacts-report@${slot.toISOString()}`,
    )
    await noteTold(ctx, slot)
  },
}

const retention: Job<Ctx> = {
  name: 'retention',
  about: '每天00:10：最后工作日已过的人员停用；删除超过保留期限的数据',
  catchUpMs: 20 * HOUR,
  times: (day, ctx) => [at(day, '00:10', ctx)],
  async run(slot, ctx) {
    await retireLeavers(ctx)
    await keepNoLonger(ctx, dayOfSlot(slot, ctx))
  },
}

export const momentJobs: Job<Ctx>[] = [
  retention,
  moments,
  terms,
  contactsReport,
  birthdayList,
  askForBirthdays,
  columns,
  hrTalks,
  holidaysMissing,
]

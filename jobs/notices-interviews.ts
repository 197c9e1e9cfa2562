import {
  allowReviewCard,
  progressCard,
  progressNoteCard,
  recordCard,
  timeCard,
  todayCard,
  waitingCard,
} from '../cards/interview.ts'
import { appointmentText, interviewSubject, managerOf, stateOf } from '../handlers/interview/interview.ts'
import { chains, quarterProgress, runningInterviews, teamInterviews, toDo } from '../handlers/interview/view.ts'
import { mayJudge } from '../handlers/rights.ts'
import type { Ctx } from '../src/context.ts'
import { formatPeriod, isOver } from '../src/domain/interview.ts'
import { formatDay, partsOf } from '../src/domain/time.ts'
import type { Rendered } from '../src/outbox/notice.ts'
import type { InterviewRow } from '../src/store/interviews.ts'
import type { Person } from '../src/store/people.ts'

type Args = Record<string, unknown>
type Render = (to: Person, args: Args, ctx: Ctx) => Promise<Rendered>

const gone = (cancel: string): Rendered => ({ cancel })
const longDay = (day: string): string => `${partsOf(day).year}年${formatDay(day)}`

interface Sides {
  row: InterviewRow
  person: Person
  /** The message goes to the employee. */
  own: boolean
  manager: string
}

/** The interview with both sides, for whoever of them the message goes to. */
async function sides(to: Person, args: Args, ctx: Ctx): Promise<Sides | undefined> {
  const row = await ctx.interviews.get(String(args.id))
  const person = row && (await ctx.people.get(row.personId))
  if (!row || !person?.active) return undefined
  const own = to._id === person._id
  if (!own && !(await mayJudge(ctx, to, person))) return undefined
  return { row, person, own, manager: (await managerOf(ctx, row, person))?.name ?? '您的上级' }
}

const asCard = (it: Sides, card: Extract<Rendered, { card: unknown }>['card'], context: Args = {}): Rendered => ({
  card,
  subject: interviewSubject(it.row._id),
  context: { id: it.row._id, ...context },
})

/** To a superior: whose interviews wait for them. */
const waiting: Render = async (to, _args, ctx) => {
  const groups = toDo(await teamInterviews(ctx, to, ctx.clock.now()))
  return groups.length === 0 ? gone('没有待办的面谈') : { card: waitingCard(groups), subject: `interviews/${to._id}` }
}

const time: Render = async (to, args, ctx) => {
  const it = await sides(to, args, ctx)
  const appointment = it?.row.appointment
  if (!it || !appointment || appointment.round !== args.round || it.row.record || it.row.over)
    return gone('已有新的安排')
  if (appointment.agreed) return gone('已约好')
  if (it.own === (appointment.by === 'employee')) return gone('由对方提出')
  return asCard(
    it,
    timeCard({
      id: it.row._id,
      from: it.own ? it.manager : it.person.name,
      own: it.own,
      when: appointmentText(ctx, appointment),
      again: appointment.round > 1,
    }),
    { round: appointment.round },
  )
}

const agreed: Render = async (to, args, ctx) => {
  const it = await sides(to, args, ctx)
  const appointment = it?.row.appointment
  if (!it || !appointment?.agreed || appointment.round !== args.round) return gone('已有新的安排')
  const other = it.own ? it.manager : it.person.name
  return { text: `${other}已确认绩效面谈时间：${appointmentText(ctx, appointment)}。` }
}

/** On the day, to both. */
const today: Render = async (to, args, ctx) => {
  const it = await sides(to, args, ctx)
  const appointment = it?.row.appointment
  if (!it || !appointment?.agreed || appointment.round !== args.round || it.row.record) return gone('已有新的安排')
  if (appointment.at <= ctx.clock.now()) return gone('时间已过')
  const other = it.own ? it.manager : it.person.name
  return asCard(it, todayCard(it.row._id, other, appointmentText(ctx, appointment), !it.own))
}

const record: Render = async (to, args, ctx) => {
  const it = await sides(to, args, ctx)
  if (!it?.own || it.row.record?.version !== args.version) return gone('记录已修改')
  if (stateOf(ctx, it.row, ctx.clock.now()) !== 'to-confirm') return gone('已处理')
  return asCard(it, recordCard(it.row._id, it.manager, it.row.record!.plan !== undefined))
}

const confirmed: Render = async (to, args, ctx) => {
  const it = await sides(to, args, ctx)
  if (!it?.row.confirmedAt) return gone('尚未确认')
  const plan = it.row.record?.plan
  const next = plan ? `改进计划已生效，${longDay(plan.reviewOn)}复核；期间每月会请${it.person.name}填写进展。` : ''
  return { text: `${it.person.name}已确认绩效面谈记录。${next}` }
}

const objected: Render = async (to, args, ctx) => {
  const it = await sides(to, args, ctx)
  if (!it?.row.objection || it.row.record?.version !== args.version) return gone('记录已修改')
  return asCard(it, {
    title: `${it.person.name}的面谈记录请您修改`,
    text:
      it.row.objection.by === it.person._id
        ? `请打开页面查看意见，沟通后修改记录，再请${it.person.name}确认。`
        : '人力资源请您调整改进计划的复核日期，一般在半年到一年之间。',
    link: { text: '查看并修改', path: `/h5/interview/${it.row._id}` },
  })
}

const allow: Render = async (to, args, ctx) => {
  const row = await ctx.interviews.get(String(args.id))
  const person = row && (await ctx.people.get(row.personId))
  if (!row || !person?.active || !to.roles.includes('hr') || row.record?.version !== args.version) return gone('已修改')
  if (stateOf(ctx, row, ctx.clock.now()) !== 'to-allow') return gone('已处理')
  const { reviewOn } = row.record!.plan!
  return {
    card: allowReviewCard(row._id, person.name, `${longDay(reviewOn)}`),
    subject: interviewSubject(row._id),
    context: { id: row._id, version: row.record!.version },
  }
}

const waived: Render = async (to, args, ctx) => {
  const it = await sides(to, args, ctx)
  if (!it?.row.waived) return gone('仍需面谈')
  return {
    text: `人力资源已登记：${it.person.name}的${formatPeriod(it.row.period)}绩效面谈无需进行（${it.row.waived.reason}）。`,
  }
}

/** Once a month, to the employee. */
const check: Render = async (to, args, ctx) => {
  const it = await sides(to, args, ctx)
  const plan = it?.row.record?.plan
  if (!it?.own || !plan || stateOf(ctx, it.row, ctx.clock.now()) !== 'improving') return gone('计划已结束')
  const items = plan.items.map(({ goal, by }) => ({ goal, by: formatDay(by) }))
  return asCard(it, progressCard(it.row._id, items, longDay(plan.reviewOn)))
}

const note: Render = async (to, args, ctx) => {
  const it = await sides(to, args, ctx)
  const written = it?.row.notes[Number(args.n)]
  if (!it || !written) return gone('内容已不存在')
  const from = (await ctx.people.get(written.by))?.name ?? '对方'
  return asCard(it, progressNoteCard(it.row._id, from, written.words, it.own))
}

const reviewed: Render = async (to, args, ctx) => {
  const it = await sides(to, args, ctx)
  if (!it?.own || !it.row.evaluation) return gone('尚未复核')
  const all = it.row.evaluation.outcomes.every((o) => o === 'done')
  return asCard(it, {
    title: '改进计划已复核',
    text: `${all ? '各项都已完成，祝贺您的进步！' : `${it.manager}已完成复核，辛苦了。`}请打开页面查看。`,
    link: { text: '查看复核', path: `/h5/interview/${it.row._id}` },
  })
}

/** To HR once a week: how far interviews are. Names stand on the page. */
const forHr: Render = async (to, _args, ctx) => {
  if (!to.roles.includes('hr')) return gone('不再是人力资源')
  const now = ctx.clock.now()
  const [quarter, all, running] = await Promise.all([
    quarterProgress(ctx, now),
    chains(ctx, now),
    runningInterviews(ctx, now),
  ])
  if (running.length === 0) return gone('没有进行中的面谈')
  const open = all.filter((c) => !isOver(c.state))
  const notHeld = open.filter((c) => !c.row.record).length
  const allowing = running.filter((s) => s.state === 'to-allow').length
  const lines = [
    ...(quarter.of > 0 ? [`${formatPeriod(quarter.quarter)}：${quarter.of}人中已面谈${quarter.held}人`] : []),
    ...(open.length > 0 ? [`最低等级跟进${open.length}人，其中尚未面谈${notHeld}人`] : []),
    ...(allowing > 0 ? [`等您同意复核日期：${allowing}人`] : []),
    ...(quarter.of + open.length === 0 ? [`进行中${running.length}人`] : []),
  ]
  return {
    card: {
      title: '绩效面谈进展',
      text: lines.join('\n'),
      link: { text: '查看名单', path: '/h5/interviews' },
    },
    subject: 'interviews/hr',
  }
}

export const interviewNotices: Record<string, Render> = {
  'interviews-waiting': waiting,
  'interview-time': time,
  'interview-agreed': agreed,
  'interview-today': today,
  'interview-record': record,
  'interview-confirmed': confirmed,
  'interview-objected': objected,
  'interview-allow': allow,
  'interview-waived': waived,
  'interview-check': check,
  'interview-note': note,
  'interview-reviewed': reviewed,
  'interviews-hr': forHr,
}

import { appealAnswerCard, appealDecideCard, appealFiledCard } from '../cards/appeal.ts'
import { attendanceCard, behaviourCard } from '../cards/behaviour.ts'
import { approvalCard, correctionCard, distributionLines, progressCard, teamMonthCard } from '../cards/month.ts'
import { shownAppeal } from '../handlers/appeal.ts'
import { aboutText, windowOf } from '../handlers/month/appeal.ts'
import { answerUntil, handlersOf, stageOf } from '../handlers/month/appeal-stage.ts'
import { correctionApprovers } from '../handlers/month/correct.ts'
import { datesOf, teamMonth } from '../handlers/month/flow.ts'
import { tasksOf } from '../handlers/month/inputs.ts'
import { distributionOf, progressOf, teamCardOf } from '../handlers/month/view.ts'
import { resultAnswer } from '../handlers/month-result.ts'
import { shownRecord } from '../handlers/record-behaviour.ts'
import { mayJudge } from '../handlers/rights.ts'
import type { Ctx } from '../src/context.ts'
import { signed } from '../src/domain/behaviour.ts'
import { dayText } from '../src/domain/month-dates.ts'
import { dayOf, formatDay, formatMonth } from '../src/domain/time.ts'
import type { Rendered } from '../src/outbox/notice.ts'
import type { Person } from '../src/store/people.ts'

type Args = Record<string, unknown>
type Render = (to: Person, args: Args, ctx: Ctx) => Promise<Rendered>

const gone = (cancel: string): Rendered => ({ cancel })
/** What only HR reads: whoever is it no more when it is sent, does not. */
const forHr =
  (render: Render): Render =>
  async (to, args, ctx) =>
    to.roles.includes('hr') ? render(to, args, ctx) : gone('不再是人力资源')
const page = (month: string) => ({ text: '查看团队结果', path: `/h5/month/${month}` })

const behaviourRecorded: Render = async (_to, args, ctx) => {
  const row = await ctx.behaviours.get(String(args.record))
  if (row?.state !== 'counts') return gone('记录已撤销')
  const until = formatDay(windowOf(ctx, row.decided?.at ?? row.at).day)
  return {
    card: behaviourCard(await shownRecord(ctx, row), `${until}24:00`),
    subject: `behaviour/${row._id}`,
    context: { record: row._id },
  }
}

const behaviourRevoked: Render = async (_to, args, ctx) => {
  const row = await ctx.behaviours.get(String(args.record))
  if (!row?.revoked) return gone('记录没有撤销')
  return {
    text: `${formatDay(row.day)}的记录“${row.title}”（${signed(row.points)}）已撤销，不再计入。原因：${row.revoked.reason}`,
  }
}

const attendanceRequest: Render = async (to, args, ctx) => {
  const row = await ctx.behaviours.get(String(args.record))
  const person = row && (await ctx.people.get(row.personId))
  if (row?.state !== 'waiting' || !person || !(await mayJudge(ctx, to, person))) return gone('已处理')
  return {
    card: attendanceCard(await shownRecord(ctx, row)),
    subject: `attendance/${row._id}`,
    context: { record: row._id },
  }
}

const attendanceRefused: Render = async (_to, args, ctx) => {
  const row = await ctx.behaviours.get(String(args.record))
  if (row?.state !== 'refused') return gone('已处理')
  const shown = await shownRecord(ctx, row)
  return { text: `${shown.name}${formatDay(row.day)}的考勤记录，部门经理认为不属实，未计入。请与部门经理核对。` }
}

const teamMonthNotice: Render = async (to, args, ctx) => {
  const month = String(args.month)
  const team = await teamMonth(ctx, to._id, month, ctx.clock.now())
  if (!team.rows.some((r) => r.state === 'draft')) return gone('团队已确认')
  const card = teamMonthCard(await teamCardOf(ctx, team))
  return { card, subject: `team-month/${to._id}/${month}`, context: { month, judgeId: to._id, digest: team.digest } }
}

const monthApproval: Render = async (to, args, ctx) => {
  const month = String(args.month)
  if (!to.roles.includes('gm')) return gone('不再是总经理')
  if ((await ctx.months.get(month)).state !== 'open') return gone('已确认')
  if ((await ctx.results.model.countDocuments({ month, state: 'draft' })) > 0) return gone('有团队重新打开')
  const { people, spread } = await distributionOf(ctx, month)
  const { timeZone, month: settings } = ctx.company()
  const [now, dates] = [ctx.clock.now(), datesOf(ctx, month)]
  const late = {
    approve: dayOf(now, timeZone) > dates.approve.day,
    ...(now >= dates.publish.at && { publish: { time: settings.publishTime } }),
  }
  return {
    card: approvalCard(month, spread, people, dates, late),
    subject: `month/${month}`,
    context: { month },
  }
}

const resultPublished: Render = async (to, args, ctx) => {
  const row = await ctx.results.get(`${to._id}/${String(args.month)}`)
  const last = row?.versions.at(-1)
  if (!row || last?.version !== Number(args.version)) return gone('已有新的版本')
  return resultAnswer(ctx, row, last.version)
}

const teamPublished: Render = async (to, args, ctx) => {
  const month = String(args.month)
  const rows = await ctx.results.ofTeam(month, to._id)
  if (rows.length === 0) return gone('没有团队')
  return {
    card: {
      title: `${formatMonth(month)}团队绩效结果已发布`,
      text: `共${rows.length}人，已分别通知本人。请打开页面查看全表。`,
      link: page(month),
    },
    subject: `team-published/${to._id}/${month}`,
  }
}

const hrPublished: Render = async (_to, args, ctx) => {
  const month = String(args.month)
  const { people, spread } = await distributionOf(ctx, month)
  return {
    card: {
      title: `${formatMonth(month)}绩效结果已发布`,
      subtitle: `共${people}人，已分别通知本人`,
      text: [...distributionLines(spread), '全表可在页面查看，电脑端打开可下载Excel。'].join('\n'),
      link: page(month),
    },
    subject: `month/${month}`,
    context: { month },
  }
}

const monthProgress: Render = async (_to, args, ctx) => {
  const month = String(args.month)
  const progress = await progressOf(ctx, month)
  if (progress.state === 'published') return gone('已发布')
  return { card: progressCard(progress), subject: `month/${month}`, context: { month } }
}

const monthOverdue: Render = async (to, args, ctx) => {
  const month = String(args.month)
  if (!to.roles.includes('hr') && !to.roles.includes('gm')) return gone('不再是人力资源或总经理')
  const { state, people, confirmed, waiting, dates } = await progressOf(ctx, month)
  if (state === 'published') return gone('已发布')
  const who = waiting.map((w) => `${w.name}（${w.people}人）`).join('、')
  return {
    card: {
      title: `${formatMonth(month)}绩效结果已逾期一个月未发布`,
      subtitle: `原定${dayText(dates.publish)}发布`,
      text: [
        `共${people}人，已确认${confirmed}人`,
        ...(who ? [`待确认：${who}`] : state === 'open' ? ['各团队均已确认，待总经理确认'] : []),
        '请尽快安排；查看缺少的数据请发“月度进度”。',
      ].join('\n'),
      link: page(month),
    },
    subject: `month/${month}`,
    context: { month },
  }
}

const resultReturned: Render = async (_to, args, ctx) => {
  const row = await ctx.results.get(`${String(args.personId)}/${String(args.month)}`)
  if (row?.returned?.to !== 'hr') return gone('已处理')
  const by = await ctx.people.get(row.returned.by)
  return {
    text: `${by?.name ?? '上级'}退回了${row.name}的${formatMonth(row.month)}结果，原因：${row.returned.reason}。核对并更正数据后，请通知上级重新确认。`,
  }
}

const correctionRequest: Render = async (to, args, ctx) => {
  const row = await ctx.results.get(String(args.row))
  const p = row?.proposal
  if (!row || p?.id !== args.proposal) return gone('已处理')
  if (!(await correctionApprovers(ctx, row.personId)).some((x) => x._id === to._id)) return gone('不再由其确认')
  const by = await ctx.people.get(p!.by)
  const before = row.versions.at(-1)!.result
  const card = correctionCard(
    row.name,
    before,
    p!.result,
    p!.why,
    by?.name ?? '人力资源',
    ctx.company().month.figuresOnCard,
  )
  return { card, subject: `correction/${row._id}`, context: { row: row._id, proposal: p!.id } }
}

const correctionDone = (words: (name: string, month: string) => string): Render =>
  forHr(async (_to, args, ctx) => {
    const row = await ctx.results.get(String(args.row))
    return row ? { text: words(row.name, formatMonth(row.month)) } : gone('没有这项结果')
  })

const appealIn = async (args: Args, ctx: Ctx) => ctx.appeals.get(String(args.appeal))

const appealFiled: Render = async (to, args, ctx) => {
  const row = await appealIn(args, ctx)
  if (row?.state !== 'filed' || !(await handlersOf(ctx, row)).some((p) => p._id === to._id)) return gone('已登记')
  return {
    card: appealFiledCard(await shownAppeal(ctx, row)),
    subject: `appeal/${row._id}`,
    context: { appeal: row._id },
  }
}

const appealAnswer: Render = async (to, args, ctx) => {
  const row = await appealIn(args, ctx)
  const person = row && (await ctx.people.get(row.personId))
  if (row?.state !== 'registered' || !person) return gone('已答复')
  if (!(await mayJudge(ctx, to, person))) return gone('不再是上级')
  const until = `${formatDay(answerUntil(ctx, row.asked?.at ?? ctx.clock.now()).day)}24:00`
  return {
    card: appealAnswerCard(await shownAppeal(ctx, row), until, args.again === true),
    subject: `appeal/${row._id}`,
    context: { appeal: row._id },
  }
}

const appealDecide: Render = async (to, args, ctx) => {
  const row = await appealIn(args, ctx)
  const stage = row ? (await stageOf(ctx, row, ctx.clock.now())).kind : 'closed'
  if (!row || stage === 'closed' || !(await handlersOf(ctx, row)).some((p) => p._id === to._id)) return gone('已裁定')
  if (stage === 'waiting') return gone('等待新的上级答复')
  const answer = stage === 'nobody' ? '没有上级，未答复' : (row.answer?.text ?? '直属上级未答复')
  return {
    card: appealDecideCard(await shownAppeal(ctx, row), answer, args.corrected === true),
    subject: `appeal/${row._id}`,
    context: { appeal: row._id },
  }
}

/** Every step tells the employee (domain.md §6). */
const appealStep: Render = async (_to, args, ctx) => {
  const row = await appealIn(args, ctx)
  if (!row) return gone('没有这件申诉')
  const about = await aboutText(ctx, row)
  switch (args.step) {
    case 'registered':
      return { text: `您对“${about}”的申诉已登记受理，${row.asked ? '已请上级答复' : '接下来由人力资源裁定'}。` }
    case 'answered':
      return { text: `您对“${about}”的申诉，上级已答复：${row.answer?.text ?? ''}。接下来由人力资源裁定。` }
    default: {
      const d = row.decision
      if (!d) return gone('尚未裁定')
      const unanswered = d.unanswered ? '（直属上级未答复）' : ''
      return { text: `您对“${about}”的申诉裁定为${d.accepted ? '成立' : '不成立'}${unanswered}。理由：${d.text}` }
    }
  }
}

const appealNobody: Render = async (_to, args, ctx) => {
  const row = await appealIn(args, ctx)
  if (!row || row.state === 'decided' || row.state === 'withdrawn') return gone('已处理')
  return {
    text: `“${await aboutText(ctx, row)}”的申诉没有可以处理的人：人力资源和总经理均为当事人。请在公司设置的 roles 中指定其他人员。`,
  }
}

const noGm: Render = async (_to, args) => ({
  text: `${formatMonth(String(args.month))}各团队均已确认，但公司设置中没有总经理（roles.gm），无法确认和发布。请补充后发“月度进度”。`,
})

/** Checklists, ratings and indicators that somebody still owes for a month. */
const inputReminder: Render = async (to, args, ctx) => {
  const month = String(args.month)
  const open = (await tasksOf(ctx, to, month, ctx.clock.now())).filter((t) => !t.done)
  if (open.length === 0) return gone('已完成')
  const of = (kind: string) => open.filter((t) => t.kind === kind).map((t) => t.person.name)
  const lines = (
    [
      ['checklist', '检查表', '检查'],
      ['rating', '评价', '评价'],
      ['kpi', '指标', '指标'],
    ] as const
  ).flatMap(([kind, what, word]) => {
    const names = of(kind)
    return names.length > 0
      ? [
          `${what}还差${names.slice(0, 10).join('、')}${names.length > 10 ? `等${names.length}人` : ''}，发“${word}”开始`,
        ]
      : []
  })
  return { text: `${formatMonth(month)}绩效待您完成：\n${lines.join('\n')}` }
}

/** Messages of the month, made from live data when they are sent. */
export const monthNotices: Record<string, Render> = {
  'behaviour-recorded': behaviourRecorded,
  'behaviour-revoked': behaviourRevoked,
  'attendance-request': attendanceRequest,
  'attendance-refused': attendanceRefused,
  'team-month': teamMonthNotice,
  'month-approval': monthApproval,
  'result-published': resultPublished,
  'team-published': teamPublished,
  'hr-published': forHr(hrPublished),
  'month-progress': forHr(monthProgress),
  'month-overdue': monthOverdue,
  'result-returned': forHr(resultReturned),
  'correction-request': correctionRequest,
  'correction-accepted': correctionDone(
    (name, month) => `${name}的${month}绩效结果更正已经总经理确认，新版本已通知本人。`,
  ),
  'correction-refused': correctionDone((name, month) => `${name}的${month}绩效结果更正未获总经理同意，结果不变。`),
  'appeal-filed': appealFiled,
  'appeal-answer': appealAnswer,
  'appeal-decide': appealDecide,
  'appeal-step': appealStep,
  'appeal-nobody': forHr(appealNobody),
  'no-gm': forHr(noGm),
  'input-reminder': inputReminder,
}

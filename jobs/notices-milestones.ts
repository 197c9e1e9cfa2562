import { handedInCard, lateCard, milestoneCard, owedCard } from '../cards/milestone.ts'
import { lastHandIn, mayDecide, milestoneSubject } from '../handlers/milestone/act.ts'
import { dueText } from '../handlers/milestone/calendar.ts'
import { factsOf } from '../handlers/milestones.ts'
import type { Ctx } from '../src/context.ts'
import { dueWords, tellsAccepter } from '../src/domain/milestone.ts'
import { dayOf } from '../src/domain/time.ts'
import type { Rendered } from '../src/outbox/notice.ts'
import type { MilestoneRow } from '../src/store/milestones.ts'
import type { Person } from '../src/store/people.ts'

type Args = Record<string, unknown>
type Render = (to: Person, args: Args, ctx: Ctx) => Promise<Rendered>

const gone = (cancel: string): Rendered => ({ cancel })
const today = (ctx: Ctx) => dayOf(ctx.clock.now(), ctx.company().timeZone)
const find = (args: Args, ctx: Ctx) => ctx.milestones.get(String(args.id))
const asCard = (
  row: MilestoneRow,
  card: Extract<Rendered, { card: unknown }>['card'],
  context: Args = {},
): Rendered => ({
  ...{ card, subject: milestoneSubject(row._id), context: { id: row._id, ...context } },
})

/** Before the day, on it and after it: as it stands when it is sent. */
const due: Render = async (to, args, ctx) => {
  const row = await find(args, ctx)
  if (!row || row.ownerId !== to._id || row.state !== 'open') return gone('已提交或已取消')
  if (row.due !== args.due) return gone('日期已调整')
  const late = row.due < today(ctx)
  return asCard(
    row,
    milestoneCard(
      factsOf(ctx, row, today(ctx)),
      late ? '这个节点已过截止日期，请尽快提交；有困难也可以写在进展里。' : undefined,
    ),
  )
}

const added: Render = async (to, args, ctx) => {
  const row = await find(args, ctx)
  if (!row || row.ownerId !== to._id || row.state !== 'open') return gone('已处理')
  return asCard(row, milestoneCard(factsOf(ctx, row, today(ctx)), '人力资源为您新增了一个工作节点。'))
}

/** To whoever has come in an owner's place, and to the one before. */
const movedOn: Render = async (to, args, ctx) => {
  const row = await find(args, ctx)
  if (!row?.takenFrom || row.state !== 'open') return gone('已处理')
  if (row.ownerId === to._id) {
    const note =
      row.steps.length > 0 ? '这个节点改由您负责，已有的进展和提交记录请打开页面查看。' : '这个节点改由您负责。'
    return asCard(row, milestoneCard(factsOf(ctx, row, today(ctx)), note))
  }
  const owner = (await ctx.people.get(row.ownerId))?.name ?? '其他同事'
  return { text: `工作节点“${row.title}”已改由${owner}负责，您不需要再处理，已有的进展已一并转交。` }
}

const handedIn: Render = async (to, args, ctx) => {
  const row = await find(args, ctx)
  const n = Number(args.n)
  const step = row?.steps[n]
  if (!row || !step || row.state !== 'handed-in' || !(await mayDecide(ctx, to, row))) return gone('已验收')
  if (n !== lastHandIn(row)) return gone('已重新提交')
  const owner = (await ctx.people.get(row.ownerId))?.name ?? '负责人'
  return asCard(row, handedInCard(factsOf(ctx, row, today(ctx)), owner, step.words), { n })
}

const decided: Render = async (to, args, ctx) => {
  const row = await find(args, ctx)
  const step = row?.steps[Number(args.n)]
  if (!row || !step || row.ownerId !== to._id) return gone('内容已不存在')
  if (step.kind === 'accepted') return { text: `“${row.title}”已通过验收，辛苦了。` }
  if (row.state !== 'open') return gone('已重新提交')
  return asCard(row, milestoneCard(factsOf(ctx, row, today(ctx)), `请补充：${step.words}`))
}

const cancelled: Render = async (_to, args, ctx) => {
  const row = await find(args, ctx)
  if (!row?.cancelled) return gone('没有取消')
  return { text: `“${row.title}”已取消：${row.cancelled.reason}。` }
}

const MOST = 15

/** To whoever accepts: what is three days late and more. */
const late: Render = async (to, _args, ctx) => {
  const day = today(ctx)
  const rows = (await ctx.milestones.underWay()).filter(
    (r) => r.accepterId === to._id && r.state === 'open' && tellsAccepter(day, r.due),
  )
  if (rows.length === 0) return gone('没有逾期的节点')
  const owners = new Map((await ctx.people.many(rows.map((r) => r.ownerId))).map((p) => [p._id, p.name]))
  const lines = rows.slice(0, MOST).map((r) => {
    const last = r.steps.findLast((s) => s.kind === 'progress')
    return `· ${r.title}（${owners.get(r.ownerId) ?? '已离职同事'}）：${dueWords(day, r.due)}${last ? `；进展：${last.words.slice(0, 60)}` : ''}`
  })
  if (rows.length > MOST) lines.push(`等共${rows.length}项`)
  return { card: lateCard(lines), subject: `milestones/${to._id}` }
}

/** To an owner of several that are late. */
const owed: Render = async (to, _args, ctx) => {
  const day = today(ctx)
  const rows = (await ctx.milestones.owedBy(to._id)).filter((r) => r.state === 'open' && r.due < day)
  if (rows.length === 0) return gone('都已提交')
  const lines = rows.slice(0, MOST).map((r) => `· ${r.title}：${dueText(r.due)}，${dueWords(day, r.due)}`)
  return { card: owedCard(rows.length, lines), subject: `milestones/${to._id}` }
}

/** To HR: a milestone that nobody will do or accept. */
const nobody: Render = async (to, args) => {
  if (!to.roles.includes('hr')) return gone('不再是人力资源')
  const who = args.who as string[]
  const why = who.length > 0 ? `设置中的${who.map((w) => `“${w}”`).join('、')}没有对应到在职人员` : '负责人已离职'
  return {
    text: `工作节点“${String(args.title)}”（${dueText(String(args.due))}到期）${why}，请调整公司设置中的负责人，或取消后重新添加。`,
  }
}

export const milestoneNotices: Record<string, Render> = {
  'milestone-due': due,
  'milestone-new': added,
  'milestone-moved': movedOn,
  'milestone-handed-in': handedIn,
  'milestone-decided': decided,
  'milestone-cancelled': cancelled,
  'milestones-late': late,
  'milestones-owed': owed,
  'milestone-nobody': nobody,
}

import { closedCard } from '../cards/plan-submitted.ts'
import { excuseRequestCard } from '../cards/requests.ts'
import type { Ctx } from '../src/context.ts'
import { monthOfWeek, type Week } from '../src/domain/time.ts'
import type { CardTurn, OnCard } from '../src/inbox/handler.ts'
import type { Person } from '../src/store/people.ts'
import { closedState } from './month/closed.ts'
import { mayAnswerWeek } from './rights.ts'
import { decideChange, decideExcuse } from './weekly/judge.ts'
import { excuseSubject } from './weekly/submit.ts'

const text = {
  gone: '这项请求已经处理过了。',
  notAllowed: '您不是这位同事的上级，不能处理。',
  takenBack: '本人已撤回',
  scored: '这一周已评分，不能再修改提交内容。',
  settled: '该周所在月份的结果已确认，不能再修改。如确有需要：未发布时请确认人发“撤销确认”，已发布请联系人力资源更正。',
}

/** The card that asks somebody about a leave of which a week is part; undefined when there is nothing for them to decide. */
export async function excuseRequest(ctx: Ctx, to: Person, person: Person, week: Week) {
  const asked = (await ctx.weeks.get(person._id, week)).excuse
  if (!asked) return undefined
  const rows = (await ctx.weeks.ofLeave(person._id, asked.at)).filter((r) => r.excuse?.state === 'proposed')
  const may = await Promise.all(rows.map((r) => mayAnswerWeek(ctx, to, person, r.week)))
  const weeks = rows.filter((_, i) => may[i]).map((r) => r.week)
  if (weeks.length === 0) return undefined
  return {
    card: excuseRequestCard(person.name, weeks, asked.reason),
    subject: excuseSubject(person._id, weeks, asked.at),
    context: { personId: person._id, week: weeks[0]! },
  }
}

/** The superior's answer to 我在请假. */
export const onExcuse: OnCard = async (turn, ctx) => {
  const person = await ctx.people.get(String(turn.instance.context.personId))
  if (!person || (turn.arg !== 'granted' && turn.arg !== 'refused')) return [{ text: text.gone }]
  const week = String(turn.instance.context.week)
  const { excuse } = await ctx.weeks.get(person._id, week)
  if (!excuse) return [{ replace: closedCard(`${person.name}请假`, text.takenBack) }]
  const open = await openOf(turn, ctx, person, excuse.at)
  const weeks = open.length > 0 ? open : [week]
  const decide = (one: Week, id: string) =>
    decideExcuse(ctx, { ...turn, id }, turn.person, person, one, turn.arg as 'granted' | 'refused', undefined, weeks)
  // The first tells of all of them, so it is decided last.
  const [first, ...others] = weeks as [Week, ...Week[]]
  for (const other of others.reverse()) await decide(other, `${turn.id}/${other}`)
  const outcome = await decide(first, turn.id)
  if (outcome.kind === 'not-allowed') return [{ text: text.notAllowed }]
  if (outcome.kind === 'settled') return [{ text: text.settled }]
  const granted = others.length > 0 ? '已同意免计' : '已同意，本周免计'
  return [{ replace: closedCard(`${person.name}请假`, outcome.state === 'granted' ? granted : '未同意') }]
}

/** The weeks of a leave that this press decides, or had decided before a crash. */
async function openOf(turn: CardTurn, ctx: Ctx, person: Person, askedAt: Date): Promise<Week[]> {
  const weeks: Week[] = []
  for (const { week, excuse, applied } of await ctx.weeks.ofLeave(person._id, askedAt)) {
    if (excuse!.state !== 'proposed' && !applied.some((a) => a.event.startsWith(turn.id))) continue
    if (!(await closedState(ctx, person._id, monthOfWeek(week)))) weeks.push(week)
  }
  return weeks
}

/** The superior's answer to a change after the deadline. */
export const onChange: OnCard = async (turn, ctx) => {
  const { personId, week, at } = turn.instance.context
  const person = await ctx.people.get(String(personId))
  if (!person || (turn.arg !== 'given' && turn.arg !== 'refused')) return [{ text: text.gone }]
  const outcome = await decideChange(ctx, turn, turn.person, person, String(week), new Date(String(at)), turn.arg)
  switch (outcome.kind) {
    case 'decided':
      return [{ replace: closedCard(`${person.name}的修改`, turn.arg === 'given' ? '已同意' : '未同意') }]
    case 'gone': {
      // Pressed twice: the card goes on saying what the first press did.
      const { submissions } = await ctx.weeks.get(person._id, String(week))
      const consent = submissions.find((s) => s.at.toISOString() === at)?.consent
      const was = consent === 'given' ? '已同意' : consent === 'refused' ? '未同意' : '已处理'
      return [{ replace: closedCard(`${person.name}的修改`, was) }]
    }
    case 'scored':
      return [{ replace: closedCard(`${person.name}的修改`, '已评分', text.scored) }]
    case 'settled':
      return [{ text: text.settled }]
    case 'not-allowed':
      return [{ text: text.notAllowed }]
  }
}

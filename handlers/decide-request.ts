import { closedCard } from '../cards/plan-submitted.ts'
import type { OnCard } from '../src/inbox/handler.ts'
import { decideChange, decideExcuse } from './weekly/judge.ts'

const text = {
  gone: '这项请求已经处理过了。',
  notAllowed: '您不是这位同事的上级，不能处理。',
  scored: '这一周已评分，不能再修改提交内容。',
  settled: '该周所在月份的结果已确认，不能再修改。如确有需要：未发布时请确认人发“撤销确认”，已发布请联系人力资源更正。',
}

/** The superior's answer to 我在请假. */
export const onExcuse: OnCard = async (turn, ctx) => {
  const person = await ctx.people.get(String(turn.instance.context.personId))
  if (!person || (turn.arg !== 'granted' && turn.arg !== 'refused')) return [{ text: text.gone }]
  const outcome = await decideExcuse(ctx, turn, turn.person, person, String(turn.instance.context.week), turn.arg)
  if (outcome.kind === 'not-allowed') return [{ text: text.notAllowed }]
  if (outcome.kind === 'settled') return [{ text: text.settled }]
  return [{ replace: closedCard(`${person.name}请假`, outcome.state === 'granted' ? '已同意，本周免计' : '未同意') }]
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

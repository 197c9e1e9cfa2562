import { termTitle } from '../cards/moments.ts'
import { closedCard } from '../cards/plan-submitted.ts'
import type { Ctx } from '../src/context.ts'
import { formatDay, formatDayFull } from '../src/domain/time.ts'
import type { CardTurn, OnCard } from '../src/inbox/handler.ts'
import { decideWho } from './moments/newcomers.ts'
import { answerTerm } from './moments/terms.ts'

const text = {
  gone: '这项内容已经处理过了。',
  notAllowed: '这项内容由直属上级或人力资源处理，您没有权限。',
  later: (day: string) => `好的，${day}再提醒您。`,
  well: '很高兴听到这个消息，祝您工作顺利！',
  talk: '好的，已告诉人力资源，会尽快与您联系。',
}

async function onTerm(turn: CardTurn, ctx: Ctx, answer: 'done' | 'later') {
  const id = String(turn.instance.context.id)
  const result = await answerTerm(ctx, turn, turn.person, id, answer)
  switch (result.kind) {
    case 'gone':
      return [{ text: text.gone }]
    case 'not-allowed':
      return [{ text: text.notAllowed }]
    case 'already':
      return [{ replace: closedCard(termTitle(result.term, result.person.name), `已由${result.by}处理`) }]
    case 'put-off': {
      const day = result.until!
      return [
        { replace: closedCard(termTitle(result.term, result.person.name), `${formatDay(day)}再提醒`) },
        { text: text.later(formatDayFull(day)) },
      ]
    }
    case 'answered':
      await closeOthers(turn, ctx, termTitle(result.term, result.person.name))
      return [{ replace: closedCard(termTitle(result.term, result.person.name), '已处理') }]
  }
}

/** The cards of the others who were told show that it is done, and by whom. */
async function closeOthers(turn: CardTurn, ctx: Ctx, title: string): Promise<void> {
  const open = await ctx.cards.openAbout(turn.instance.subject)
  await ctx.outbox.add(
    open
      .filter((card) => card._id !== turn.instance._id)
      .map((card) => ({
        key: `closed/${card._id}/${turn.id}`,
        to: card.personId,
        mode: 'answer' as const,
        platform: card.platform,
        cause: turn.id,
        content: {
          kind: 'update' as const,
          cardId: card._id,
          card: closedCard(title, `已由${turn.person.name}处理`),
          orSend: false,
        },
      })),
  )
}

export const onTermDone: OnCard = (turn, ctx) => onTerm(turn, ctx, 'done')
export const onTermLater: OnCard = (turn, ctx) => onTerm(turn, ctx, 'later')

export const onCheckIn: OnCard = async (turn, ctx) => {
  const title = turn.instance.subject.endsWith('/7') ? '入职一周问候' : '入职一个月问候'
  if (turn.arg !== 'talk') return [{ replace: closedCard(title, '一切顺利') }, { text: text.well }]
  const hr = (await ctx.people.withRole('hr')).filter((p) => p._id !== turn.person._id)
  await ctx.outbox.add(
    hr.map((to) => ({
      key: `check-in-talk/${turn.instance.subject}/${to._id}`,
      to: to._id,
      mode: 'push' as const,
      cause: turn.id,
      content: { kind: 'notice' as const, name: 'check-in-talk', args: { personId: turn.person._id } },
    })),
  )
  return [{ replace: closedCard(title, '已告知人力资源') }, { text: text.talk }]
}

export const onSamePerson: OnCard = async (turn, ctx) => {
  const candidate = /^\d$/.test(turn.arg) ? Number(turn.arg) : undefined
  const result = await decideWho(ctx, turn, turn.person, String(turn.instance.context.doubtId), candidate)
  switch (result.kind) {
    case 'gone':
      return [{ text: text.gone }]
    case 'not-allowed':
      return [{ text: text.notAllowed }]
    case 'already':
      return [{ replace: closedCard(`${result.name}是否同一人`, '已由其他同事确认') }]
    case 'same':
    case 'different': {
      const title = `${result.name}是否同一人`
      await closeOthers(turn, ctx, title)
      return [{ replace: closedCard(title, result.kind === 'same' ? '已合并为同一人' : '按两位员工处理') }]
    }
  }
}

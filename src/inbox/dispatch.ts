import type { Ctx } from '../context.ts'
import type { Add } from '../outbox/outbox.ts'
import { deliveryId } from '../outbox/outbox.ts'
import type { Incoming } from '../platforms/port.ts'
import type { Person } from '../store/people.ts'
import type { Answer, Command, Handlers, Turn } from './handler.ts'
import { commentIn } from './private.ts'

export interface Directory {
  /** Reads a platform's contacts anew; a burst of calls is one reading. */
  refresh(platform: Incoming['platform']): Promise<void>
  /** Out of the company or of the app's reach: receives nothing more from now on. */
  left(platform: Incoming['platform'], userId: string, at: Date): Promise<void>
  renamed(platform: Incoming['platform'], from: string, to: string): Promise<void>
}

/**
 * Finds out who did what, lets the handler decide, and writes its answers under the event's id. Runs again after a crash:
 * handlers change state through the event's id, answers have keys made from it.
 */
export function createDispatch(ctx: Ctx, handlers: Handlers, directory: Directory) {
  return async function dispatch(event: Incoming): Promise<void> {
    switch (event.type) {
      case 'left':
        return directory.left(event.platform, event.userId, event.at)
      case 'changed':
        if (event.newUserId) await directory.renamed(event.platform, event.userId, event.newUserId)
        return directory.refresh(event.platform)
      case 'joined':
        return directory.refresh(event.platform)
      case 'notice':
        if (event.what === 'departments-changed') return directory.refresh(event.platform)
        ctx.log.warn({ event: event.id, what: event.what }, 'the platform says')
        return
    }
    const person = await personOf(event)
    if (!person) return answerStranger(event)
    if ('chat' in event && event.chat.kind === 'group') {
      const turn = { id: event.id, at: event.at, platform: event.platform, person }
      const words =
        event.type === 'text' && (await handlers.groupWords?.({ ...turn, text: event.text }, event.chat.groupId, ctx))
      const content = { kind: 'group-reply' as const, chat: event.chat, text: words || handlers.group(event.chat) }
      return ctx.outbox.add([ctx.outbox.answer(event.id, 0, person._id, event.platform, content)])
    }
    if (person.lastPlatform !== event.platform) await ctx.people.seenOn(person._id, event.platform)
    const turn: Turn = { id: event.id, at: event.at, platform: event.platform, person }
    const answers = await decide(event, turn)
    const cardId = event.type === 'card-action' ? event.cardId : undefined
    await ctx.outbox.add(answers.map((a, n) => toRow(a, n, turn, cardId)))
  }

  async function personOf(event: Incoming): Promise<Person | undefined> {
    const known = await ctx.people.byAccount(event.platform, event.userId)
    if (known) return known.active ? known : undefined
    await directory.refresh(event.platform)
    const found = await ctx.people.byAccount(event.platform, event.userId)
    return found?.active ? found : undefined
  }

  async function answerStranger(event: Incoming): Promise<void> {
    ctx.log.warn({ event: event.id, type: event.type }, 'from somebody who is not in the contacts')
    if (event.type === 'opened') return
    const message = { kind: 'text' as const, text: handlers.stranger }
    await ctx.platforms[event.platform]?.send({
      id: deliveryId(event.id, event.platform),
      userId: event.userId,
      message,
    })
  }

  async function decide(event: Incoming, turn: Turn): Promise<Answer[]> {
    switch (event.type) {
      case 'text':
        return say(event.text, turn)
      case 'media':
        if (event.recognized?.trim()) return say(event.recognized, turn)
        return handlers.media(turn, event, ctx)
      case 'menu': {
        const words = own(handlers.menu, event.key)
        return words ? instead(turn, () => handlers.text({ ...turn, text: words }, ctx)) : []
      }
      case 'opened':
        return handlers.opened(turn, ctx)
      case 'card-action':
        return press(event, turn)
      default:
        return []
    }
  }

  async function say(text: string, turn: Turn): Promise<Answer[]> {
    // An anonymous comment is never the answer to something else: that would be kept under its name.
    if (commentIn(text) !== undefined) return handlers.text({ ...turn, text }, ctx)
    const talk = await ctx.talks.of(turn.person._id, turn.at, turn.id)
    const onTalk = talk && own(handlers.talks, talk.expects)
    if (!onTalk) return handlers.text({ ...turn, text }, ctx)
    const command = await handlers.command({ ...turn, text }, ctx)
    if (command) return instead(turn, command)
    return (await onTalk({ ...turn, text }, talk.data, ctx)) ?? handlers.text({ ...turn, text }, ctx)
  }

  /** Something else was begun: what the bot waited for is dropped first, and said to be. */
  async function instead(turn: Turn, act: Command): Promise<Answer[]> {
    const talk = await ctx.talks.of(turn.person._id, turn.at, turn.id)
    // After a crash the talk that waits may be the one this very event has begun.
    const dropped = talk && talk.askedBy !== turn.id ? [{ text: handlers.instead }] : []
    if (talk) await ctx.talks.end(turn.person._id, turn.id)
    return [...dropped, ...(await act())]
  }

  async function press(event: Incoming & { type: 'card-action' }, turn: Turn): Promise<Answer[]> {
    const instance = await ctx.cards.get(event.cardId)
    const theirs = instance?.personId === turn.person._id
    // A code changes the card of whoever pressed: somebody else's press gives none for this one.
    if (event.code && theirs) await ctx.cards.addCode(event.cardId, event.code, turn.at)
    const [name = '', arg = ''] = event.action.split(/:(.*)/s)
    const onCard = own(handlers.cards, name)
    if (!instance || !onCard) return [{ text: handlers.stale.unknown }]
    if (!theirs) return [{ text: handlers.stale['not-yours'] }]
    if (instance.expiresAt <= turn.at) return [{ text: handlers.stale.expired }]
    if (instance.state === 'closed') return [{ text: handlers.stale.closed }]
    // No phone shows that button on that card.
    if (instance.actions && !instance.actions.includes(event.action)) return [{ text: handlers.stale.unknown }]
    return onCard({ ...turn, instance, arg, choices: event.choices }, ctx)
  }

  function toRow(answer: Answer, n: number, turn: Turn, cardId: string | undefined): Add {
    const row = (content: Add['content']) => ctx.outbox.answer(turn.id, n, turn.person._id, turn.platform, content)
    if ('text' in answer) return row({ kind: 'text', text: answer.text })
    if ('replace' in answer) {
      const { replace: card, context, of = cardId } = answer
      if (!of) throw new Error('only a pressed card can be replaced')
      return row({ kind: 'update', cardId: of, card, ...(context && { context }), orSend: of === cardId })
    }
    return row({ kind: 'card', card: answer.card, subject: answer.subject, context: answer.context ?? {} })
  }
}

/** What a list holds under a word from outside; `constructor` and its like are in every object and in none of ours. */
const own = <T>(list: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(list, name) ? list[name] : undefined

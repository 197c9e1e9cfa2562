import type { Ctx } from '../src/context.ts'
import type { CardInstance } from '../src/store/cards.ts'

/**
 * Gives the open cards about something a last face: it was done on another card, by somebody else or on the page.
 *
 * @param event what did it; the same again closes nothing twice
 * @param which of the open cards; the pressed one answers itself
 */
export async function closeCards(
  ctx: Ctx,
  event: string,
  subject: string,
  card: { title: string; closed: string },
  which: (open: CardInstance) => boolean,
): Promise<void> {
  const open = (await ctx.cards.openAbout(subject)).filter(which)
  await ctx.outbox.add(
    open.map(({ _id, personId }) => ({
      key: `${event}/close/${_id}`,
      to: personId,
      mode: 'answer' as const,
      cause: event,
      content: { kind: 'update' as const, cardId: _id, card, orSend: false },
    })),
  )
}

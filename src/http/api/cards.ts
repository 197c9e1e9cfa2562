import type { Act, Ctx } from '../../context.ts'
import type { Person } from '../../store/people.ts'

/**
 * A decision taken on a page shows on the cards about it, as long as the platform lets them be changed; where it does not, the
 * person's newest card comes again as a short message. Others' cards change where they can.
 *
 * @param closed what stands in place of the buttons; never a score (features.md B8)
 */
export async function closeCards(
  { ctx, me, act }: { ctx: Ctx; me: Person; act: Act },
  subjects: string[],
  closed: string,
  title = '已在页面处理',
): Promise<void> {
  const open = (await Promise.all(subjects.map((s) => ctx.cards.openAbout(s)))).flat()
  if (open.length === 0) return
  const newest = open
    .filter((c) => c.personId === me._id)
    .sort((a, b) => a.sentAt.getTime() - b.sentAt.getTime())
    .at(-1)
  await ctx.outbox.add(
    open.map((card) => ({
      key: `${act.id}/close/${card._id}`,
      to: card.personId,
      mode: 'answer' as const,
      cause: act.id,
      content: { kind: 'update' as const, cardId: card._id, card: { title, closed }, orSend: card === newest },
    })),
  )
}

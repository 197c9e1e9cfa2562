import type { Ctx } from '../../src/context.ts'
import { monthRowId } from '../../src/store/month-inputs.ts'

/** Whether a person's month still takes records: not once its result is confirmed or published. */
export async function closedState(
  ctx: Ctx,
  personId: string,
  month: string,
): Promise<'confirmed' | 'published' | undefined> {
  if ((await ctx.months.get(month)).state === 'published') return 'published'
  const row = await ctx.results.get(monthRowId(personId, month))
  return row && row.state !== 'draft' ? row.state : undefined
}

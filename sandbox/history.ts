import type { World } from './world.ts'

/** The bot starts on a Monday morning, three weeks before the sandbox opens… */
export const PAST_BEGINS_AT = '2026-11-02T08:30:00+08:00'
/** …which is ten minutes before the Friday's reminder. */
export const OPENS_AT = '2026-11-27T15:50:00+08:00'

export async function livePast(
  world: World,
  _o: { seed: number; onProgress?: ((share: number) => void) | undefined },
): Promise<void> {
  await world.jumpTo(OPENS_AT)
}

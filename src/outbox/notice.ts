import type { Card } from '../../cards/card.ts'
import type { Person } from '../store/people.ts'

/** What a notice becomes at the moment of sending; `cancel` says why its reason is gone. */
export type Rendered =
  | { card: Card; subject: string; context?: Record<string, unknown> }
  | { text: string }
  | { png: Buffer; alt: string }
  | { cancel: string }

/** A message that is made from live data when it is sent (design §3): it never tells what is no longer so. */
export interface Notice<Ctx> {
  name: string
  render(to: Person, args: Record<string, unknown>, ctx: Ctx): Promise<Rendered>
}

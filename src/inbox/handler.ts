import type { Card } from '../../cards/card.ts'
import type { Act, Ctx } from '../context.ts'
import type { Chat, PlatformName } from '../platforms/port.ts'
import type { CardInstance } from '../store/cards.ts'
import type { Person } from '../store/people.ts'

/** Something a person did, with who they are. */
export interface Turn extends Act {
  platform: PlatformName
  person: Person
}

export interface TextTurn extends Turn {
  text: string
}

export interface CardTurn extends Turn {
  instance: CardInstance
  /** Behind the colon of the action: `score-item:2` → `2`. */
  arg: string
  choices: Record<string, string[]>
}

/** What the bot says back. `replace`: a new face for the card that was pressed, or for another one of this person's. */
export type Answer =
  | { text: string }
  | { card: Card; subject: string; context?: Record<string, unknown> }
  | { replace: Card; context?: Record<string, unknown>; of?: string }

export type OnCard = (turn: CardTurn, ctx: Ctx) => Promise<Answer[]>
export type OnSay = (turn: TextTurn, ctx: Ctx) => Promise<Answer[]>
/** A free text that was asked for; `data` is what was remembered when asking. Undefined: it was no answer after all. */
export type OnTalk = (turn: TextTurn, data: Record<string, unknown>, ctx: Ctx) => Promise<Answer[] | undefined>

/** A command that was found in what was said, not yet carried out. */
export type Command = () => Promise<Answer[]>
/** Finds one without changing anything; undefined: something else was said. */
export type FindCommand = (turn: TextTurn, ctx: Ctx) => Promise<Command | undefined>

/** The lists of `handlers/index.ts`. */
export interface Handlers {
  /** By the action of the button, without its argument. */
  cards: Record<string, OnCard>
  /** By what the talk expects. */
  talks: Record<string, OnTalk>
  /** A complete command is never the answer to what a talk waits for: it ends the waiting. */
  command: FindCommand
  /** What somebody reads whose talk ended that way. */
  instead: string
  /** Menu keys to what would be typed for the same. */
  menu: Record<string, string>
  /** Anything typed in private. */
  text: OnSay
  /** A picture, a voice message without text and so on. */
  media(turn: Turn, sent: { media: string; ref?: string }, ctx: Ctx): Promise<Answer[]>
  /** What may be said to the bot in a group; undefined: the short answer of `group`. */
  groupWords?(turn: TextTurn, groupId: string, ctx: Ctx): Promise<string | undefined>
  /** In a group the bot keeps short and names nobody. */
  group(chat: Chat): string
  /** What somebody reads whom the company does not know. */
  stranger: string
  /** A press on a card that is over, somebody else's, or unknown. */
  stale: Record<'unknown' | 'closed' | 'expired' | 'not-yours', string>
  /** First contact. */
  opened(turn: Turn, ctx: Ctx): Promise<Answer[]>
}

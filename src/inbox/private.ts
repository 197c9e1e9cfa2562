import type { Incoming } from '../platforms/port.ts'
import type { Seal } from '../seal.ts'

/** Button actions of anonymous questions begin with it. */
export const PRIVATE_ACTION = 'anon-'
/** Whatever says this may be an anonymous comment: the inbox sees it without looking anything up. */
const PRIVATE_WORD = /匿名意见/
/** An anonymous comment as it is asked for; `@` of the bot and polite words before it do not matter. */
const COMMENT = /^[\s\u200b-\u200f\ufeff]*(?:@\S{1,30}\s+)?(?:请|我想|我要|我的)?\s*匿名意见[\s:：,，。]*/

/** What an anonymous comment says, or undefined when a text is none. */
export function commentIn(text: string): string | undefined {
  const match = COMMENT.exec(text)
  return match ? text.slice(match[0].length) : undefined
}

/** How a private event lies in the inbox: who and when, but what was chosen or written only sealed, and only until it is done. */
export type Kept = Incoming & { sealed?: string }

const isPrivate = (event: Incoming): boolean =>
  (event.type === 'card-action' && event.action.startsWith(PRIVATE_ACTION)) ||
  (event.type === 'text' && PRIVATE_WORD.test(event.text)) ||
  (event.type === 'media' && event.recognized !== undefined && PRIVATE_WORD.test(event.recognized))

/**
 * Takes out of an anonymous answer what must never lie beside its person, before it is stored for the first time. The id
 * changes too: a platform's id may be a hash of what was chosen, and with five stars a hash is soon guessed.
 */
export function protect(event: Incoming, seal: Seal): Kept {
  if (!isPrivate(event)) return event
  const id = `${event.platform}:p:${seal.tag(event.id)}`
  switch (event.type) {
    case 'card-action':
      return { ...event, id, choices: {}, sealed: seal.seal(id, JSON.stringify(event.choices)) }
    case 'text':
      return { ...event, id, text: '匿名意见', sealed: seal.seal(id, event.text) }
    case 'media':
      return { ...event, id, recognized: '匿名意见', sealed: seal.seal(id, event.recognized ?? '') }
    default:
      return event
  }
}

/** The event as it came in, for its handler. @throws Error when it was sealed under another secret */
export function reveal(kept: Kept, seal: Seal): Incoming {
  const { sealed, ...event } = kept
  if (sealed === undefined) return event
  const said = seal.open(event.id, sealed)
  if (event.type === 'card-action') return { ...event, choices: JSON.parse(said) as Record<string, string[]> }
  if (event.type === 'text') return { ...event, text: said }
  if (event.type === 'media') return { ...event, recognized: said }
  return event
}

/**
 * What a person sees, as data. Each platform draws it its own way (`src/platforms/<name>/draw-card.ts`).
 * A card holds at most one kind of input; longer questions are a wizard: each click replaces the card by
 * its next step. Text, numbers and dates are asked for in chat or on a page.
 */
export interface Card {
  title: string
  /** One line under the title. */
  subtitle?: string
  /** Plain text; `\n` breaks lines. Never markup: platforms escape it. */
  text?: string
  /** Label and value pairs. */
  facts?: Fact[]
  input?: ChoiceInput | SelectsInput
  /** Up to 6. With an input exactly one action button, the one that submits it. */
  buttons?: Button[]
  /** Opens a page of ours; `path` is below PUBLIC_BASE_URL and begins with `/h5/`. `:card` in it stands for this card's own id. */
  link?: { text: string; path: string }
  /** Set on a card that is over: shown in grey in place of buttons. */
  closed?: string
}

export interface Fact {
  label: string
  value: string
}

/** A button that comes back as a `card-action`. */
export interface Button {
  text: string
  /** `[a-z0-9-]{1,40}`; with a colon and up to 60 characters of `[A-Za-z0-9_-]` for a routing argument: `score:full`. */
  action: string
  style?: 'primary' | 'plain' | 'danger'
}

/** One list to tick: up to 20 options. */
export interface ChoiceInput {
  kind: 'choice'
  id: string
  multiple: boolean
  options: Option[]
  selected?: string[]
}

/** One to three drop-downs of up to 10 options each. */
export interface SelectsInput {
  kind: 'selects'
  selects: { id: string; label: string; options: Option[]; selected?: string }[]
}

export interface Option {
  /** `[A-Za-z0-9_-]{1,60}` */
  id: string
  text: string
}

/** What a press of its buttons can say. */
export const actionsOf = (card: Card): string[] => (card.buttons ?? []).map((b) => b.action)

/** The card with its own id in its link, known only when it is sent. */
export function addressed(card: Card, id: string): Card {
  return card.link ? { ...card, link: { ...card.link, path: card.link.path.replace(':card', id) } } : card
}

/** Limits that hold on every platform; a card outside them is a bug and throws where it is made. */
export function checkCard(card: Card): Card {
  const fail = (what: string): never => {
    throw new RangeError(`card "${card.title}": ${what}`)
  }
  if (card.title.trim() === '') fail('no title')
  const buttons = card.buttons ?? []
  if (buttons.length > 6) fail('more than 6 buttons')
  for (const { action } of buttons)
    if (!/^[a-z0-9-]{1,40}(:[A-Za-z0-9_-]{1,60})?$/.test(action)) fail(`bad action ${action}`)
  // Phones show about ten characters of a button (wecom.md §4.2).
  for (const { text } of buttons) if ([...text].length > 10) fail(`button longer than 10 characters: ${text}`)
  if (new Set(buttons.map((b) => b.action)).size !== buttons.length) fail('two buttons with one action')
  if (card.input) {
    if (buttons.length !== 1) fail('an input needs exactly one button')
    const lists = card.input.kind === 'choice' ? [card.input] : card.input.selects
    if (lists.length < 1 || lists.length > 3) fail('1 to 3 selects')
    const most = card.input.kind === 'choice' ? 20 : 10
    for (const { options } of lists) {
      if (options.length < 1 || options.length > most) fail(`1 to ${most} options`)
      if (new Set(options.map((o) => o.id)).size !== options.length) fail('two options with one id')
      for (const { id } of options) if (!/^[A-Za-z0-9_-]{1,60}$/.test(id)) fail(`bad option id ${id}`)
    }
  }
  if (card.link && !card.link.path.startsWith('/h5/')) fail('a link opens one of our pages')
  return card
}

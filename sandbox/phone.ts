import type { PhoneMessage, SeenCard, StandIn } from './stand-in.ts'

/** Somebody's phone with the chat of the bot on it, worked by what can be seen. */
export interface Phone {
  messages(): PhoneMessage[]
  last(): PhoneMessage
  /** All that can be read in the newest message. */
  text(): string
  /** Whether the newest message shows these words. */
  sees(words: string): boolean
  type(text: string): Promise<void>
  /**
   * Presses the newest button with this text, with what is chosen in the card's inputs: what stands beside an input to the
   * text of the option, or of several.
   *
   * @throws Error that quotes the newest message when no card has such a button
   */
  tap(button: string, choose?: Record<string, string | string[]>): Promise<void>
  /** Sets inputs of the newest open card and presses its submit button. */
  choose(choose: Record<string, string | string[]>): Promise<void>
  /** Presses an entry of the menu under the chat by its text. */
  menu(entry: string): Promise<void>
  /** Whether a card with such a button is there, and which. */
  has(button: string): boolean
}

/** @param settled resolves when the bot has done what came of it */
export function phoneOf(standIn: StandIn, userId: string, settled: () => Promise<unknown>): Phone {
  const messages = () => standIn.chat(userId)
  const text = () => readable(messages().at(-1))

  function find(wanted: (b: SeenCard['buttons'][number]) => boolean) {
    const message = messages().findLast((m) => !m.recalled && m.card?.buttons.some((b) => b.key && wanted(b)))
    const button = message?.card?.buttons.find((b) => b.key && wanted(b))
    return message?.card && button?.key ? { message, card: message.card, key: button.key, button } : undefined
  }

  async function press(wanted: (b: SeenCard['buttons'][number]) => boolean, what: string, choose: Chosen = {}) {
    const found = find(wanted)
    if (!found) throw new Error(`${userId} on ${standIn.platform} sees no ${what} on:\n${text()}`)
    const selected = found.button.submit ? selection(found.card, choose) : {}
    await standIn.tap(userId, found.message.id, found.key, selected)
    await settled()
  }

  return {
    messages,
    text,
    last() {
      const last = messages().at(-1)
      if (!last) throw new Error(`${userId} has no message on ${standIn.platform}`)
      return last
    },
    sees: (words) => text().includes(words),
    has: (button) => find((b) => b.text === button) !== undefined,
    async type(words) {
      await standIn.type(userId, words)
      await settled()
    },
    tap: (button, choose) => press((b) => b.text === button, `button ${button}`, choose),
    choose: (choose) => press((b) => b.submit, 'submit button', choose),
    async menu(entry) {
      const found = standIn.menu().flatMap((e) => [e, ...(e.children ?? [])])
      const key = found.find((e) => e.text === entry)?.key
      if (!key) throw new Error(`the menu has no entry ${entry}`)
      await standIn.tapMenu(userId, key)
      await settled()
    },
  }
}

type Chosen = Record<string, string | string[]>

/** From what stands beside the inputs to what the phone sends. */
function selection(card: SeenCard, choose: Chosen): Record<string, string[]> {
  const inputs = [
    ...card.selects.map((s) => ({ key: s.key, label: s.title, options: s.options })),
    ...(card.checklist ? [{ key: card.checklist.key, label: card.title, options: card.checklist.options }] : []),
    ...(card.form ?? []).map((f) => ({
      key: f.name,
      label: f.label,
      options: f.options.map((o) => ({ id: o.value, text: o.text })),
    })),
  ]
  return Object.fromEntries(
    Object.entries(choose).map(([label, wanted]) => {
      const input = inputs.find((i) => i.label === label || i.key === label)
      if (!input) throw new Error(`no input ${label}; there is: ${inputs.map((i) => i.label).join(', ')}`)
      const ids = [wanted].flat().map((text) => {
        if (input.options.length === 0) return text
        const option = input.options.find((o) => o.text === text)
        if (!option) throw new Error(`${label} has no option ${text}`)
        return option.id
      })
      return [input.key, ids]
    }),
  )
}

/** Everything that stands on a message, as text. */
export function readable(m: PhoneMessage | undefined): string {
  if (!m || m.recalled) return ''
  const c = m.card
  if (!c) return m.text ?? ''
  const inputs = [
    ...c.selects.map((s) => ({ label: s.title, options: s.options.map((o) => o.text) })),
    ...(c.checklist ? [{ label: '', options: c.checklist.options.map((o) => o.text) }] : []),
    ...(c.form ?? []).map((f) => ({ label: f.label, options: f.options.map((o) => o.text) })),
  ]
  return [
    c.title,
    c.subtitle,
    c.text,
    ...c.facts.map((f) => `${f.label}：${f.value}`),
    ...inputs.map((i) => `${i.label}[${i.options.join('|')}]`),
    c.buttons.map((b) => `<${b.text}>`).join(''),
    c.closed && `（${c.closed}）`,
  ]
    .filter(Boolean)
    .join('\n')
}

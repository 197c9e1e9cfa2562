import { reactive, watch } from 'vue'
import type { SeenCard } from '../../stand-in.ts'
import type { Message } from './store.ts'

/** What the person has set in a card's inputs and not sent yet; begins anew when the card changes. */
export function useChoices(message: () => Message) {
  const chosen = reactive<Record<string, string[]>>({})
  watch(
    () => [message().id, message().updatedAt, JSON.stringify(message().card)].join('\n'),
    () => {
      for (const key of Object.keys(chosen)) delete chosen[key]
      const card = message().card
      if (card) Object.assign(chosen, initial(card))
    },
    { immediate: true },
  )
  return {
    chosen,
    toggle(key: string, option: string, multiple: boolean) {
      const now = chosen[key] ?? []
      if (!multiple) chosen[key] = [option]
      else chosen[key] = now.includes(option) ? now.filter((o) => o !== option) : [...now, option]
    },
    /** What is sent along with a submit button: nothing for inputs left empty. */
    sent: () => Object.fromEntries(Object.entries(chosen).filter(([, values]) => values.some((v) => v !== ''))),
  }
}

function initial(card: SeenCard): Record<string, string[]> {
  const start: Record<string, string[]> = {}
  if (card.checklist) start[card.checklist.key] = card.checklist.options.filter((o) => o.checked).map((o) => o.id)
  for (const s of card.selects) start[s.key] = [s.selected]
  for (const f of card.form ?? []) start[f.name] = f.initial ?? []
  return start
}

import type { SeenCard } from '../stand-in.ts'
import { isObject, type Json } from './refusal.ts'

/** What one receiver's phone shows of a card. `closed`: the grey text that an update put in place of its buttons. */
export function seenCard(card: Json, closed?: string): SeenCard {
  const title = object(card.main_title)
  const over = closed ?? (string(card.replace_text) || undefined)
  const heading = string(title.title) || string(card.sub_title_text)
  const seen: SeenCard = {
    title: heading,
    facts: facts(card),
    selects: selects(card, over !== undefined),
    buttons: [...(over === undefined ? buttons(card) : []), ...links(card)],
  }
  if (string(title.desc)) seen.subtitle = string(title.desc)
  const text = bodyText(card, Boolean(string(title.title)))
  if (text) seen.text = text
  const box = checklist(card, over !== undefined)
  if (box) seen.checklist = box
  if (over !== undefined) seen.closed = over
  const url = string(object(card.card_action).url)
  if (url) seen.url = url
  return seen
}

function bodyText(card: Json, titled: boolean): string {
  const emphasis = object(card.emphasis_content)
  const quote = object(card.quote_area)
  const picture = object(card.image_text_area)
  const parts = [
    [string(emphasis.title), string(emphasis.desc)],
    [string(picture.title), string(picture.desc)],
    [titled ? string(card.sub_title_text) : ''],
    [string(quote.title), string(quote.quote_text)],
  ]
  return parts
    .map((part) => part.filter(Boolean).join('\n'))
    .filter(Boolean)
    .join('\n')
}

function facts(card: Json): SeenCard['facts'] {
  const rows = objects(card.horizontal_content_list).map((row) => ({
    label: string(row.keyname),
    value: string(row.value),
    ...(row.type === 1 ? { url: string(row.url) } : {}),
  }))
  const blocks = objects(card.vertical_content_list).map((row) => ({
    label: string(row.title),
    value: string(row.desc),
  }))
  return [...blocks, ...rows]
}

function checklist(card: Json, over: boolean): SeenCard['checklist'] {
  if (card.card_type !== 'vote_interaction') return undefined
  const box = object(card.checkbox)
  return {
    key: string(box.question_key),
    multiple: box.mode === 1,
    options: objects(box.option_list).map((option) => ({
      id: string(option.id),
      text: string(option.text),
      checked: option.is_checked === true,
    })),
    disabled: over || box.disable === true,
  }
}

function selects(card: Json, over: boolean): SeenCard['selects'] {
  const single = isObject(card.button_selection) ? [card.button_selection] : []
  return [...single, ...objects(card.select_list)].map((select) => {
    const options = objects(select.option_list).map(({ id, text }) => ({ id: string(id), text: string(text) }))
    const known = options.some(({ id }) => id === select.selected_id)
    return {
      key: string(select.question_key),
      title: string(select.title),
      options,
      // Wrong or missing: the first option (wecom.md §4.2).
      selected: known ? string(select.selected_id) : (options[0]?.id ?? ''),
      disabled: over || select.disable === true,
    }
  })
}

/** Buttons that call back or open a page, then the entries of the corner menu. */
function buttons(card: Json): SeenCard['buttons'] {
  const withInput = isObject(card.button_selection)
  const list: SeenCard['buttons'] = objects(card.button_list).map((button) => {
    const shown = { text: string(button.text), style: style(button.style) }
    return button.type === 1
      ? { ...shown, url: string(button.url), submit: false }
      : { ...shown, key: string(button.key), submit: withInput }
  })
  if (isObject(card.submit_button)) {
    const { text, key } = card.submit_button
    list.push({ text: string(text), key: string(key), style: 'primary', submit: true })
  }
  for (const entry of objects(object(card.action_menu).action_list))
    list.push({ text: string(entry.text), key: string(entry.key), style: 'plain', submit: false })
  return list
}

function links(card: Json): SeenCard['buttons'] {
  return objects(card.jump_list)
    .filter((row) => row.type === 1)
    .map((row) => ({ text: string(row.title), url: string(row.url), style: 'plain', submit: false }))
}

/** 1 (also wrong or missing) is the filled button, 3 the red one; 2 and 4 are quieter. */
function style(value: unknown): 'primary' | 'plain' | 'danger' {
  if (value === 2 || value === 4) return 'plain'
  return value === 3 ? 'danger' : 'primary'
}

function object(value: unknown): Json {
  return isObject(value) ? value : {}
}

function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function string(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

import { isObject, type Json, refuse } from './refusal.ts'

export const CARD_TYPES = [
  'text_notice',
  'news_notice',
  'button_interaction',
  'vote_interaction',
  'multiple_interaction',
] as const
export type CardType = (typeof CARD_TYPES)[number]

export interface CardRules {
  /** `send`: needs its task_id. `update`: no task_id, `replace_text` and `disable` exist. `reply`: the same, in a passive answer. */
  where: 'send' | 'update' | 'reply'
  /** Unconfirmed whether the platform minds members that it does not document (wecom.md §4.2). */
  unknownMembers: 'refused' | 'ignored'
  isMember(userId: string): boolean
  isFile(mediaId: string): boolean
}

/** Members beside `card_type` (wecom.md §4.1). */
const MEMBERS: Record<CardType, string[]> = {
  text_notice: [
    ...['source', 'action_menu', 'task_id', 'main_title', 'emphasis_content', 'quote_area', 'sub_title_text'],
    ...['horizontal_content_list', 'jump_list', 'card_action'],
  ],
  news_notice: [
    ...['source', 'action_menu', 'task_id', 'main_title', 'quote_area', 'image_text_area', 'card_image'],
    ...['vertical_content_list', 'horizontal_content_list', 'jump_list', 'card_action'],
  ],
  button_interaction: [
    ...['source', 'action_menu', 'task_id', 'main_title', 'quote_area', 'sub_title_text'],
    ...['horizontal_content_list', 'card_action', 'button_selection', 'button_list', 'replace_text'],
  ],
  vote_interaction: ['source', 'task_id', 'main_title', 'checkbox', 'submit_button', 'replace_text'],
  multiple_interaction: ['source', 'task_id', 'main_title', 'select_list', 'submit_button', 'replace_text'],
}

const LINKS = ['type', 'url', 'appid', 'pagepath']

/** Whether clicks on such a card come back, so that it has a task and response codes (wecom.md §4.5). */
export function callsBack(card: Json): boolean {
  return isQuestion(card.card_type as CardType) || isObject(card.action_menu)
}

export function isQuestion(type: CardType): boolean {
  return type !== 'text_notice' && type !== 'news_notice'
}

/**
 * Holds a card against wecom.md §4.1 to §4.4. Lengths that the documentation only recommends are left alone.
 * @throws Refusal with the errcode that §4.2 names; 40035 where it names none
 */
export function checkCard(value: unknown, rules: CardRules): Json & { card_type: CardType } {
  const card = isObject(value) ? value : refuse(40063, 'template_card is missing')
  const type = CARD_TYPES.find((known) => known === card.card_type) ?? refuse(42031, 'invalid card_type')
  only(card, ['card_type', ...MEMBERS[type].filter((name) => allowedHere(name, rules))], 'template_card', rules)
  if (rules.where === 'send') checkTask(card, type)
  checkSource(card, type, rules)
  checkTitle(card, type, rules)
  checkTexts(card, type, rules)
  checkLists(card, rules)
  if (type === 'text_notice' || type === 'news_notice' || card.card_action !== undefined)
    checkCardAction(card, type, rules)
  const keys: string[] = []
  checkMenu(card, rules, keys)
  if (type === 'button_interaction') checkButtons(card, rules, keys)
  if (type === 'vote_interaction') checkCheckbox(card, rules)
  if (type === 'multiple_interaction') checkSelects(card, rules)
  if (type === 'vote_interaction' || type === 'multiple_interaction') checkSubmit(card, rules, keys)
  text(card, 'replace_text', { code: 40035 })
  unique(keys, 42051, 'key')
  return card as Json & { card_type: CardType }
}

function allowedHere(name: string, rules: CardRules): boolean {
  if (name === 'task_id') return rules.where === 'send'
  if (name === 'replace_text') return rules.where !== 'send'
  return true
}

function checkTask(card: Json, type: CardType): void {
  const needed = isQuestion(type) || card.action_menu !== undefined
  if (card.task_id === undefined && !needed) return
  if (typeof card.task_id !== 'string' || !/^[0-9A-Za-z_@-]{1,128}$/.test(card.task_id))
    refuse(42014, 'taskid has existed or empty or exceed max len')
}

function checkSource(card: Json, type: CardType, rules: CardRules): void {
  const source = optional(card, 'source', 40035)
  if (!source) return
  const plain = type === 'vote_interaction' || type === 'multiple_interaction'
  only(source, plain ? ['icon_url', 'desc'] : ['icon_url', 'desc', 'desc_color'], 'source', rules)
  text(source, 'icon_url', { code: 40035 })
  text(source, 'desc', { code: 40035 })
  if (!plain) choice(source, 'desc_color', [0, 1, 2, 3], 40035)
}

function checkTitle(card: Json, type: CardType, rules: CardRules): void {
  const title = optional(card, 'main_title', 40035)
  if (title) {
    only(title, ['title', 'desc'], 'main_title', rules)
    text(title, 'title', { code: 42033, need: type !== 'text_notice' })
    text(title, 'desc', { code: 40035 })
  } else if (type !== 'text_notice') refuse(42033, 'main_title is missing')
  if (type === 'text_notice' && !title?.title && !card.sub_title_text)
    refuse(42033, 'main_title.title and sub_title_text are both missing')
}

function checkTexts(card: Json, type: CardType, rules: CardRules): void {
  text(card, 'sub_title_text', { code: 40035 })
  const emphasis = optional(card, 'emphasis_content', 40035)
  if (emphasis) {
    only(emphasis, ['title', 'desc'], 'emphasis_content', rules)
    for (const name of ['title', 'desc']) text(emphasis, name, { code: 40035 })
  }
  const quote = optional(card, 'quote_area', 40035)
  if (quote) {
    only(quote, [...LINKS, 'title', 'quote_text'], 'quote_area', rules)
    for (const name of ['title', 'quote_text']) text(quote, name, { code: 40035 })
    link(quote, [0, 1, 2])
  }
  if (type === 'news_notice') checkPictures(card, rules)
}

function checkPictures(card: Json, rules: CardRules): void {
  const image = optional(card, 'card_image', 42044)
  const beside = optional(card, 'image_text_area', 42044)
  if (!image && !beside) refuse(42044, 'card_image and image_text_area are both missing')
  if (image) {
    only(image, ['url', 'aspect_ratio'], 'card_image', rules)
    text(image, 'url', { code: 42044, need: true })
    const ratio = image.aspect_ratio
    if (ratio !== undefined && !(typeof ratio === 'number' && ratio >= 1.3 && ratio <= 2.25))
      refuse(42044, 'card_image.aspect_ratio is outside 1.3 to 2.25')
  }
  if (beside) {
    only(beside, [...LINKS, 'title', 'desc', 'image_url'], 'image_text_area', rules)
    text(beside, 'image_url', { code: 42044, need: true })
    for (const name of ['title', 'desc']) text(beside, name, { code: 40035 })
    link(beside, [0, 1, 2])
  }
}

function checkLists(card: Json, rules: CardRules): void {
  for (const row of list(card, 'horizontal_content_list', { max: 6, code: 42035 })) {
    only(row, ['type', 'keyname', 'value', 'url', 'media_id', 'userid'], 'horizontal_content_list', rules)
    text(row, 'keyname', { code: 42027, need: true })
    text(row, 'value', { code: 40035 })
    for (const name of ['url', 'media_id', 'userid']) filled(row, name)
    const type = choice(row, 'type', [0, 1, 2, 3], 40035)
    if (type === 1) text(row, 'url', { code: 42028, need: true })
    if (type === 2 && !(filled(row, 'media_id') && rules.isFile(row.media_id as string)))
      refuse(42029, 'media_id is missing or invalid')
    if (type === 3 && !(filled(row, 'userid') && rules.isMember(row.userid as string)))
      refuse(42050, 'userid is missing or invalid')
  }
  for (const row of list(card, 'jump_list', { max: 3, code: 42042 })) {
    only(row, [...LINKS, 'title'], 'jump_list', rules)
    text(row, 'title', { code: 42033, need: true })
    link(row, [0, 1, 2])
  }
  for (const row of list(card, 'vertical_content_list', { max: 4, code: 42036 })) {
    only(row, ['title', 'desc'], 'vertical_content_list', rules)
    text(row, 'title', { code: 42033, need: true })
    text(row, 'desc', { code: 40035 })
  }
}

function checkCardAction(card: Json, type: CardType, rules: CardRules): void {
  const action = isObject(card.card_action) ? card.card_action : refuse(42045, 'card_action is missing')
  // The samples of the passive reply show a Title that no table lists (wecom.md §1.7).
  only(action, rules.where === 'reply' ? [...LINKS, 'title'] : LINKS, 'card_action', rules)
  const needed = type !== 'button_interaction'
  if (needed && action.type !== 1 && action.type !== 2) refuse(42045, 'card_action.type must be 1 or 2')
  link(action, needed ? [1, 2] : [0, 1, 2])
}

function checkMenu(card: Json, rules: CardRules, keys: string[]): void {
  const menu = optional(card, 'action_menu', 40035)
  if (!menu) return
  only(menu, ['desc', 'action_list'], 'action_menu', rules)
  text(menu, 'desc', { code: 40035 })
  for (const entry of list(menu, 'action_list', { min: 1, max: 3, code: 40035 })) {
    only(entry, ['text', 'key'], 'action_list', rules)
    text(entry, 'text', { code: 40035, need: true })
    keys.push(text(entry, 'key', { code: 40035, need: true, bytes: 1024 })!)
  }
}

function checkButtons(card: Json, rules: CardRules, keys: string[]): void {
  const selection = optional(card, 'button_selection', 40035)
  if (selection)
    checkQuestion(selection, { most: 10, path: 'button_selection', disable: rules.where === 'reply' }, rules)
  for (const button of list(card, 'button_list', { min: 1, max: 6, code: 42038 })) {
    only(button, ['type', 'text', 'style', 'key', 'url'], 'button_list', rules)
    text(button, 'text', { code: 42038, need: true })
    if (button.style !== undefined && !Number.isInteger(button.style)) refuse(40035, 'button style must be an integer')
    const type = choice(button, 'type', [0, 1], 40035)
    filled(button, 'url')
    const key = text(button, 'key', { code: 42039, need: type !== 1, bytes: 1024, filled: true })
    if (type === 1) text(button, 'url', { code: 42028, need: true })
    if (key !== undefined) keys.push(key)
  }
}

function checkCheckbox(card: Json, rules: CardRules): void {
  const box = isObject(card.checkbox) ? card.checkbox : refuse(42043, 'checkbox is missing')
  choice(box, 'mode', [0, 1], 40035)
  checkQuestion(box, { most: 20, path: 'checkbox', disable: rules.where !== 'send' }, rules)
}

function checkSelects(card: Json, rules: CardRules): void {
  const keys: string[] = []
  for (const select of list(card, 'select_list', { min: 1, max: 3, code: 42047 })) {
    checkQuestion(select, { most: 10, path: 'select_list', disable: rules.where !== 'send' }, rules)
    keys.push(select.question_key as string)
  }
  unique(keys, 42043, 'question_key')
}

function checkQuestion(q: Json, shape: { most: number; path: string; disable: boolean }, rules: CardRules): void {
  const ticks = shape.path === 'checkbox'
  const own = ticks ? ['mode'] : ['title', 'selected_id']
  only(q, ['question_key', 'option_list', ...own, ...(shape.disable ? ['disable'] : [])], shape.path, rules)
  text(q, 'question_key', { code: 42043, need: true, bytes: 1024 })
  text(q, 'title', { code: 40035 })
  text(q, 'selected_id', { code: 40035 })
  if (q.disable !== undefined && typeof q.disable !== 'boolean') refuse(40035, 'disable must be a boolean')
  const ids: string[] = []
  for (const option of list(q, 'option_list', { min: 1, max: shape.most, code: 42037 })) {
    only(option, ticks ? ['id', 'text', 'is_checked'] : ['id', 'text'], 'option_list', rules)
    ids.push(text(option, 'id', { code: 42040, need: true, bytes: 128 })!)
    text(option, 'text', { code: 42041, need: true })
    if (ticks && typeof option.is_checked !== 'boolean') refuse(40035, 'is_checked is missing')
  }
  unique(ids, 42040, 'option id')
}

function checkSubmit(card: Json, rules: CardRules, keys: string[]): void {
  if (card.submit_button === undefined && rules.where !== 'send') return
  const submit = isObject(card.submit_button) ? card.submit_button : refuse(42046, 'submit_button is missing')
  only(submit, ['text', 'key'], 'submit_button', rules)
  text(submit, 'text', { code: 42049, need: true })
  keys.push(text(submit, 'key', { code: 42046, need: true, bytes: 1024 })!)
}

function only(object: Json, allowed: string[], path: string, rules: CardRules): void {
  if (rules.unknownMembers === 'ignored') return
  const unknown = Object.keys(object).find((name) => !allowed.includes(name))
  if (unknown !== undefined) refuse(40035, `invalid parameter, unknown member ${path}.${unknown}`)
}

function optional(object: Json, name: string, code: number): Json | undefined {
  const value = object[name]
  if (value === undefined) return undefined
  return isObject(value) ? value : refuse(code, `${name} must be an object`)
}

interface TextRule {
  code: number
  need?: boolean
  bytes?: number
  /** May be missing, but not empty. */
  filled?: boolean
}

function text(object: Json, name: string, rule: TextRule): string | undefined {
  const value = object[name]
  if (value === undefined && !rule.need) return undefined
  if (typeof value !== 'string' || (value === '' && (rule.need || rule.filled)))
    return refuse(rule.code, `${name} is missing or invalid`)
  if (rule.bytes && Buffer.byteLength(value) > rule.bytes)
    refuse(rule.code, `${name} is longer than ${rule.bytes} bytes`)
  return value
}

function filled(object: Json, name: string): boolean {
  return text(object, name, { code: 40035, filled: true }) !== undefined
}

function choice(object: Json, name: string, values: number[], code: number): number | undefined {
  const value = object[name]
  if (value === undefined) return undefined
  return values.includes(value as number) ? (value as number) : refuse(code, `invalid ${name}`)
}

function link(object: Json, types: number[]): void {
  const type = choice(object, 'type', types, 40035)
  for (const name of ['url', 'appid']) filled(object, name)
  text(object, 'pagepath', { code: 40035 })
  if (type === 1) text(object, 'url', { code: 42028, need: true })
  if (type === 2) text(object, 'appid', { code: 42030, need: true })
}

function list(object: Json, name: string, rule: { min?: number; max: number; code: number }): Json[] {
  const value = object[name]
  if (value === undefined && !rule.min) return []
  if (!Array.isArray(value) || value.length < (rule.min ?? 0) || value.length > rule.max || !value.every(isObject))
    return refuse(rule.code, `${name} must hold ${rule.min ?? 0} to ${rule.max} entries`)
  return value
}

function unique(values: string[], code: number, what: string): void {
  if (new Set(values).size !== values.length) refuse(code, `${what} is repeated`)
}

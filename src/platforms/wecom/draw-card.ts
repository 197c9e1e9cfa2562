import type { Button, Card, Fact, Option } from '../../../cards/card.ts'
import { clean, cut } from './draw-text.ts'

/** The `template_card` value of message/send and update_template_card; `test/wecom-template-card.schema.json` is its proof. */
export type TemplateCard = Record<string, unknown> & { card_type: string }

export interface DrawOptions {
  /** Address of our pages without a slash at its end. */
  publicBaseUrl: string
  /** The id that clicks come back with; absent in an update, whose card keeps the one it was sent with. */
  taskId?: string
}

// What a phone shows before it cuts by itself, in characters (wecom.md §4.2).
const TITLE = 36
const VOTE_TITLE = 16
const DESC = 44
const INPUT_DESC = 160
const SUB_TITLE = 160
/** No length is documented for a quotation; this is two screens of a phone. */
const QUOTE = 500
const FACTS = 6
const FACT_LABEL = 5
const FACT_VALUE = 30
const BUTTON = 10
const LINK = 18
const SELECT_OPTION = 16
const VOTE_OPTION = 17
const MAX_BUTTONS = 6

const STYLES = { primary: 1, plain: 2, danger: 3 } as const

/**
 * Draws a card as one of WeCom's template cards, by what it holds (design §2): a choice list → vote_interaction,
 * drop-downs → multiple_interaction, buttons → button_interaction, none of them → text_notice.
 *
 * What is too long for its place moves to the next one (title → description → text → quotation) and is cut only at the
 * end. vote_interaction and multiple_interaction have no place for a link, and none for a quotation.
 *
 * @throws RangeError when two inputs of the card share an id: a bug where the card is made
 */
export function drawCard(card: Card, options: DrawOptions): TemplateCard {
  // Only an update may hold a dead button (wecom.md §5); sent anew, a closed card is a notice.
  const closed = card.closed === undefined ? undefined : cut(textOr(card.closed, '已结束'), BUTTON)
  const isUpdate = options.taskId === undefined
  if (closed !== undefined && !isUpdate) return notice(card, options, closed)
  if (card.input) return { ...inputCard(card, card.input, closed), ...task(options) }
  if (closed !== undefined || (card.buttons && card.buttons.length > 0))
    return { ...buttonCard(card, options, closed), ...task(options) }
  return notice(card, options)
}

function notice(card: Card, options: DrawOptions, closed?: string): TemplateCard {
  const { publicBaseUrl } = options
  const rows = closed === undefined ? card.facts : [...(card.facts ?? []), { label: '状态', value: closed }]
  const url = `${publicBaseUrl}${card.link?.path ?? '/h5/'}`
  return {
    card_type: 'text_notice',
    ...body(card, rows ?? []),
    ...(card.link && { jump_list: [{ type: 1, title: cut(textOr(card.link.text, '查看详情'), LINK), url }] }),
    card_action: { type: 1, url },
    ...task(options),
  }
}

function buttonCard(card: Card, { publicBaseUrl }: DrawOptions, closed?: string): TemplateCard {
  const buttons = (card.buttons ?? []).map(drawButton)
  const url = card.link && `${publicBaseUrl}${card.link.path}`
  if (card.link && closed === undefined && buttons.length < MAX_BUTTONS)
    buttons.push({ type: 1, text: cut(textOr(card.link.text, '查看详情'), BUTTON), style: STYLES.plain, url })
  // The list is mandatory even where replace_text takes its place.
  if (buttons.length === 0) buttons.push({ text: closed, style: STYLES.plain, key: 'closed' })
  return {
    card_type: 'button_interaction',
    ...body(card, card.facts ?? []),
    ...(url !== undefined && { card_action: { type: 1, url } }),
    button_list: buttons,
    ...(closed !== undefined && { replace_text: closed }),
  }
}

function drawButton({ text, action, style }: Button, index: number): Record<string, unknown> {
  const look = style ?? (index === 0 ? 'primary' : 'plain')
  return { text: cut(textOr(text, '确定'), BUTTON), style: STYLES[look], key: action }
}

function inputCard(card: Card, input: NonNullable<Card['input']>, closed?: string): TemplateCard {
  const isVote = input.kind === 'choice'
  const [title, rest] = fold(textOr(card.title, '通知'), isVote ? VOTE_TITLE : TITLE)
  const facts = (card.facts ?? []).map(line)
  const desc = lines(rest, clean(card.subtitle ?? ''), clean(card.text ?? ''), ...facts)
  const button = card.buttons?.[0]
  const dead = closed === undefined ? {} : { disable: true }
  return {
    card_type: isVote ? 'vote_interaction' : 'multiple_interaction',
    main_title: { title, ...(desc !== '' && { desc: cut(desc, INPUT_DESC) }) },
    ...(input.kind === 'choice'
      ? {
          checkbox: {
            question_key: input.id,
            mode: input.multiple ? 1 : 0,
            ...dead,
            option_list: input.options.map((option) => ({
              ...drawOption(option, VOTE_OPTION),
              is_checked: input.selected?.includes(option.id) ?? false,
            })),
          },
        }
      : { select_list: drawSelects(input.selects, dead) }),
    submit_button: { text: cut(textOr(button?.text ?? '', '提交'), BUTTON), key: button?.action ?? 'submit' },
    ...(closed !== undefined && { replace_text: closed }),
  }
}

type Select = Extract<NonNullable<Card['input']>, { kind: 'selects' }>['selects'][number]

function drawSelects(selects: Select[], dead: { disable?: boolean }): Record<string, unknown>[] {
  if (new Set(selects.map((select) => select.id)).size !== selects.length)
    throw new RangeError('two drop-downs of a card share an id')
  return selects.map((select) => ({
    question_key: select.id,
    title: clean(select.label),
    ...dead,
    ...(select.selected !== undefined && { selected_id: select.selected }),
    option_list: select.options.map((option) => drawOption(option, SELECT_OPTION)),
  }))
}

function drawOption({ id, text }: Option, most: number) {
  return { id, text: cut(textOr(text, id), most) }
}

/** Title, description, text, rows and quotation of the two types that have them all. */
function body(card: Card, facts: Fact[]): Record<string, unknown> {
  const [title, titleRest] = fold(textOr(card.title, '通知'), TITLE)
  const [desc, descRest] = fold(clean(card.subtitle ?? '').trim(), DESC)
  const [text, textRest] = fold(lines(titleRest, descRest, clean(card.text ?? '')), SUB_TITLE)
  const rows: Record<string, unknown>[] = []
  const folded: string[] = []
  for (const fact of facts) {
    const label = clean(fact.label).trim()
    const value = clean(fact.value).trim()
    const fits = label !== '' && label.length <= FACT_LABEL && value.length <= FACT_VALUE && !value.includes('\n')
    if (fits && rows.length < FACTS) rows.push({ keyname: label, value })
    else folded.push(line(fact))
  }
  const quote = lines(textRest, ...folded)
  return {
    main_title: { title, ...(desc !== '' && { desc }) },
    ...(text !== '' && { sub_title_text: text }),
    ...(rows.length > 0 && { horizontal_content_list: rows }),
    ...(quote !== '' && { quote_area: { quote_text: cut(quote, QUOTE) } }),
  }
}

/** Splits after at most `most` code points, at the last line break or stop of the second half where there is one. */
function fold(text: string, most: number): [shown: string, rest: string] {
  if (text.length <= most) return [text, '']
  const points = [...text]
  if (points.length <= most) return [text, '']
  let end = most
  for (let i = most; i > most / 2; i--) {
    if (points[i] !== '\n' && !STOPS.has(points[i - 1]!)) continue
    end = i
    break
  }
  return [points.slice(0, end).join('').trimEnd(), points.slice(end).join('').trim()]
}

const STOPS = new Set(['。', '；', '！', '？', '\n'])

function lines(...parts: string[]): string {
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join('\n')
}

function line({ label, value }: Fact): string {
  const name = clean(label).trim()
  const said = clean(value).trim()
  return name === '' ? said : `${name}：${said}`
}

/** A field that must not be empty on the platform. */
function textOr(text: string, otherwise: string): string {
  const shown = clean(text).trim()
  return shown === '' ? otherwise : shown
}

function task({ taskId }: DrawOptions): { task_id?: string } {
  return taskId === undefined ? {} : { task_id: taskId }
}

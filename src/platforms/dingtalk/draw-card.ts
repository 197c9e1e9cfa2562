import type { Button, Card, Option } from '../../../cards/card.ts'
import { fieldName, optionButtonId } from './actions.ts'
import { cut, markdownLines, safeInline, safeText } from './markdown.ts'

/** DingTalk's own published AI card: title, markdown, buttons that call back, no set-up (dingtalk.md §6.10). */
export const AI_CARD_TEMPLATE = '382e4302-551d-4880-bf29-a30acfab2e71.schema'

/** Above this the AI card was seen blank (§6.3). */
const MOST_CONTENT = 2_800
/** A single choice of up to so many options is drawn as buttons (§6.10). */
const MOST_OPTION_BUTTONS = 5

/**
 * How a card was drawn; a card instance keeps its template for life, so that an update has to know. It travels as the
 * `code` of the port.
 */
export type Drawn = CardWay | 'link'
/** The AI card, or our form template. */
export type CardWay = 'buttons' | 'form'

export interface DrawOptions {
  publicBaseUrl: string
  /** Our own template is imported: inputs are drawn with its form (§6.8). */
  hasFormTemplate: boolean
}

/**
 * Which way a card goes. Inputs need the form template; without it a single choice of up to five options becomes one
 * button each, and every other input is answered on the page the card links to.
 * `undefined`: there is no way to answer this card; see {@link cannotDraw}.
 */
export function wayOf(card: Card, options: Pick<DrawOptions, 'hasFormTemplate'>): CardWay | undefined {
  if (!card.input || card.closed) return 'buttons'
  if (options.hasFormTemplate) return 'form'
  return optionButtons(card) || card.link ? 'buttons' : undefined
}

/** Why this card could not be answered in a company without the form template, for tests over the list of cards. */
export function cannotDraw(card: Card): string | undefined {
  if (wayOf(card, { hasFormTemplate: false })) return undefined
  return `card "${card.title}": more than ${MOST_OPTION_BUTTONS} options, several choices or drop-downs need a link`
}

/** The address of one of our pages; `via` tells the page where it was opened. */
export function pageUrl(publicBaseUrl: string, path: string): string {
  const url = new URL(publicBaseUrl.replace(/\/+$/, '') + path)
  url.searchParams.set('via', 'dingtalk')
  return url.href
}

/** Variables of the AI card. Every one is set every time, so that an update by key leaves nothing of the last step. */
export function drawButtons(card: Card, { publicBaseUrl }: DrawOptions): Record<string, string> {
  const buttons = card.closed ? [] : (optionButtons(card) ?? (card.input ? [] : (card.buttons ?? []).map(aiButton)))
  const link = card.link && { text: card.link.text, url: pageUrl(publicBaseUrl, card.link.path), color: 'blue' }
  return strings({
    // Without it in every update the AI card shows nothing (§6.10).
    flowStatus: '3',
    msgTitle: card.title,
    staticMsgContent: content(card),
    sys_full_json_obj: {
      order: ['msgTitle', 'staticMsgContent', 'msgButtons'],
      msgButtons: [...buttons, ...(link ? [link] : [])],
    },
  })
}

/** Variables of our own form template: `title`, `content`, `form`, `form_status`, `form_btn_text`. */
export function drawForm(card: Card, { publicBaseUrl }: DrawOptions): Record<string, string> {
  const submit = card.buttons?.[0]
  const open = !card.closed && card.input && submit
  const body = content(card)
  const link = card.link && `[${safeInline(card.link.text)}](${pageUrl(publicBaseUrl, card.link.path)})`
  return strings({
    title: card.title,
    content: link ? markdownLines([body, '', link]) : body,
    form: { fields: open ? fields(card, submit.action) : [] },
    form_status: open ? 'normal' : 'disabled',
    // The whole of what closed it stands in the content.
    form_btn_text: open ? submit.text : card.closed && card.closed.length <= 12 ? card.closed : '已结束',
  })
}

/** The floor: a robot message with a link to the page; `undefined` values never occur (§5.3). */
export function drawLink(card: Card, { publicBaseUrl }: DrawOptions): { msgKey: string; msgParam: object } {
  const text = markdownLines([`### ${safeInline(card.title)}`, content(card)])
  const answerable = !card.closed && (card.input || (card.buttons ?? []).length > 0)
  const link = card.link ?? (answerable ? { text: '打开页面办理', path: '/h5/' } : undefined)
  if (!link) return { msgKey: 'sampleMarkdown', msgParam: { title: card.title, text } }
  return {
    msgKey: 'sampleActionCard',
    msgParam: {
      title: card.title,
      text,
      singleTitle: link.text,
      singleURL: inDingtalk(pageUrl(publicBaseUrl, link.path)),
    },
  }
}

/** Button ids of a card, to recognise one with a suffix. */
export function buttonIds(card: Card): string[] {
  return (optionButtons(card) ?? (card.buttons ?? []).map(aiButton)).map(({ id }) => id)
}

/** On a PC a plain address of a message opens in the browser, where nobody is logged in; this one in the side panel (§5.4). */
function inDingtalk(url: string): string {
  return `dingtalk://dingtalkclient/page/link?url=${encodeURIComponent(url)}&pc_slide=true`
}

function content(card: Card): string {
  const lines: string[] = []
  if (card.subtitle) lines.push(safeText(card.subtitle))
  for (const { label, value } of card.facts ?? [])
    lines.push(`**${safeInline(label.trim())}**：${safeText(value).replaceAll('\n', '\n　')}`)
  if (card.text) lines.push(...(lines.length > 0 ? [''] : []), safeText(card.text))
  // Grey in the clients, and no input any more.
  const closed = card.closed ? `${lines.length > 0 ? '\n\n' : ''}> ${safeInline(card.closed.replace(/\s+/g, ' '))}` : ''
  return cut(markdownLines(lines), MOST_CONTENT - closed.length) + closed
}

const COLORS = { primary: 'blue', plain: 'gray', danger: 'red' } as const

function aiButton({ text, action, style }: Button) {
  return { text, color: COLORS[style ?? 'plain'], id: action, request: true }
}

/** One button for each option of a short single choice. */
function optionButtons(card: Card) {
  const { input, buttons = [] } = card
  const [submit] = buttons
  if (!input || !submit) return undefined
  const list =
    input.kind === 'choice'
      ? { id: input.id, multiple: input.multiple, options: input.options, selected: input.selected ?? [] }
      : input.selects.length === 1
        ? { ...input.selects[0]!, multiple: false, selected: [input.selects[0]!.selected] }
        : undefined
  if (!list || list.multiple || list.options.length > MOST_OPTION_BUTTONS) return undefined
  return list.options.map(({ id, text }) => ({
    text,
    color: list.selected.includes(id) ? COLORS.primary : COLORS.plain,
    id: optionButtonId(submit.action, list.id, id),
    request: true,
  }))
}

/** Schema of the form component (§6.8). */
function fields(card: Card, action: string): object[] {
  const options = (list: Option[]) => list.map(({ id, text }) => ({ value: id, text }))
  const { input } = card
  if (input?.kind === 'choice')
    return [
      {
        name: fieldName(action, input.id),
        label: input.multiple ? '请选择（可多选）' : '请选择',
        type: input.multiple ? 'MULTI_CHECKBOX_GROUP' : 'CHECKBOX_GROUP',
        required: true,
        requiredMsg: '请先选择',
        options: options(input.options),
        ...(input.selected?.length && { defaultValue: input.multiple ? input.selected : input.selected[0] }),
      },
    ]
  return (input?.selects ?? []).map((select) => {
    const chosen = select.options.findIndex(({ id }) => id === select.selected)
    return {
      name: fieldName(action, select.id),
      label: select.label,
      type: 'SELECT',
      required: true,
      requiredMsg: '请先选择',
      options: options(select.options),
      ...(chosen >= 0 && { defaultValue: { index: chosen, value: select.selected } }),
    }
  })
}

/** A card's variables are strings, whatever is in them (§6.3). */
function strings(variables: Record<string, string | object>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}

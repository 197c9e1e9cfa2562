import type { SeenCard } from '../stand-in.ts'
import { type CardInstance, type ParamMap, viewOf } from './card-data.ts'
import { readForm } from './forms.ts'
import { isRecord, isText, type Json, parseJson } from './json.ts'

const COLORS: Record<string, SeenCard['buttons'][number]['style']> = { blue: 'primary', gray: 'plain', red: 'danger' }
/** Above about this many characters the AI card comes out blank (dingtalk.md §6.3). */
const MOST_CHARACTERS = 3_000
const AI_ORDER = ['msgTitle', 'msgContent', 'staticMsgContent', 'msgTextList', 'msgImages', 'msgSlider', 'msgButtons']

/** The card as this person's client draws it. */
export function drawCard(card: CardInstance, userId: string | undefined): SeenCard {
  const view = viewOf(card, userId)
  if (card.template.kind === 'ai') return drawAiCard(card, view)
  if (card.template.kind === 'form') return drawFormCard(view)
  return drawMarkdownCard(view)
}

function blank(): SeenCard {
  return { title: '', facts: [], selects: [], buttons: [] }
}

/** `sys_full_json_obj` is merged into the variables; when it is no JSON object it is nothing (§6.3). */
function merged(view: ParamMap): Json {
  const nested = parseJson(view.sys_full_json_obj)
  return isRecord(nested) ? { ...view, ...nested } : view
}

function drawAiCard(card: CardInstance, view: ParamMap): SeenCard {
  if (card.hadFlowStatus && !view.flowStatus) return blank()
  const data = merged(view)
  const order = Array.isArray(data.order) ? data.order : AI_ORDER
  const part = (name: string) => (order.includes(name) && isText(data[name]) ? data[name] : '')
  const seen = { ...blank(), title: part('msgTitle') }
  // Status 1 is "processing": the client shows the title and an animation.
  if (view.flowStatus === '1') return seen
  const text = order
    .filter((name) => name === 'msgContent' || name === 'staticMsgContent')
    .map((name) => part(name))
    .filter(Boolean)
    .join('\n\n')
  if (text.length > MOST_CHARACTERS) return blank()
  if (text) seen.text = text
  if (order.includes('msgButtons')) seen.buttons = drawButtons(data.msgButtons)
  return seen
}

function drawMarkdownCard(view: ParamMap): SeenCard {
  const data = merged(view)
  return { ...blank(), title: view.title ?? '', text: view.markdown ?? '', buttons: drawButtons(data.msgButtons) }
}

/** A button with `request:true` and an id calls back, one with a url is a link, anything else is dead and left out. */
function drawButtons(given: unknown): SeenCard['buttons'] {
  if (!Array.isArray(given)) return []
  return given.filter(isRecord).flatMap((b): SeenCard['buttons'] => {
    if (!isText(b.text)) return []
    const style = COLORS[String(b.color)] ?? 'plain'
    if (b.request === true && isText(b.id)) return [{ key: b.id, text: b.text, style, submit: false }]
    const url = isText(b.url) ? b.url : b.iosUrl
    return isText(url) ? [{ url, text: b.text, style, submit: false }] : []
  })
}

function drawFormCard(view: ParamMap): SeenCard {
  const seen: SeenCard = { ...blank(), title: view.title ?? '' }
  if (view.content) seen.text = view.content
  const label = view.form_btn_text || '提交'
  if (view.form_status === 'disabled') return { ...seen, closed: label }
  const fields = readForm(view.form)
  if (!fields) return seen
  seen.form = fields
    .filter((f) => !f.hidden)
    .map(({ name, label, type, required, options, defaultValue }) => ({
      ...{ name, label, type, required, options },
      ...(defaultValue !== undefined && { initial: initialOf(defaultValue) }),
    }))
  seen.buttons = [{ key: 'form', text: label, style: 'primary', submit: true }]
  return seen
}

/** A default as its field shows it: a drop-down's comes with its place in the list (dingtalk.md §6.8). */
function initialOf(value: unknown): string[] {
  const plain = isRecord(value) ? value.value : value
  return [plain].flat().map(String)
}

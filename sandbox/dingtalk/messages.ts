import type { SeenCard } from '../stand-in.ts'
import { isRecord, isText, type Json } from './json.ts'
import type { NewMessage } from './phones.ts'

type Content = Pick<NewMessage, 'kind' | 'text' | 'card' | 'raw'>

/** Text fields each msgKey must have (dingtalk.md §5.3). */
const FIELDS: Record<string, readonly string[]> = {
  sampleText: ['content'],
  sampleMarkdown: ['title', 'text'],
  sampleImageMsg: ['photoURL'],
  sampleLink: ['title', 'text', 'messageUrl'],
  sampleActionCard: ['title', 'text', 'singleTitle', 'singleURL'],
  sampleActionCard6: ['title', 'text', 'buttonTitle1', 'buttonUrl1', 'buttonTitle2', 'buttonUrl2'],
  sampleAudio: ['mediaId', 'duration'],
  sampleFile: ['mediaId', 'fileName', 'fileType'],
  sampleVideo: ['duration', 'videoMediaId', 'videoType', 'picMediaId'],
}
for (const n of [2, 3, 4, 5]) {
  const buttons = Array.from({ length: n }, (_, i) => [`actionTitle${i + 1}`, `actionURL${i + 1}`]).flat()
  FIELDS[`sampleActionCard${n}`] = ['title', 'text', ...buttons]
}

export function isMsgKey(msgKey: string): boolean {
  return Object.hasOwn(FIELDS, msgKey)
}

/** The name of the first field that is missing or no text, if any. */
export function missingField(msgKey: string, param: Json): string | undefined {
  return FIELDS[msgKey]!.find((field) => !isText(param[field]))
}

/** A robot message as the phone shows it. */
export function drawRobotMessage(msgKey: string, param: Json): Content {
  const text = (field: string) => String(param[field] ?? '')
  const raw = { msgKey, msgParam: param }
  if (msgKey === 'sampleText') return { kind: 'text', text: text('content'), raw }
  if (msgKey === 'sampleMarkdown') return { kind: 'markdown', text: text('text'), raw }
  if (msgKey === 'sampleImageMsg') return { kind: 'image', text: text('photoURL'), raw }
  if (msgKey === 'sampleLink')
    return { kind: 'link', text: `${text('title')}\n${text('text')}\n${text('messageUrl')}`, raw }
  if (msgKey === 'sampleAudio') return { kind: 'voice', raw }
  if (msgKey === 'sampleFile') return { kind: 'file', text: text('fileName'), raw }
  if (msgKey === 'sampleVideo') return { kind: 'video', raw }
  const buttons: { text: string; url: string }[] = []
  if (isText(param.singleTitle)) buttons.push({ text: param.singleTitle, url: text('singleURL') })
  for (let n = 1; n <= 5; n++) {
    if (isText(param[`actionTitle${n}`])) buttons.push({ text: text(`actionTitle${n}`), url: text(`actionURL${n}`) })
    if (isText(param[`buttonTitle${n}`])) buttons.push({ text: text(`buttonTitle${n}`), url: text(`buttonUrl${n}`) })
  }
  return { kind: 'card', card: linkCard(text('title'), text('text'), buttons), raw }
}

/**
 * A message of a webhook or the answer to an HTTP callback: text, markdown, link, actionCard, feedCard
 * (dingtalk.md §5.5). `undefined`: not of that shape.
 */
export function drawWebhookMessage(body: Json): Content | undefined {
  const kind = body.msgtype
  const part = isText(kind) ? body[kind] : undefined
  if (!isRecord(part)) return undefined
  if (kind === 'text') return isText(part.content) ? { kind: 'text', text: part.content, raw: body } : undefined
  if (kind === 'markdown')
    return isText(part.title) && isText(part.text) ? { kind: 'markdown', text: part.text, raw: body } : undefined
  if (kind === 'link')
    return isText(part.title) && isText(part.text) && isText(part.messageUrl)
      ? { kind: 'link', text: `${part.title}\n${part.text}\n${part.messageUrl}`, raw: body }
      : undefined
  if (kind === 'actionCard') {
    if (!isText(part.title) || !isText(part.text)) return undefined
    const listed = Array.isArray(part.btns) ? part.btns.filter(isRecord) : []
    const buttons = listed.map((b) => ({ text: String(b.title ?? ''), url: String(b.actionURL ?? '') }))
    if (isText(part.singleTitle)) buttons.push({ text: part.singleTitle, url: String(part.singleURL ?? '') })
    return { kind: 'card', card: linkCard(part.title, part.text, buttons), raw: body }
  }
  if (kind === 'feedCard' && Array.isArray(part.links)) {
    const links = part.links.filter(isRecord)
    const buttons = links.map((l) => ({ text: String(l.title ?? ''), url: String(l.messageURL ?? '') }))
    return { kind: 'card', card: linkCard(buttons[0]?.text ?? '', '', buttons), raw: body }
  }
  return undefined
}

/** An ActionCard: its buttons are links and never call back (dingtalk.md §5.4). */
export function linkCard(title: string, text: string, buttons: { text: string; url: string }[]): () => SeenCard {
  return () => ({
    title,
    text,
    facts: [],
    selects: [],
    buttons: buttons.map((b) => ({ ...b, style: 'plain' as const, submit: false })),
  })
}

import { ONE_PIXEL } from '../picture.ts'
import type { MenuEntry, PhoneMessage } from '../stand-in.ts'
import { deliver, type Sender } from './callback.ts'
import { appEvent, cardEvent, message } from './events.ts'
import { isObject, type Json } from './refusal.ts'
import { seenCard } from './seen-card.ts'
import {
  type ChatEntry,
  type GroupChat,
  type Member,
  mustKnow,
  newResponseCode,
  opaqueId,
  type World,
} from './state.ts'
import type { XmlNode } from './xml.ts'

export function shown(entry: ChatEntry): PhoneMessage {
  const { id, at, from, kind, text, raw, updatedAt } = entry
  const recalled = entry.sent?.recalled === true
  return {
    ...{ id, at, from, kind },
    ...(recalled ? { recalled } : {}),
    ...(text === undefined || recalled ? {} : { text }),
    ...(raw === undefined || recalled ? {} : { raw }),
    ...(updatedAt ? { updatedAt } : {}),
    ...(entry.card && !recalled ? { card: seenCard(entry.card, entry.closed) } : {}),
  }
}

/** A member writes to the app, or into a group, of which the app hears nothing (wecom.md §2.1). */
export async function type(sender: Sender, userId: string, text: string, group?: GroupChat): Promise<void> {
  const { world } = sender
  const member = inside(world, userId)
  put(world, group ?? member, { from: member.userId, kind: 'text', text })
  if (!group) await deliver(sender, 'app', message(world, member, 'text', { Content: text }))
}

export async function sendMedia(
  sender: Sender,
  userId: string,
  media: 'image' | 'voice' | 'video' | 'file' | 'location',
  group?: GroupChat,
): Promise<void> {
  const { world } = sender
  const member = inside(world, userId)
  if (media === 'file' && !group) throw new Error('WeCom has no files in the chat with an app')
  put(world, group ?? member, { from: member.userId, kind: media })
  if (!group && media !== 'file') await deliver(sender, 'app', message(world, member, media, mediaFields(world, media)))
}

/** Sends a picture of one's own to the app. */
export async function sendPicture(sender: Sender, userId: string, bytes: Buffer): Promise<void> {
  const { world } = sender
  const member = inside(world, userId)
  put(world, member, { from: member.userId, kind: 'image' })
  const id = opaqueId(world, 64)
  world.media.set(id, { kind: 'image', name: 'photo.jpg', bytes, at: world.clock.now().getTime() })
  const fields = { PicUrl: 'https://wework.qpic.cn/wwpic/sandbox/0', MediaId: id }
  await deliver(sender, 'app', message(world, member, 'image', fields))
}

function mediaFields(world: World, media: 'image' | 'voice' | 'video' | 'location'): XmlNode {
  if (media === 'location') {
    const place = { Location_X: '31.230416', Location_Y: '121.473701', Scale: 15, Label: '上海市黄浦区人民大道' }
    return { ...place, AppType: 'wxwork' }
  }
  const medium = (kind: 'image' | 'voice' | 'video', name: string): string => {
    const id = opaqueId(world, 64)
    const bytes = kind === 'image' ? ONE_PIXEL : Buffer.from(`${name} of the sandbox`)
    world.media.set(id, { kind, name, bytes, at: world.clock.now().getTime() })
    return id
  }
  if (media === 'image')
    return { PicUrl: 'https://wework.qpic.cn/wwpic/sandbox/0', MediaId: medium('image', 'photo.jpg') }
  if (media === 'voice') return { MediaId: medium('voice', 'voice.amr'), Format: 'amr' }
  return { MediaId: medium('video', 'video.mp4'), ThumbMediaId: medium('image', 'thumb.jpg') }
}

/** Presses a button, a submit button or an entry of the corner menu of a card that calls back. */
export async function tap(
  sender: Sender,
  userId: string,
  messageId: string,
  key: string,
  chosen: Record<string, string[]> = {},
): Promise<void> {
  const { world } = sender
  const member = mustKnow(world, userId)
  const entry = member.chat.find((one) => one.id === messageId)
  const sent = entry?.sent
  if (!entry?.card || !sent) throw new Error(`no card ${messageId} on the phone of ${userId}`)
  if (sent.recalled) throw new Error('the card was recalled')
  if (sent.taskId === undefined) throw new Error('the card does not call back')
  const seen = seenCard(entry.card, entry.closed)
  const button = seen.buttons.find((one) => one.key === key)
  if (!button) throw new Error(`the card has no button ${key}`)
  const fromMenu = menuKeys(entry.card).includes(key)
  const selected = button.submit ? selection(seen, chosen) : []
  const emptyItems = world.random() < 0.5
  const fields = (): XmlNode =>
    cardEvent(world, member, fromMenu ? 'template_card_menu_event' : 'template_card_event', {
      ...{ key, taskId: sent.taskId!, cardType: String(entry.card!.card_type), selected, emptyItems },
      responseCode: newResponseCode(world, sent),
    })
  await deliver(sender, 'app', fields(), fields)
}

function menuKeys(card: Json): unknown[] {
  const menu = card.action_menu
  return isObject(menu) && Array.isArray(menu.action_list) ? menu.action_list.map((entry: Json) => entry.key) : []
}

/** What the phone sends along: the person's choice, else what was selected before. */
function selection(seen: ReturnType<typeof seenCard>, chosen: Record<string, string[]>): [string, string[]][] {
  const box = seen.checklist
  const inputs = [
    ...(box ? [{ ...box, selected: box.options.filter((option) => option.checked).map((option) => option.id) }] : []),
    ...seen.selects.map((select) => ({ ...select, multiple: false, selected: [select.selected] })),
  ]
  const unknown = Object.keys(chosen).find((key) => !inputs.some((input) => input.key === key))
  if (unknown !== undefined) throw new Error(`the card has no input ${unknown}`)
  return inputs.map((input): [string, string[]] => {
    const ids = chosen[input.key] ?? input.selected
    if (chosen[input.key] && input.disabled) throw new Error(`${input.key} is disabled`)
    if (ids.length === 0) throw new Error(`nothing is chosen in ${input.key}`)
    if (ids.length > 1 && !input.multiple) throw new Error(`${input.key} takes one choice`)
    const strange = ids.find((id) => !input.options.some((option) => option.id === id))
    if (strange !== undefined) throw new Error(`${input.key} has no option ${strange}`)
    return [input.key, ids]
  })
}

/** Opening the chat is reported only when the app asked for it (wecom.md §2.2). */
export async function open(sender: Sender, userId: string): Promise<void> {
  const member = inside(sender.world, userId)
  if (sender.world.agent.isreportenter === 1)
    await deliver(sender, 'app', appEvent(sender.world, member, 'enter_agent', { EventKey: '' }))
}

export function shownMenu(world: World): MenuEntry[] {
  const entries = (list: unknown): MenuEntry[] =>
    (Array.isArray(list) ? (list as Json[]) : []).map((entry) => ({
      text: String(entry.name),
      ...(entry.key === undefined ? {} : { key: String(entry.key) }),
      ...(entry.url === undefined ? {} : { url: String(entry.url) }),
      ...(Array.isArray(entry.sub_button) && entry.sub_button.length > 0
        ? { children: entries(entry.sub_button) }
        : {}),
    }))
  return entries(world.menu?.button)
}

/** @param key the key of a click entry, or the address of a view entry */
export async function tapMenu(sender: Sender, userId: string, key: string): Promise<void> {
  const { world } = sender
  const member = inside(world, userId)
  const flat = (list: MenuEntry[]): MenuEntry[] => list.flatMap((entry) => [entry, ...flat(entry.children ?? [])])
  const entry = flat(shownMenu(world)).find((one) => one.key === key || one.url === key)
  if (!entry) throw new Error(`the menu has no entry ${key}`)
  await deliver(sender, 'app', appEvent(world, member, entry.url ? 'view' : 'click', { EventKey: key }))
}

/** Members outside the app's visible range do not see the app at all. */
function inside(world: World, userId: string): Member {
  const member = mustKnow(world, userId)
  if (!member.visible || member.status === 2) throw new Error(`${userId} does not see the app`)
  return member
}

function put(world: World, where: Member | GroupChat, entry: { from: string; kind: ChatEntry['kind']; text?: string }) {
  where.chat.push({ id: opaqueId(world, 24), at: world.clock.now(), ...entry })
  world.changed('groupId' in where ? where.groupId : where.userId)
}

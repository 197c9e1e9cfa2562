import type { PhoneMessage, SeenCard } from '../stand-in.ts'

/** A message as the platform keeps it; a card is drawn anew for each person who looks. */
export interface StoredMessage {
  id: string
  at: Date
  from: 'bot' | string
  kind: PhoneMessage['kind']
  text?: string
  raw?: unknown
  updatedAt?: Date
  recalled?: boolean
  readBy: Set<string>
  /** Draws the card; `undefined`: as somebody who is not named sees it. */
  card?: (userId: string | undefined) => SeenCard
  /** The card instance it shows. */
  outTrackId?: string
  /** Only these see it; everybody in the chat when undefined. */
  onlyFor?: Set<string>
}

export type NewMessage = Omit<StoredMessage, 'readBy'>
export type ChatId = { userId: string } | { groupId: string }

export interface Phones {
  add(chat: ChatId, message: NewMessage): StoredMessage
  find(chat: ChatId, messageId: string): StoredMessage | undefined
  see(chat: ChatId, asUserId: string | undefined): PhoneMessage[]
  stored(chat: ChatId): readonly StoredMessage[]
  changed(chat: ChatId): void
  onChange(listener: (userIdOrGroupId: string) => void): () => void
}

export function createPhones(): Phones {
  const chats = new Map<string, StoredMessage[]>()
  const listeners = new Set<(id: string) => void>()

  const keyOf = (chat: ChatId) => ('userId' in chat ? `u/${chat.userId}` : `g/${chat.groupId}`)
  const listOf = (chat: ChatId) => chats.get(keyOf(chat)) ?? []
  const changed = (chat: ChatId) => {
    for (const listener of listeners) listener('userId' in chat ? chat.userId : chat.groupId)
  }

  return {
    add(chat, message) {
      const stored: StoredMessage = { ...message, readBy: new Set() }
      const list = chats.get(keyOf(chat))
      if (list) list.push(stored)
      else chats.set(keyOf(chat), [stored])
      changed(chat)
      return stored
    },
    find: (chat, messageId) => listOf(chat).find((m) => m.id === messageId),
    see: (chat, asUserId) =>
      listOf(chat)
        .filter((m) => !m.onlyFor || (asUserId !== undefined && m.onlyFor.has(asUserId)))
        .map((m) => draw(m, asUserId)),
    stored: listOf,
    changed,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function draw(m: StoredMessage, asUserId: string | undefined): PhoneMessage {
  const seen: PhoneMessage = { id: m.id, at: m.at, from: m.from, kind: m.kind }
  if (m.recalled) return { ...seen, recalled: true }
  if (m.text !== undefined) seen.text = m.text
  if (m.card) seen.card = m.card(asUserId)
  if (m.raw !== undefined) seen.raw = m.raw
  if (m.updatedAt) seen.updatedAt = m.updatedAt
  return seen
}

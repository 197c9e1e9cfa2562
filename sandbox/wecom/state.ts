import type { Clock } from '../../src/clock.ts'
import type { PhoneMessage, SandboxPerson } from '../stand-in.ts'
import type { CallbackKeys } from './crypto.ts'
import type { Random } from './random.ts'
import type { Json } from './refusal.ts'

export type TokenKind = 'app' | 'contacts'

/** What the documentation leaves open, or tells in two ways: both can be played, also in the middle of a run. */
export interface Quirks {
  /** Answers to a card event that carry an update change nothing (wecom.md §1.7). */
  passiveUpdateIgnored: boolean
  /** A status other than 200 counts as a failure and is delivered again (§1.6). */
  retryOnNon200: boolean
  /** "Three in total" read as repetitions (3) or as deliveries (2). */
  retries: number
  /** A repetition has its elements in another order and a fresh response code. */
  retryRebuilds: boolean
  /** Delivers what was acknowledged once more: afterwards, or twice at the same time. */
  duplicateDeliveries: 'no' | 'after' | 'together'
  /** Members of a card that are not documented (§4.2). */
  unknownMembers: 'refused' | 'ignored'
  /** A repeated `gettoken` gives the same token while it lives (§6.1). */
  sameToken: boolean
  /** The answer to a suppressed duplicate: with the first message's id, or without one (§3.1). */
  duplicateAnswer: 'same-msgid' | 'no-msgid'
  /** Whether sending counts against the general limits of calls (§3.4 says no). */
  sendCountsAsCall: boolean
  /** The app is older than 2022-06-20 and reads mobile, email and so on (§9.2). */
  legacyFields: boolean
  /** The contact-sync secret is used from an address added before 2022-08-15, so it reads details too (§9.3). */
  legacyContactsIp: boolean
  /** The app is listed under 人事助手 → 可调用接口的应用 (§9.4). */
  staffFields: boolean
  /** The contact-sync URL is older than 2022-08-15: events carry all fields (§2.5). */
  legacyContactEvents: boolean
  /** Bytes of the name of a second-level menu entry: the page says 40, the error list 16 (§12). */
  subMenuNameBytes: 16 | 40
}

export interface Limits {
  /** Calls of one API (§3.5); an excess blocks it for the same span. */
  callsPerMinute: number
  callsPerHour: number
  /** Messages of the app to one member (§3.4); the excess vanishes. */
  memberPerMinute: number
  memberPerHour: number
  /** Calls for one kind of JS ticket (§8.1). */
  ticketsPerHour: number
  /** Accounts of the company: a day's receiver-times are 200 times as many. */
  accountCap: number
  /** Wrong secrets in an hour before the address is blocked for an hour (§3.5 gives no number). */
  wrongSecrets: number
}

export interface Callback extends CallbackKeys {
  url: string
}

export interface Department {
  id: number
  name: string
  parentId: number
  order: number
}

export interface Member {
  userId: string
  person: SandboxPerson
  /** The first is the main department. */
  departmentIds: number[]
  /** 1 active, 2 disabled, 4 not activated. */
  status: 1 | 2 | 4
  visible: boolean
  chat: ChatEntry[]
  /** When the app's messages of the last hour arrived, epoch milliseconds, oldest first. */
  arrivals: number[]
}

/** A message on one phone. Cards of one sending differ between phones once they are updated. */
export interface ChatEntry {
  id: string
  at: Date
  from: string
  kind: PhoneMessage['kind']
  text?: string
  raw?: unknown
  sent?: SentMessage
  card?: Json
  closed?: string
  updatedAt?: Date
}

/** One call of message/send. */
export interface SentMessage {
  msgId: string
  at: Date
  /** As sent, for cards. */
  card?: Json
  taskId?: string
  /** Lower-cased user ids, also of those whose copy was dropped. */
  receivers: Set<string>
  recalled: boolean
}

export interface ResponseCode {
  at: number
  used: boolean
  message: SentMessage
}

export interface Medium {
  kind: 'image' | 'voice' | 'video' | 'file'
  name: string
  bytes: Buffer
  at: number
}

export interface AgentSettings {
  name: string
  description: string
  redirect_domain: string
  report_location_flag: number
  isreportenter: number
  home_url: string
  logo_mediaid?: string
}

export interface GroupChat {
  groupId: string
  name: string
  owner: string
  members: string[]
  chat: ChatEntry[]
}

/** Everything the platform remembers of one company and its app. */
export interface World {
  clock: Pick<Clock, 'now'>
  random: Random
  corpId: string
  agentId: number
  quirks: Quirks
  limits: Limits
  callbacks: Partial<Record<TokenKind, Callback>>
  trustedDomain: string | undefined
  departments: Department[]
  /** By lower-cased user id: ids are case-insensitive. */
  members: Map<string, Member>
  unlicensed: Set<string>
  messages: Map<string, SentMessage>
  taskIds: Set<string>
  codes: Map<string, ResponseCode>
  media: Map<string, Medium>
  agent: AgentSettings
  menu: Json | undefined
  groups: Map<string, GroupChat>
  changed(userIdOrGroupId: string): void
}

export function memberOf(world: World, userId: string): Member | undefined {
  return world.members.get(userId.toLowerCase())
}

/** @throws Error when the company has no such member: a mistake of who plays in the sandbox */
export function mustKnow(world: World, userId: string): Member {
  const member = memberOf(world, userId)
  if (!member) throw new Error(`no member ${userId}`)
  return member
}

/** Whether the app may reach this member. */
export function reachable(member: Member | undefined): member is Member {
  return member?.visible === true && member.status !== 2
}

/** An opaque id as the platform gives out: unguessable in look, the same for the same seed. */
export function opaqueId(world: World, length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-'
  return Array.from({ length }, () => alphabet[Math.floor(world.random() * alphabet.length)]).join('')
}

export const RESPONSE_CODE_LIFE_MS = 72 * 3600_000
export const MEDIA_LIFE_MS = 3 * 24 * 3600_000

export function newResponseCode(world: World, message: SentMessage): string {
  const code = opaqueId(world, 43)
  world.codes.set(code, { at: world.clock.now().getTime(), used: false, message })
  return code
}

/** A medium of this kind that lives; 40007 otherwise (wecom.md §10.3). */
export function livingMedium(world: World, mediaId: unknown, kind: Medium['kind']): Medium | undefined {
  const medium = typeof mediaId === 'string' ? world.media.get(mediaId) : undefined
  if (medium?.kind !== kind || world.clock.now().getTime() - medium.at > MEDIA_LIFE_MS) return undefined
  return medium
}

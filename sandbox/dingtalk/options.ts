import type { Clock } from '../../src/clock.ts'
import type { SandboxPerson } from '../stand-in.ts'

export interface HttpAddresses {
  robotUrl?: string
  eventsUrl?: string
  eventToken?: string
  eventAesKey?: string
}

/** Real milliseconds; the defaults are DingTalk's (dingtalk.md §2.5–§2.7). Tests shorten them. */
export interface Deadlines {
  /** A frame over Stream. */
  ackMs: number
  /** A card click, Stream or HTTP. */
  clickMs: number
  /** A robot message or event over HTTP. */
  httpMs: number
  /** Pauses before the second and third try of an event. */
  eventRetryMs: readonly number[]
  /** From a `disconnect` frame to the closed socket. */
  closeAfterDisconnectMs: number
  pingEveryMs: number
  pingAnswerMs: number
}

export const defaultDeadlines: Deadlines = {
  ackMs: 3_000,
  clickMs: 2_000,
  httpMs: 2_500,
  eventRetryMs: [10_000, 30_000],
  closeAfterDisconnectMs: 10_000,
  pingEveryMs: 20_000,
  pingAnswerMs: 5_000,
}

/** How DingTalk behaves where its documents are silent or contradict themselves. May be changed at any time. */
export interface Variants {
  /** oapi code for a token that has run out (§1.3 names both). */
  expiredTokenErrcode: 40014 | 42001
  /** Key of the required scopes in a 403 (§1.2). */
  deniedDetailKey: 'accessdenieddetail' | 'AccessDeniedDetail'
  /** oapi code of a missing permission: 88 with a sub code, or 60011 itself. */
  deniedErrcode: 88 | 60011
  /** Share of department ids and cursors that come as strings (§12). */
  numbersAsStrings: number
  /** Topic of event frames (§2.3). */
  eventTopic: '*' | 'dingTalk'
  /** Sends CONNECTED, REGISTERED and KEEPALIVE (§2.3). */
  systemFrames: boolean
  /** A repeated push carries a new frame id; `msgId` and `eventId` stay (§2.6). */
  newMessageIdOnRepeat: boolean
  /** How often an unanswered robot message is pushed again: never, or about once (§2.6). */
  robotRepeats: number
  /** A failed card click is pushed once more (§2.6, unconfirmed). */
  repeatFailedClicks: boolean
  /** Text of a robot message stands in `content` in place of `text.content` (§4). */
  textInContent: boolean
  /** The app is not published yet: no `senderStaffId` (§4). */
  unpublished: boolean
  /** Only `value`, with `params` beside `cardPrivateData` (§6.6). */
  clickValueOnly: boolean
  /** One more callback without business data before the click (§6.6). */
  clickFromConfig: boolean
  /** A number is appended to the action id (§6.6). */
  clickSuffixedActionId: boolean
  /** `spaceType` and `spaceId` with a prefix (§6.6). */
  clickPrefixedSpace: boolean
  /** Receivers who do not exist: named in `invalidStaffIdList`, or refused when nobody is left (§5.2). */
  unknownReceivers: 'list' | 'error'
  /** A card for somebody who does not exist: a failed space, or `param.userIdNotExist` (§6.2). */
  unknownCardUser: 'space' | 'error'
  /** Longest value of a cardParamMap in bytes: 1 KB by the field table, more in practice (§6.3). */
  cardValueBytes: number
  /** A callback route key that exists: returned, or 500 `param.callbackRouteKeyExist` (§3.2). */
  routeKeyExists: 'return' | 'error'
  /** Owner key of encrypted events (§3.3). */
  ownerKey: 'clientId' | 'corpId'
  /** Names of the query fields of encrypted events: old senders use `signature` and `timeStamp` (§3.3). */
  oldEventQuery: boolean
  /** JSAPI signatures with SHA-1 are accepted as well (§9.2). */
  sha1Signatures: boolean
  /** Largest image (§10: 1 MB or 20 MB). */
  imageBytes: number
}

export const defaultVariants: Variants = {
  expiredTokenErrcode: 40014,
  deniedDetailKey: 'accessdenieddetail',
  deniedErrcode: 88,
  numbersAsStrings: 0.2,
  eventTopic: '*',
  systemFrames: false,
  newMessageIdOnRepeat: true,
  robotRepeats: 1,
  repeatFailedClicks: false,
  textInContent: false,
  unpublished: false,
  clickValueOnly: false,
  clickFromConfig: false,
  clickSuffixedActionId: false,
  clickPrefixedSpace: false,
  unknownReceivers: 'list',
  unknownCardUser: 'space',
  cardValueBytes: 100 * 1024,
  routeKeyExists: 'return',
  ownerKey: 'clientId',
  oldEventQuery: false,
  sha1Signatures: false,
  imageBytes: 20 * 1024 * 1024,
}

export interface DingtalkStandInOptions {
  /** Business time: tokens, tickets, webhooks, days and months. */
  clock: Pick<Clock, 'now'>
  corpId: string
  clientId: string
  clientSecret: string
  agentId: string
  people: SandboxPerson[]
  /** Internal groups with the bot in them; `groupId` is the openConversationId. */
  groups?: { groupId: string; name: string; members: string[] }[]
  mode?: 'stream' | 'http'
  http?: HttpAddresses
  /** Pause before an unanswered robot message comes again: about a minute. */
  redeliverAfterMs?: number
  deadlines?: Partial<Deadlines>
  variants?: Partial<Variants>
  /** Our form template, imported and published (README.md in this folder). */
  formTemplateId?: string
  /** 0: any free port. */
  port?: number
  /** Of ids, chances and faults. */
  seed?: number
}

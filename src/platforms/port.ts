import type { Card } from '../../cards/card.ts'

/** What the core knows of a platform. `src/platforms/wecom` and `src/platforms/dingtalk` implement it. */
export type PlatformName = 'wecom' | 'dingtalk'

/** A message, click or change as it came in, the same shape from both platforms. */
export type Incoming = IncomingBase &
  (
    | { type: 'text'; text: string; chat: Chat }
    /** `recognized`: the platform's own speech recognition, where it gives one. `ref`: of a picture, for `Platform.picture`. */
    | {
        type: 'media'
        media: 'image' | 'voice' | 'video' | 'file' | 'location' | 'link' | 'other'
        recognized?: string
        ref?: string
        chat: Chat
      }
    /** `choices`: input id to chosen option ids; empty when the card has no input. `form`: raw values of an imported form. */
    | { type: 'card-action'; cardId: string; action: string; choices: Record<string, string[]>; code?: string }
    | { type: 'menu'; key: string }
    | { type: 'opened' }
    /** Entered the app's reach or the company; `changed`: contact data to read again; `left`: out of the company or reach. */
    | { type: 'joined' }
    | { type: 'left' }
    | { type: 'changed'; newUserId?: string }
    /** Something the administrator should know: app disabled soon, message quota gone... `what` is a short English key, no personal data. */
    | { type: 'notice'; what: string }
  )

interface IncomingBase {
  /** Delivery id: the same when the platform delivers again. Begins with the platform's name. */
  id: string
  platform: PlatformName
  /** The platform's user id, from signed data only; '' for `notice`. */
  userId: string
  /**
   * The instant that counts (design §2): the platform's own time of the message, or the first receipt where it has
   * none, or where the two are more than five minutes apart.
   */
  at: Date
}

export type Chat = { kind: 'private' } | { kind: 'group'; groupId: string; replyUrl?: string; replyUntil?: Date }

/** Stores an event durably; resolves when stored (or known already). Rejects: must not be acknowledged. */
export type Receive = (event: Incoming) => Promise<void>

/** A text is split by the platform where it is too long for one message. A picture is at most 1 MB; `alt` says it in words. */
export type Outgoing =
  | { kind: 'text'; text: string }
  | { kind: 'card'; card: Card }
  | { kind: 'image'; png: Buffer; alt: string }

export interface Delivery {
  /** Derived from the business fact, the same on every try: `[0-9A-Za-z_@-]{1,100}`. It is the card's id in clicks. */
  id: string
  userId: string
  message: Outgoing
}

/**
 * `sent` also when the platform says that it knows this id already. `messageId` is what `recall` needs; of a text that went in
 * several messages all of theirs, with a space between.
 * `outage`: it is not this message; none would be taken now, until the platform is back or a setting is mended. `untried`: the
 * platform was not asked, to keep within its limits.
 * `refused`: will not succeed as it is. `later`: try again after `afterMs`. `unknown`: no answer; the same id may be tried again.
 */
export type SendResult =
  | { kind: 'sent'; messageId?: string; code?: string }
  | { kind: 'refused'; reason: string; advice: string; personGone?: boolean; outage?: true }
  | { kind: 'later'; reason: string; afterMs: number; outage?: true; untried?: true }
  | { kind: 'unknown'; reason: string }

/** `refused`: not any more, or never; what was sent stays where it is. */
export type RecallResult = { kind: 'recalled' } | Exclude<SendResult, { kind: 'sent' }>

/** How much of one of the platform's limits is used, as this process counts it. `label` and `note` are for an administrator. */
export interface QuotaMeter {
  window: 'minute' | 'month'
  label: string
  used: number
  limit: number
  note: string
}

/** Changes a card that was sent. `code`: a response code of it, where the platform needs one. */
export interface CardUpdate {
  id: string
  card: Card
  /** Who sees the new card: `all` who got it, or one person. */
  for: 'all' | { userId: string }
  code?: string
}

/** `expired`: cannot be changed any more; send a new message instead. */
export type UpdateResult = SendResult | { kind: 'expired' }

/** A member of the company as the platform tells it; absent fields are unknown or hidden. */
export interface Member {
  userId: string
  name: string
  /** Names of the departments from the top, the main one first. */
  departments: string[]
  title?: string
  jobNumber?: string
  managerUserId?: string
  /** Marked as leader of the main department. */
  leader?: boolean
  active: boolean
  hiredOn?: string
  /** Further text attributes by their name on the platform, e.g. 生日. */
  extra?: Record<string, string>
}

/** A group chat to be made; `id` is `[0-9A-Za-z]{1,32}`, the same for the same wish. */
export interface NewGroup {
  id: string
  name: string
  owner: string
  userIds: string[]
}

export interface Platform {
  readonly name: PlatformName
  /** False: drop-downs of a card are answered on a page only, so a wizard asks one choice at a time. */
  readonly drawsSelects?: boolean
  /** Connects, creates the menu. Must not throw for a platform that is down: it keeps trying and `status` says so. */
  start(receive: Receive): Promise<void>
  /** Takes nothing new; finishes what is being received. */
  stop(): Promise<void>
  status(): { ok: boolean; problem?: string }
  meters?(): QuotaMeter[]
  send(delivery: Delivery): Promise<SendResult>
  update(update: CardUpdate): Promise<UpdateResult>
  /** Takes a message to one person back, within 24 hours. @param messageId as `send` told it */
  recall?(messageId: string): Promise<RecallResult>
  /** A short text into a group: the one an event came from, or one where HR turned posts on. */
  reply(chat: Chat & { kind: 'group' }, id: string, text: string): Promise<SendResult>
  /** Makes a group that can be posted to, where a platform does not let the app into groups that people made (WeCom). */
  createGroup?(
    group: NewGroup,
  ): Promise<{ kind: 'made'; groupId: string } | { kind: 'refused'; reason: string; advice: string }>
  /** A picture that somebody sent. @param ref of the message @returns undefined: not any more, or not now */
  picture?(ref: string): Promise<{ bytes: Buffer } | { tooBig: true } | undefined>
  members(): Promise<Member[]>
  /** Redeems a login code of an H5 page. `undefined`: not a member or a bad code. */
  login(code: string): Promise<{ userId: string } | undefined>
}

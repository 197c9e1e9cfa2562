/**
 * What the phone page and the tests see of a stand-in, the same for both platforms. A stand-in speaks the platform's
 * public protocol to the bot over loopback and knows nothing else of it.
 */
export interface StandIn {
  readonly platform: 'wecom' | 'dingtalk'
  /** Address of the platform's API on loopback, e.g. http://127.0.0.1:4001 */
  readonly apiBase: string
  people(): { userId: string; name: string; title: string; departments: string[] }[]
  /** Oldest first. */
  chat(userId: string): PhoneMessage[]
  /** Each resolves when the bot has acknowledged (or the platform has given up repeating), rejects on no such message. */
  type(userId: string, text: string, groupId?: string): Promise<void>
  sendMedia(userId: string, media: 'image' | 'voice' | 'video' | 'file' | 'location', groupId?: string): Promise<void>
  /** Sends a picture of one's own to the bot. */
  sendPicture(userId: string, bytes: Buffer): Promise<void>
  /** Presses a button, with what is selected when the card has inputs (input id to option ids). */
  tap(userId: string, messageId: string, key: string, selected?: Record<string, string[]>): Promise<void>
  /** Opens the chat with the bot. */
  open(userId: string): Promise<void>
  /** The bot's menu under the chat, as the bot created it; empty when it has none. */
  menu(): MenuEntry[]
  tapMenu(userId: string, key: string): Promise<void>
  /** A login code for an H5 page opened by this person inside the app (WeCom OAuth, DingTalk 免登). */
  loginCode(userId: string): string
  /** Groups with the bot in them, and their messages. */
  groups(): { groupId: string; name: string; members: string[] }[]
  groupChat(groupId: string): PhoneMessage[]
  /** Somebody joins or leaves the company: contacts change, events go to the bot. */
  join(person: SandboxPerson): Promise<void>
  leave(userId: string): Promise<void>
  /** Called on any change of a chat. Returns a function that stops it. */
  onChange(listener: (userIdOrGroupId: string) => void): () => void
  stop(): Promise<void>
}

export interface MenuEntry {
  key?: string
  url?: string
  text: string
  children?: MenuEntry[]
}

export interface PhoneMessage {
  id: string
  at: Date
  from: 'bot' | string
  kind: 'text' | 'markdown' | 'image' | 'voice' | 'video' | 'file' | 'location' | 'link' | 'card'
  text?: string
  card?: SeenCard
  /** The platform's own document, for a faithful drawing. */
  raw?: unknown
  updatedAt?: Date
  recalled?: boolean
}

/** A card as the platform draws it on this person's phone, taken apart. */
export interface SeenCard {
  title: string
  subtitle?: string
  text?: string
  facts: { label: string; value: string; url?: string }[]
  checklist?: {
    key: string
    multiple: boolean
    options: { id: string; text: string; checked: boolean }[]
    disabled: boolean
  }
  selects: {
    key: string
    title: string
    options: { id: string; text: string }[]
    selected: string
    disabled: boolean
  }[]
  form?: {
    name: string
    label: string
    type: string
    required: boolean
    options: { value: string; text: string }[]
    /** What the field is filled with before anybody touches it. */
    initial?: string[]
  }[]
  /** `key` for a button that calls back, `url` for a link. `submit`: sends the inputs along. */
  buttons: { key?: string; url?: string; text: string; style: 'primary' | 'plain' | 'danger'; submit: boolean }[]
  /** Grey text where buttons were. */
  closed?: string
  /** Where a tap on the card itself leads. */
  url?: string
}

export interface SandboxPerson {
  userId: string
  name: string
  /** Department names from the top. */
  departments: string[]
  title: string
  jobNumber?: string
  managerUserId?: string
  leader?: boolean
  hiredOn?: string
  extra?: Record<string, string>
  /** What the company's HR roster has about them (WeCom 人事助手): field name to text, or to a day. */
  staff?: Record<string, string>
}

/** What the administrator's page and its API say to each other. Instants are ISO texts, days `YYYY-MM-DD` in company time. */

export interface AdminOverview {
  company: string
  timeZone: string
  now: string
  ok: boolean
  /** `database`, `wecom`, `dingtalk` to `ok` or what is wrong. */
  checks: { name: string; ok: boolean; said: string }[]
  failed: number
  pending: number
  /** The oldest message that could be sent and is not. */
  oldestDue?: string
  /** Events whose handler always failed. */
  parked: number
  /** For the choices of the search. */
  notices: { name: string; label: string }[]
}

export interface AdminDelivery {
  key: string
  to: string
  name: string
  what: string
  mode: 'answer' | 'push'
  state: 'pending' | 'sent' | 'cancelled' | 'failed'
  createdAt: string
  sentAt?: string
  platform?: 'wecom' | 'dingtalk'
  /** The job and slot that caused it, in words. */
  cause?: string
  /** Why it failed, was cancelled or waits, and what to do. */
  reason?: string
  advice?: string
  recalledAt?: string
  recall: { possible: true } | { possible: false; reason: string }
}

export interface AdminDeliveries {
  rows: AdminDelivery[]
  more: boolean
}

export interface AdminJob {
  name: string
  about: string
  last?: { at: string; state: 'running' | 'done' | 'failed'; error?: string }
  next?: string
}

export interface AdminMeter {
  platform: 'wecom' | 'dingtalk'
  label: string
  used: number
  limit: number
  /** What it means that it is used up, or what is the matter now. */
  note: string
}

export interface AdminPeople {
  active: number
  /** Nobody is known yet: why, and what to do. */
  unread?: string
  /** People whom no configured platform knows: they receive nothing. */
  without: { id: string; name: string; jobNumber?: string; departments: string[]; note: string }[]
  /** What is wrong with the contacts and the tree of managers. */
  problems: string[]
  /** Accounts of which HR has to say whose they are. */
  doubts: { name: string; platform: 'wecom' | 'dingtalk'; departments: string[]; candidates: string[] }[]
}

export interface AdminAuditLine {
  id: string
  at: string
  by: string
  what: string
  to: string
  detail?: string
}

export interface AdminAudit {
  rows: AdminAuditLine[]
  more: boolean
}

export interface AdminRehearsal {
  zone: string
  messages: number
  groups: {
    at: string
    why: string
    platforms: ('wecom' | 'dingtalk')[]
    people: number
    names: string[]
    text: string
  }[]
  left: { name: string; why: string; reason: string }[]
}

/** A line of the answer to a rehearsal, as it comes. */
export type AdminRehearsalLine = { day: string; messages: number } | { result: AdminRehearsal } | { error: string }

/** What an action came to, in a sentence. */
export interface AdminDone {
  ok: boolean
  said: string
}

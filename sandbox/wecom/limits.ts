import { refuse } from './refusal.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3600_000

interface Window {
  since: number
  count: number
}

/** Counts calls of one API in fixed windows; an excess blocks it for the length of the window (wecom.md §3.5). */
export interface Meter {
  minute: Window
  hour: Window
  blockedUntil: number
}

export function newMeter(): Meter {
  return { minute: { since: 0, count: 0 }, hour: { since: 0, count: 0 }, blockedUntil: 0 }
}

/** @throws Refusal 45009 */
export function admit(meter: Meter, now: number, most: { minute: number; hour: number }): void {
  if (now < meter.minute.since) Object.assign(meter, newMeter())
  if (now < meter.blockedUntil) refuse(45009, 'api freq out of limit')
  if (add(meter.minute, now, MINUTE_MS) > most.minute) block(meter, now + MINUTE_MS)
  if (add(meter.hour, now, HOUR_MS) > most.hour) block(meter, now + HOUR_MS)
}

function add(window: Window, now: number, length: number): number {
  if (now - window.since >= length || now < window.since) {
    window.since = now
    window.count = 0
  }
  return ++window.count
}

function block(meter: Meter, until: number): never {
  meter.blockedUntil = until
  return refuse(45009, 'api freq out of limit')
}

import type { Clock } from './clock.ts'
import type { Company } from './company.ts'
import type { Week } from './domain/time.ts'
import type { Log } from './log.ts'
import type { Outbox } from './outbox/outbox.ts'
import type { Platform, PlatformName } from './platforms/port.ts'
import type { Audit } from './store/audit.ts'
import type { Cards } from './store/cards.ts'
import type { MetaStore } from './store/meta.ts'
import type { MomentStores } from './store/moments.ts'
import type { MonthStores } from './store/months.ts'
import type { People } from './store/people.ts'
import type { SurveyStores } from './store/surveys.ts'
import type { Talks } from './store/talks.ts'
import type { Weeks } from './store/weeks.ts'

/** What handlers, jobs and pages work with; made once by `src/main.ts` and passed on. */
export interface Ctx extends MomentStores, SurveyStores, MonthStores {
  clock: Clock
  log: Log
  /** The company file in force. */
  company(): Company
  people: People
  weeks: Weeks
  cards: Cards
  talks: Talks
  meta: MetaStore
  audit: Audit
  outbox: Outbox
  platforms: Partial<Record<PlatformName, Platform>>
  /** The week in which this installation was first started: nobody has a plan for it yet. */
  firstWeek: Week
}

/** What somebody did: the event's id, which makes it happen once, and the instant that counts. */
export interface Act {
  id: string
  at: Date
}

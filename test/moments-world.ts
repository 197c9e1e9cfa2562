import { notices } from '../jobs/notices.ts'
import { parseCompany, withHolidays } from '../src/company.ts'
import type { Ctx } from '../src/context.ts'
import { createLog } from '../src/log.ts'
import { createOutbox } from '../src/outbox/outbox.ts'
import { createSender } from '../src/outbox/sender.ts'
import type { Delivery, Platform } from '../src/platforms/port.ts'
import { auditStore } from '../src/store/audit.ts'
import { cardStore } from '../src/store/cards.ts'
import { type Db, prepare } from '../src/store/connect.ts'
import { metaStore } from '../src/store/meta.ts'
import { momentStores } from '../src/store/moments.ts'
import { monthStores } from '../src/store/months.ts'
import { type Person, peopleStore } from '../src/store/people.ts'
import { surveyStores } from '../src/store/surveys.ts'
import { talkStore } from '../src/store/talks.ts'
import { weekStore } from '../src/store/weeks.ts'
import { standingClock } from './clock.ts'

export const person = (_id: string, more: Partial<Person> = {}): Person => ({
  ...{ _id, name: _id, position: '', departments: ['部门'], roles: [], nicknames: [], active: true },
  ...more,
})

/**
 * Stores, jobs' context and outbox of people's moments on a database, with a platform that takes everything and remembers
 * what arrived.
 */
export async function momentsWorld(db: Db, options: { start: string; yaml?: string }) {
  const clock = standingClock(options.start)
  const stores = {
    people: peopleStore(db),
    cards: cardStore(db),
    meta: metaStore(db),
    weeks: weekStore(db),
    talks: talkStore(db),
    audit: auditStore(db),
    ...momentStores(db),
    ...monthStores(db),
    ...surveyStores(db, 'a-secret-of-thirty-two-characters-or-more'),
  }
  const file = parseCompany(options.yaml ?? 'name: 示例\n')
  const company = withHolidays(() => file, stores.holidays.current)
  const arrived: (Delivery & { at: Date })[] = []
  const wecom = {
    name: 'wecom',
    async send(delivery: Delivery) {
      arrived.push({ ...delivery, at: clock.now() })
      return { kind: 'sent' as const }
    },
  } as unknown as Platform
  const log = createLog('silent')
  const sender = createSender({
    ...{ db, clock, people: stores.people, cards: stores.cards, platforms: { wecom } },
    zone: () => 'Asia/Shanghai',
    quiet: () => ({ from: '21:30', to: '07:30', mostPerDay: 100 }),
    backOff: () => 20,
    render: async (name, to, args) => notices[name]!(to, args, ctx),
  })
  const outbox = createOutbox({ db, clock, log, owner: 'test', sender })
  const ctx = { clock, log, company, ...stores, outbox, platforms: { wecom }, firstWeek: '' } as unknown as Ctx
  await prepare(db)
  return {
    clock,
    ctx,
    arrived,
    /** Keys of everything that was written, in order. */
    async keys(): Promise<string[]> {
      return (await outbox.model.find().sort({ _id: 1 }).lean()).map((row) => row._id)
    },
  }
}

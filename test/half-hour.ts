import { notices } from '../jobs/notices.ts'
import { startWecomStandIn } from '../sandbox/wecom/stand-in.ts'
import { parseCompany } from '../src/company.ts'
import type { Ctx } from '../src/context.ts'
import { createLog } from '../src/log.ts'
import { createBreaker, withBreaker } from '../src/outbox/breaker.ts'
import { backOffMs, createOutbox } from '../src/outbox/outbox.ts'
import { createSender } from '../src/outbox/sender.ts'
import { createOutageWatch } from '../src/platforms/outages.ts'
import { createWecom } from '../src/platforms/wecom/index.ts'
import { cardStore } from '../src/store/cards.ts'
import { prepare } from '../src/store/connect.ts'
import { metaStore } from '../src/store/meta.ts'
import { type Person, peopleStore } from '../src/store/people.ts'
import { standingClock } from './clock.ts'
import { openTestDb } from './db.ts'
import { crowd } from './process.ts'

/** How often the service looks at what waits; time goes on in these steps. */
const STEP_MS = 5_000
const STEPS_A_MINUTE = 60_000 / STEP_MS
/** How many messages may be on their way when the platform goes. */
export const AT_ONCE = 16

/** What came of it, to be compared with what is promised. */
export interface HalfHour {
  waiting: number
  /** Calls that met the platform while it was down: of the first minute, and of each later one. */
  attempts: number[]
  /** Most tries that a card has used up when the platform is back. */
  mostTries: number
  failed: number
  missing: number
  twice: number
  /** Time of business from the platform's return until the last card is there. */
  drainedAfterMs: number
  /** How often the administrator reads that it is down, and that it is back. */
  told: { down: number; back: number }
}

/** The outbox, its breaker and WeCom's adapter as `main.ts` puts them together, on a machine whose time passes by hand. */
export async function halfHourWithout(waiting: number): Promise<HalfHour> {
  const start = '2026-11-18T10:00:00+08:00'
  const clock = standingClock(start)
  let machine = Date.parse(start)
  const log = createLog('silent')
  const { db, stop } = await openTestDb()
  const members = crowd(waiting)
  const settings = { corpId: 'ww1', agentId: 1000002, secret: 'app-secret' }
  const standIn = await startWecomStandIn({ ...settings, clock, people: members })
  const wecom = createWecom(
    {
      ...settings,
      ...{ token: 'token', aesKey: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C', menu: [] },
      ...{ apiBase: standIn.apiBase, oauthBase: standIn.oauthBase, publicBaseUrl: 'https://jixiao.example.com' },
    },
    { clock, log },
  )
  const company = parseCompany('name: 测试公司\npositions: {}\nschemes: {}\n')
  const nowMs = () => machine
  const people = peopleStore(db)
  const cards = cardStore(db)
  const breaker = createBreaker({ nowMs, onClose: () => void outbox.release() })
  const sender = createSender({
    ...{ db, clock, people, cards, platforms: { wecom: withBreaker(wecom, breaker) }, backOff: backOffMs },
    ...{ heldMs: () => breaker.heldMs(), zone: () => company.timeZone, quiet: () => company.quiet },
    render: async (name, to, args) => notices[name]!(to, args, ctx),
  })
  const outbox = createOutbox({
    ...{ db, clock, log, owner: 'a', sender, leaseNow: nowMs, atOnce: AT_ONCE },
    heldMs: () => breaker.heldMs(),
  })
  const ctx = {
    ...{ clock, log, people, cards, outbox, company: () => company, meta: metaStore(db), platforms: { wecom } },
  } as unknown as Ctx
  const outages = createOutageWatch(ctx, () => breaker.isOpen())
  await prepare(db)
  const rows = members.map(
    ({ userId, name }): Person => ({
      ...{ _id: userId, name, position: '助理', departments: [], nicknames: [], active: true, wecom: userId },
      roles: userId === 'boss' ? ['admin'] : [],
    }),
  )
  await people.model.insertMany(rows)

  const step = async () => {
    machine += STEP_MS
    clock.set(new Date(clock.now().getTime() + STEP_MS).toISOString())
    outbox.sweep()
    await outbox.idle()
    await outages.look()
    await outbox.idle()
  }
  const cardsOf = (userId: string) => standIn.chat(userId).filter((m) => m.kind === 'card').length
  const told = (what: RegExp) => standIn.chat('boss').filter((m) => what.test(m.text ?? '')).length
  const sent = () => outbox.model.countDocuments({ _id: /^notice\//, state: 'sent' })
  try {
    await outbox.add([{ key: 'before', to: 'boss', mode: 'answer', content: { kind: 'text', text: '之前' } }])
    await outbox.idle()
    const calls = standIn.log.length
    standIn.faults.down = true
    await outbox.add(
      rows.slice(1).map(({ _id }) => ({
        ...{ key: `notice/${_id}`, to: _id, mode: 'push' as const },
        content: { kind: 'card', card: { title: '周计划待提交' }, subject: 'notice', context: {} },
      })),
    )
    await outbox.idle()
    const attempts: number[] = []
    for (let minute = 0; minute < 30; minute++) {
      const before = minute === 0 ? calls : standIn.log.length
      for (let n = 0; n < STEPS_A_MINUTE; n++) await step()
      attempts.push(standIn.log.length - before)
    }
    const [worst] = await outbox.model.find().sort({ tries: -1 }).limit(1).lean()
    standIn.faults.down = false
    const back = machine
    while ((await sent()) < waiting && machine - back < 600_000) await step()
    const drainedAfterMs = machine - back
    // And long enough for the administrator to hear of the end, and for anything that would come twice.
    for (let n = 0; n < 5 * STEPS_A_MINUTE; n++) await step()
    const arrived = rows.slice(1).map(({ _id }) => cardsOf(_id))
    return {
      ...{ waiting, attempts, mostTries: worst!.tries, drainedAfterMs },
      failed: await outbox.model.countDocuments({ state: 'failed' }),
      missing: arrived.filter((n) => n === 0).length,
      twice: arrived.filter((n) => n > 1).length,
      told: {
        down: told(/^企业微信从11月18日 10:00起不可用/),
        back: told(/^企业微信已恢复（11月18日 10:00至11月18日 10:3/),
      },
    }
  } finally {
    await outbox.stop()
    await wecom.stop()
    await standIn.stop()
    await stop()
  }
}

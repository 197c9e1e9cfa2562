import type { Clock } from '../../clock.ts'
import type { CardUpdate, UpdateResult } from '../port.ts'
import type { Api } from './api.ts'
import { drawCard } from './draw-card.ts'
import { failureOf, isRateLimit } from './errors.ts'
import { createMeter } from './limits.ts'
import type { SendOptions } from './send.ts'

const PER_MINUTE = 10_000
/** Used already, or older than 72 hours (wecom.md §5). */
const CODE_SPENT = 60140

/** Builds `update` of the port: one response code, one change. Without a code nothing can be changed. */
export function createUpdate(options: SendOptions): (update: CardUpdate) => Promise<UpdateResult> {
  const { api, agentId, publicBaseUrl, clock }: { api: Api; clock: Clock } & SendOptions = options
  const meter = createMeter(PER_MINUTE)

  return async (update) => {
    if (update.code === undefined || update.code === '') return { kind: 'expired' }
    const card = drawCard(update.card, { publicBaseUrl })
    const wait = meter.take(clock.now().getTime())
    if (wait > 0) return { kind: 'later', reason: '已接近企业微信的调用频率上限，稍后更新', afterMs: Math.ceil(wait) }
    const reply = await api.post('/cgi-bin/message/update_template_card', {
      ...(update.for === 'all' ? { atall: 1 } : { userids: [update.for.userId] }),
      agentid: agentId,
      response_code: update.code,
      template_card: card,
    })
    if (reply.kind === 'ok') {
      meter.accepted()
      // An array here, a string in the answer to a send.
      const { invaliduser } = reply.body
      const missed = update.for !== 'all' && Array.isArray(invaliduser) && invaliduser.length > 0
      return missed ? failureOf(82102, '') : { kind: 'sent' }
    }
    if (reply.code === CODE_SPENT) return { kind: 'expired' }
    if (reply.code !== undefined && isRateLimit(reply.code)) {
      meter.complained(clock.now().getTime())
      return { kind: 'later', reason: reply.failure.reason, afterMs: 60_000 }
    }
    return reply.failure
  }
}

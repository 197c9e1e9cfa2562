import type { Core } from './core.ts'
import type { Faults } from './faults.ts'
import { CARD_TOPIC, ROBOT_TOPIC } from './frames.ts'
import type { HttpMode } from './http-mode.ts'
import { isRecord, type Json } from './json.ts'
import type { Quota } from './quota.ts'
import type { Route } from './server.ts'
import { responseOf, type Stream } from './stream.ts'

/** Events that cost no quota (dingtalk.md §1.5). */
const FREE_EVENTS =
  /^(user_(add|modify|leave|active)_org|org_dept_(create|modify|remove)|org_change|label_\w+|org_admin_(add|remove))$/

export interface Deliveries {
  routes: Route[]
  /** Pushes until acknowledged or given up; `onReply` gets the message a HTTP answer may carry. */
  robot(message: Json, onReply: (reply: Json) => void): Promise<boolean>
  event(eventType: string, payload: Json): Promise<boolean>
  /** The answer, `{}` for none; `undefined` when the click failed. */
  click(via: { type: 'STREAM' } | { type: 'HTTP'; routeKey: string }, data: Json): Promise<Json | undefined>
  /** Sends the last acknowledged pushes once more. */
  again(count: number): Promise<void>
}

interface Parts {
  core: Core
  faults: Faults
  quota: Quota
  stream: Stream
  http: HttpMode
  mode(): 'stream' | 'http'
}

/** What goes to the bot, how often, and what counts as an answer (dingtalk.md §2.5, §2.6). */
export function createDeliveries({ core, faults, quota, stream, http, mode }: Parts): Deliveries {
  const { app, random, deadlines, variants } = core
  const acknowledged: (() => Promise<unknown>)[] = []
  const failed: Json[] = []
  const unifiedAppId = random.uuid()

  function done(push: () => Promise<unknown>) {
    acknowledged.push(push)
    if (acknowledged.length > 200) acknowledged.shift()
    if (random.chance(faults.settings.duplicateShare)) {
      faults.count('duplicate')
      void push()
    }
  }

  async function robotOnce(message: Json, messageId: string, onReply: (reply: Json) => void): Promise<boolean> {
    const started = Date.now()
    const rest = () => core.sleep(Math.max(0, core.redeliverAfterMs - (Date.now() - started)))
    if (mode() === 'http') {
      const reply = await http.postRobot(message)
      if (!reply) {
        await rest()
        return false
      }
      if (Object.keys(reply).length > 0) onReply(reply)
      return true
    }
    const push = { type: 'CALLBACK', topic: ROBOT_TOPIC, messageId, data: message } as const
    const result = await stream.push({ ...push, waitMs: core.redeliverAfterMs })
    if (result.kind === 'none') return false
    if (Date.now() - started > deadlines.ackMs) faults.count('slowAck')
    const isShaped = responseOf(result.data) !== undefined
    if (!isShaped) core.violation('stream: the ack of a robot message is not {"response":…}')
    if (result.code === 200 && isShaped) return true
    await rest()
    return false
  }

  async function eventOnce(eventType: string, payload: Json, head: Record<string, string>, messageId: string) {
    if (mode() === 'http')
      return http.postEvent({
        ...payload,
        EventType: eventType,
        EventTime: Number(head.eventBornTime),
        CorpId: app.corpId,
        BizId: head.eventId,
        eventId: head.eventId,
      })
    const result = await stream.push({
      type: 'EVENT',
      topic: variants.eventTopic,
      messageId,
      data: payload,
      event: head,
      waitMs: deadlines.ackMs,
    })
    if (result.kind === 'none') return false
    const status = isRecord(result.data) ? result.data.status : undefined
    if (status !== 'SUCCESS' && status !== 'LATER') {
      core.violation('stream: the ack of an event has no status SUCCESS or LATER')
      return false
    }
    return result.code === 200 && status === 'SUCCESS'
  }

  const frameId = (first: string, attempt: number) =>
    attempt === 0 || !variants.newMessageIdOnRepeat ? first : random.hex(20)

  const failedRoute: Route = {
    method: 'GET',
    path: '/call_back/get_call_back_failed_result',
    host: 'oapi',
    handle() {
      const list = failed.splice(0, 200)
      return { errcode: 0, errmsg: 'ok', has_more: failed.length > 0, failed_list: list }
    },
  }

  return {
    routes: [failedRoute],
    async robot(message, onReply) {
      const messageId = random.hex(20)
      for (let attempt = 0; attempt <= variants.robotRepeats; attempt++) {
        if (!(await robotOnce(message, frameId(messageId, attempt), onReply))) continue
        done(() => robotOnce(message, frameId(messageId, 1), onReply))
        return true
      }
      return false
    },
    async event(eventType, payload) {
      if (!FREE_EVENTS.test(eventType) && !quota.countWebhook()) return false
      const messageId = random.hex(20)
      const head = {
        eventType,
        eventId: random.hex(32),
        eventCorpId: app.corpId,
        eventBornTime: String(core.now()),
        eventUnifiedAppId: unifiedAppId,
      }
      for (let attempt = 0; attempt <= deadlines.eventRetryMs.length; attempt++) {
        if (attempt > 0 && !(await core.sleep(deadlines.eventRetryMs[attempt - 1]!))) return false
        if (!(await eventOnce(eventType, payload, head, frameId(messageId, attempt)))) continue
        done(() => eventOnce(eventType, payload, head, frameId(messageId, 1)))
        return true
      }
      failed.push({ ...payload, call_back_tag: eventType, event_time: Number(head.eventBornTime), corpid: app.corpId })
      return false
    },
    async click(via, data) {
      const messageId = random.hex(20)
      const once = async (attempt: number): Promise<Json | undefined> => {
        if (via.type === 'HTTP') return http.postCard(via.routeKey, data)
        const push = { type: 'CALLBACK', topic: CARD_TOPIC, data, waitMs: deadlines.clickMs } as const
        const result = await stream.push({ ...push, messageId: frameId(messageId, attempt) })
        if (result.kind === 'none' || result.code !== 200) return undefined
        const answer = responseOf(result.data)
        if (!answer) core.violation('stream: the ack of a card click is not {"response":…}')
        if (!answer || answer.response === null) return answer ? {} : undefined
        return isRecord(answer.response) ? answer.response : undefined
      }
      let answer = await once(0)
      if (!answer && variants.repeatFailedClicks) answer = await once(1)
      if (answer) done(() => once(1))
      return answer
    },
    async again(count) {
      await Promise.all(acknowledged.slice(-count).map((push) => push()))
    },
  }
}

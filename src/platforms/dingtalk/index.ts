import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import type { Measure } from '../measure.ts'
import type { Incoming, Platform, Receive } from '../port.ts'
import { createApi, type Log } from './api.ts'
import { isCardUnavailable, isQuotaGone, isSetupFault, isSilence, verdictOf } from './codes.ts'
import { addRoster, readMembers, redeemLoginCode } from './contacts.ts'
import { AI_CARD_TEMPLATE, buttonIds } from './draw-card.ts'
import type { Failure } from './failure.ts'
import { cardRouteKey, createHttpMode, type HttpReply, type HttpRequest, registerCardCallback } from './http-mode.ts'
import { createJsSigner, type JsSignature } from './js-signature.ts'
import { fetchPicture } from './picture.ts'
import { createPace, createQuota } from './quota.ts'
import { notice, type ReadContext, readCardClick, readEvent, readRobotMessage } from './receive.ts'
import { createReply } from './reply.ts'
import { createSender, remember } from './send.ts'
import { backoffMs, CARD_TOPIC, createStream, type Push, ROBOT_TOPIC, type StreamTimes } from './stream.ts'

export type { HttpReply, HttpRequest } from './http-mode.ts'
export type { JsSignature } from './js-signature.ts'

export interface DingtalkConfig {
  corpId: string
  clientId: string
  clientSecret: string
  /** Needed for JS signatures only. */
  agentId?: string
  /** The application's own id unless told. */
  robotCode?: string
  mode: 'stream' | 'http'
  /** Both for `/dingtalk/events` in HTTP mode. */
  eventToken?: string
  eventAesKey?: string
  /** DingTalk's own AI card unless told. */
  cardTemplateId?: string
  formTemplateId?: string
  apiBase: string
  oapiBase: string
  publicBaseUrl: string
}

export interface DingtalkDeps {
  clock: Clock
  log: Log
  /**
   * The monthly meter: what was counted before, and where more is added to. `onCount` is called with what is new, so
   * that several replicas can add up; it must not throw.
   */
  quota?: { initial?: { month: string; used: number }; limit?: number; onCount?: (month: string, n: number) => unknown }
  measure?: Measure
  /** Network times for tests. */
  times?: { timeoutMs?: number; stream?: Partial<StreamTimes>; registerAgainMs?: number; probeMs?: number }
}

export interface Dingtalk extends Platform {
  /** `POST /dingtalk/robot`; 404 in Stream mode, like the other two. */
  handleRobot(request: HttpRequest): Promise<HttpReply>
  handleCards(request: HttpRequest): Promise<HttpReply>
  handleEvents(request: HttpRequest): Promise<HttpReply>
  jsSignature(url: string): Promise<JsSignature>
  quota(): { month: string; used: number; limit: number }
}

/** A single lost answer is no problem yet. */
const SILENT_TIMES = 3
/** How often it is tried whether the platform answers again while nothing is to be sent. */
const PROBE_MS = 15_000
const UA = 'jixiao-bot/0.1.0'

/** The DingTalk adapter: everything between the platform's protocol and the port. */
export function createDingtalk(config: DingtalkConfig, deps: DingtalkDeps): Dingtalk {
  const { clock, log, times = {} } = deps
  const { corpId, clientId, clientSecret, mode, publicBaseUrl } = config
  const robotCode = config.robotCode || clientId

  /** What an admin should know, by subject; the newest of each. */
  const problems = new Map<string, string>()
  /** Calls in a row that nobody answered. */
  let silent = 0
  let probing: NodeJS.Timeout | undefined
  let receive: Receive | undefined
  const buttons = remember<string[]>(5_000)

  const context = (): ReadContext => ({ now: clock.now(), corpId, buttonsOf: buttons.get })
  const store: Receive = (event) => (receive ? receive(event) : Promise.reject(new Error('not started')))
  const told = remember<true>(20)
  /** Once a day each; a failure of every send must not become a write of every send. */
  const tellAdmin = (what: string) => {
    const event = notice(what, clock.now())
    if (!receive || told.get(event.id)) return
    told.set(event.id, true)
    store(event).catch((error) => {
      told.delete(event.id)
      log.error({ what, err: String(error) }, 'dingtalk notice not stored')
    })
  }

  const quota = createQuota({
    clock,
    ...deps.quota,
    onMark(percent, month) {
      log.warn({ percent, month }, 'dingtalk monthly calls')
      tellAdmin(`dingtalk-quota-${percent}`)
    },
  })
  const pace = createPace()
  const api = createApi({
    clientId,
    clientSecret,
    apiBase: config.apiBase,
    oapiBase: config.oapiBase,
    clock,
    log,
    quota,
    pace,
    ...(times.timeoutMs && { timeoutMs: times.timeoutMs }),
    ...(deps.measure && { measure: deps.measure }),
    onOutcome(api, failure) {
      silent = failure && isSilence(failure) ? silent + 1 : 0
      if (!failure) problems.delete(api)
      else if (isSetupFault(failure) && !isRosterCall(api) && !(isCardCall(api) && isCardUnavailable(failure)))
        problems.set(api, explain(failure))
      if (failure && isQuotaGone(failure)) tellAdmin('dingtalk-quota-gone')
    },
  })

  const sender = createSender({
    api,
    clock,
    log,
    robotCode,
    publicBaseUrl,
    cardTemplateId: config.cardTemplateId || AI_CARD_TEMPLATE,
    ...(config.formTemplateId && { formTemplateId: config.formTemplateId }),
    hasFormTemplate: Boolean(config.formTemplateId),
    callback:
      mode === 'stream'
        ? { callbackType: 'STREAM' }
        : { callbackType: 'HTTP', callbackRouteKey: cardRouteKey(clientId) },
    onCards(way, failure) {
      const what = way === 'form' ? '表单卡片' : '互动卡片'
      if (failure) problems.set(`cards ${way}`, `${what}暂以其他形式发送：${explain(failure)}`)
      else problems.delete(`cards ${way}`)
    },
    onDraw: (cardId, card) => buttons.set(cardId, buttonIds(card)),
  })
  const reply = createReply({ api, clock, robotCode, apiBase: config.apiBase, oapiBase: config.oapiBase })
  const signPage = createJsSigner({ api, clock, corpId, agentId: config.agentId ?? '' })

  const stream =
    mode === 'stream'
      ? createStream({
          open: () =>
            api.bare('api', `${config.apiBase.replace(/\/+$/, '')}/v1.0/gateway/connections/open`, {
              clientId,
              clientSecret,
              subscriptions: [
                { type: 'EVENT', topic: '*' },
                { type: 'CALLBACK', topic: ROBOT_TOPIC },
                { type: 'CALLBACK', topic: CARD_TOPIC },
              ],
              ua: UA,
            }),
          onPush: (push) => take(push),
          explain: ({ failure }) =>
            failure.status === 400 || failure.status === 401 || failure.status === 403
              ? '钉钉拒绝了 Stream 连接。请在钉钉开放平台（open-dev.dingtalk.com）确认 Client ID 与 Client Secret 正确、机器人的消息接收模式为 Stream、应用已发布版本、服务器出口 IP 在白名单内'
              : explain(failure),
          log,
          ...(times.stream && { times: times.stream }),
        })
      : undefined

  /** Stores a push of the Stream; the answer goes out afterwards. */
  async function take({ type, headers, data }: Push): Promise<object | undefined> {
    if (type === 'EVENT') {
      const event = {
        type: headers.eventType ?? '',
        id: headers.eventId ?? headers.messageId,
        corpId: headers.eventCorpId,
        bornMs: headers.eventBornTime,
      }
      await storeAll(readEvent(event, data, context()))
      return { status: 'SUCCESS', message: 'OK' }
    }
    if (headers.topic === ROBOT_TOPIC) {
      await storeAll(readRobotMessage(data, context()))
      return { response: null }
    }
    if (headers.topic === CARD_TOPIC) {
      await storeAll(readCardClick(data, headers.messageId, headers.time, context()))
      // The card is changed through the API: what stands here would reach the clicker only (dingtalk.md §6.6).
      return { response: {} }
    }
    return undefined
  }

  const storeAll = (events: Incoming[]) => Promise.all(events.map((event) => store(event)))

  const http =
    mode === 'http'
      ? createHttpMode({
          clientId,
          clientSecret,
          corpId,
          ...(config.eventToken && { eventToken: config.eventToken }),
          ...(config.eventAesKey && { eventAesKey: config.eventAesKey }),
          clock,
          log,
          context,
          receive: store,
        })
      : undefined
  const elsewhere = async (): Promise<HttpReply> => ({ status: 404, body: '' })

  const stopping = new AbortController()
  let registering: NodeJS.Timeout | undefined

  /** Registers the address of card clicks, again and again until it worked. */
  async function register(attempt = 1): Promise<void> {
    const problem = await registerCardCallback(api, config)
    if (problem === undefined) {
      problems.delete('register')
      return
    }
    problems.set('register', problem)
    if (stopping.signal.aborted) return
    const wait = backoffMs(attempt, { firstMs: times.registerAgainMs ?? 1_000, mostMs: 5 * 60_000 })
    registering = setTimeout(() => void register(attempt + 1), wait)
  }

  return {
    name: 'dingtalk',
    drawsSelects: Boolean(config.formTemplateId),
    async start(onEvent) {
      receive = onEvent
      probing = setInterval(async () => {
        if (silent >= SILENT_TIMES && (await api.answers())) silent = 0
      }, times.probeMs ?? PROBE_MS).unref()
      if (stream) await stream.start()
      else await register()
    },
    async stop() {
      stopping.abort()
      clearTimeout(registering)
      clearInterval(probing)
      await Promise.all([stream?.stop(), api.close()])
    },
    status() {
      const connection = stream?.status()
      const all = [
        ...(connection?.problem ? [connection.problem] : []),
        ...(silent >= SILENT_TIMES ? ['钉钉接口没有应答'] : []),
        ...problems.values(),
      ]
      return all.length === 0 ? { ok: true } : { ok: false, problem: [...new Set(all)].join('；') }
    },
    meters() {
      const { month, used, limit } = quota.read()
      const note = '免费组织每月的次数，本企业其他应用也会占用；用完后当月不能再发送，可在钉钉管理后台增购'
      return [{ window: 'month', label: `${month}接口调用`, used, limit, note }]
    },
    send: (delivery) => sender.send(delivery),
    update: (update) => sender.update(update),
    recall: (messageId) => sender.recall(messageId),
    reply: (chat, _id, text) => reply(chat, text),
    picture: (ref) => fetchPicture(api, robotCode, [config.apiBase, config.oapiBase], ref),
    async members() {
      const members = await readMembers(api)
      if (config.agentId && !(await addRoster(api, config.agentId, members)))
        log.info({}, '未读取到钉钉智能人事花名册（未开通或未授权 qyapi_hrm_read_user），生日等日期将以其他来源为准')
      return members
    },
    login: async (code) =>
      z.string().min(1).max(200).safeParse(code).success ? redeemLoginCode(api, code) : undefined,
    handleRobot: http?.handleRobot ?? elsewhere,
    handleCards: http?.handleCards ?? elsewhere,
    handleEvents: http?.handleEvents ?? elsewhere,
    async jsSignature(url) {
      if (!config.agentId) throw new Error('页面签名需要配置 DINGTALK_AGENT_ID')
      return signPage(url)
    },
    quota: () => quota.read(),
  }
}

/** A company without 智能人事 is no fault of the setup. */
const isRosterCall = (api: string) => api.includes('/hrm/rosters/')

/** Its refusals have words of their own: the message went out as a link. */
const isCardCall = (api: string) => api.includes('/card/instances')

function explain(failure: Failure): string {
  const verdict = verdictOf(failure)
  return 'advice' in verdict ? `${verdict.reason}。${verdict.advice}` : verdict.reason
}

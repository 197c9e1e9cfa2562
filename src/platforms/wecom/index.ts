import { setTimeout as sleep } from 'node:timers/promises'
import type { Card } from '../../../cards/card.ts'
import type { Clock } from '../../clock.ts'
import { MOST_PICTURE_BYTES } from '../../domain/picture.ts'
import type { Measure } from '../measure.ts'
import type { Incoming, Member, Platform, Receive } from '../port.ts'
import { type Api, createApi } from './api.ts'
import { type CallbackRequest, type CallbackResponse, createCallback, type Log } from './callback.ts'
import { countUnseen, readMembers } from './contacts.ts'
import { decodeAesKey } from './crypto.ts'
import { createGroup, postToGroup } from './group.ts'
import { createJsSignature, type JsSignature, type JsSignatureKind } from './js-signature.ts'
import { createMeter } from './limits.ts'
import { authorizeUrl, redeem } from './login.ts'
import { drawMenu, ensureMenu, type MenuItem } from './menu.ts'
import { createPassiveReply } from './passive-reply.ts'
import { recallMessages } from './recall.ts'
import { createSend, PER_MINUTE } from './send.ts'
import { createUpdate } from './update.ts'

export type { CallbackRequest, CallbackResponse, JsSignature, JsSignatureKind, MenuItem }

export interface WecomConfig {
  corpId: string
  agentId: number
  secret: string
  /** Token and EncodingAESKey of the app's callback. */
  token: string
  aesKey: string
  /** Secret of the contact assistant (通讯录同步): only used to say how many people the app cannot see. */
  contactsSecret?: string
  /** Keys of the contact assistant's callback, where that is used. */
  contactsToken?: string
  contactsAesKey?: string
  apiBase: string
  oauthBase: string
  publicBaseUrl: string
  menu: MenuItem[]
  /** Answers a click with the card's next face at once, where `passiveReply` has one; not every client shows it. */
  passiveUpdates?: boolean
}

export interface WecomDeps {
  clock: Clock
  log: Log
  /** The next face of the clicked card, known when the click has been stored. Asked with `passiveUpdates` only. */
  passiveReply?: (event: Incoming) => Card | undefined | Promise<Card | undefined>
  measure?: Measure
  /** How often it is tried whether a problem is over while nothing is to be sent. */
  probeMs?: number
}

export type CallbackKind = 'app' | 'contacts'

export interface Wecom extends Platform {
  /** Answers one request at the callback URL of the app or of the contact assistant. Never rejects. */
  handleCallback(request: CallbackRequest, kind: CallbackKind): Promise<CallbackResponse>
  authorizeUrl(redirectUri: string, state: string): string
  jsSignature(url: string, kind: JsSignatureKind): Promise<JsSignature>
}

/** How long `start` waits for a platform that does not answer before it goes on in the background. */
const START_PATIENCE_MS = 3_000
const MAX_RETRY_MS = 60_000
const PROBE_MS = 15_000

/**
 * The WeCom adapter of one self-built app.
 *
 * @throws RangeError for an AES key or a menu that cannot be: a start-time error
 */
export function createWecom(config: WecomConfig, deps: WecomDeps): Wecom {
  const { clock, log } = deps
  const { corpId, agentId } = config
  const publicBaseUrl = withoutSlash(config.publicBaseUrl)
  const menu = drawMenu(config.menu, publicBaseUrl)
  const measure = deps.measure && { measure: deps.measure }
  const api = createApi({ base: config.apiBase, corpId, secret: config.secret, clock, ...measure })
  const contacts =
    config.contactsSecret === undefined
      ? undefined
      : createApi({ base: config.apiBase, corpId, secret: config.contactsSecret, clock })
  const meter = createMeter(PER_MINUTE)
  const shared = { api, agentId, publicBaseUrl, clock, meter }

  let receive: Receive | undefined
  const stopping = new AbortController()
  const underWay = new Set<Promise<unknown>>()
  let menuProblem: string | undefined
  let probing: NodeJS.Timeout | undefined

  const appKeys = { token: config.token, aesKey: decodeAesKey(config.aesKey), receiveId: corpId }
  const passiveReply =
    config.passiveUpdates && deps.passiveReply
      ? createPassiveReply({ keys: appKeys, publicBaseUrl, clock, log, next: deps.passiveReply })
      : undefined
  const callbacks = {
    app: createCallback({
      keys: appKeys,
      agentId,
      clock,
      log,
      receive: () => receive,
      ...(passiveReply && { passiveReply }),
    }),
    contacts:
      config.contactsToken !== undefined && config.contactsAesKey !== undefined
        ? createCallback({
            keys: { token: config.contactsToken, aesKey: decodeAesKey(config.contactsAesKey), receiveId: corpId },
            clock,
            log,
            receive: () => receive,
          })
        : undefined,
  }

  /** Makes the menu as wanted, which also first shows whether the platform can be reached at all. */
  async function connect(): Promise<boolean> {
    const reply = await ensureMenu(api, agentId, menu)
    if (reply.kind === 'ok') {
      if (menuProblem !== undefined) log.info({}, '企业微信已连接')
      menuProblem = undefined
      return true
    }
    const { failure } = reply
    const problem = `创建应用菜单失败：${failure.reason}${failure.kind === 'refused' ? `。${failure.advice}` : ''}`
    if (problem !== menuProblem) log.warn({ problem }, '企业微信暂不可用，将继续重试')
    menuProblem = problem
    return false
  }

  async function warnOfUnseen(assistant: Api, members: Member[]): Promise<void> {
    try {
      const unseen = await countUnseen(assistant, members)
      if (unseen > 0)
        log.warn(
          { unseen },
          '有成员不在应用可见范围内，无法向其发送消息；请在管理后台 应用管理 → 应用 → 可见范围 中设为全公司',
        )
    } catch (error) {
      // Only a hint hangs on it; the members themselves have been read.
      log.warn({ error: error instanceof Error ? error.message : 'unknown' }, '无法核对应用可见范围')
    }
  }

  async function keepConnecting(first: Promise<boolean>): Promise<void> {
    let connected = await first
    for (let delayMs = 1_000; !connected; delayMs = Math.min(delayMs * 2, MAX_RETRY_MS)) {
      await sleep(delayMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
      if (stopping.signal.aborted) return
      connected = await connect()
    }
  }

  return {
    name: 'wecom',
    async start(receiver) {
      receive = receiver
      const first = connect()
      void keepConnecting(first)
      // What is wrong is known from calls only: without one nobody would hear that it is over.
      probing = setInterval(() => {
        if (api.problem() !== undefined) void api.get('/cgi-bin/agent/get', { agentid: agentId })
      }, deps.probeMs ?? PROBE_MS).unref()
      await Promise.race([first, sleep(START_PATIENCE_MS, undefined, { ref: false })])
    },
    async stop() {
      receive = undefined
      stopping.abort()
      clearInterval(probing)
      await Promise.allSettled(underWay)
      await Promise.all([api.close(), contacts?.close()])
    },
    status() {
      const problem = api.problem() ?? menuProblem
      return problem === undefined ? { ok: true } : { ok: false, problem }
    },
    meters() {
      const { used, limit, pausedMs } = meter.read(clock.now().getTime())
      const note =
        pausedMs > 0
          ? `企业微信提示调用过于频繁，${Math.ceil(pausedMs / 1000)}秒后继续发送`
          : '用完后自动排队，下一分钟继续发送'
      return [{ window: 'minute', label: '最近一分钟发送', used, limit, note }]
    },
    send: createSend(shared),
    update: createUpdate(shared),
    recall: (messageId) => recallMessages(api, messageId),
    picture: (ref) => api.bytes('/cgi-bin/media/get', { media_id: ref }, MOST_PICTURE_BYTES),
    // WeCom shows an app no group messages (wecom.md §2.1): a group is one that the app made itself.
    reply: (chat, _id, text) => postToGroup(api, chat.groupId, text),
    createGroup: (group) => createGroup(api, group),
    async members() {
      const members = await readMembers(api, agentId)
      if (contacts) await warnOfUnseen(contacts, members)
      return members
    },
    login: (code) => redeem(api, code),
    async handleCallback(request, kind) {
      const handle = callbacks[kind]
      if (!handle) return { status: 404, body: '' }
      const work = handle(request)
      underWay.add(work)
      try {
        return await work
      } finally {
        underWay.delete(work)
      }
    },
    authorizeUrl: (redirectUri, state) => authorizeUrl(withoutSlash(config.oauthBase), config, redirectUri, state),
    jsSignature: createJsSignature(shared),
  }
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}

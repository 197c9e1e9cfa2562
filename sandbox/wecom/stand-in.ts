import http from 'node:http'
import https from 'node:https'
import type { Clock } from '../../src/clock.ts'
import type { SandboxPerson, StandIn } from '../stand-in.ts'
import { agentRoutes } from './agent.ts'
import { appchatRoutes } from './appchat.ts'
import { type Attempt, type CallbackRecord, deliver, type Sender, type Timing, verifyUrl } from './callback.ts'
import { contactRoutes } from './contacts.ts'
import { keyBytes } from './crypto.ts'
import { newFaults, type WecomFaults } from './faults.ts'
import { mediaRoutes } from './media.ts'
import { menuRoutes } from './menu.ts'
import { newCode, newOauth, oauthPage, oauthRoutes } from './oauth.ts'
import { newMember } from './people.ts'
import * as phone from './phone.ts'
import { type ProbeKind, probe } from './probes.ts'
import { seededRandom } from './random.ts'
import type { Json } from './refusal.ts'
import { applyReply } from './reply.ts'
import { newSendMemory, recallMessage, sendMessage } from './send.ts'
import { type Api, listen, type RequestLogEntry, type Route } from './server.ts'
import * as staff from './staff.ts'
import { staffFieldRoutes } from './staff-fields.ts'
import { type Callback, type Limits, memberOf, mustKnow, type Quirks, type TokenKind, type World } from './state.ts'
import { checkJsSignature, type JsSignature, newTickets, ticketRoutes } from './tickets.ts'
import { getToken, newTokens } from './tokens.ts'
import { updateCard } from './update.ts'
import type { XmlNode } from './xml.ts'

export type { Attempt, CallbackRecord, Limits, ProbeKind, Quirks, RequestLogEntry, WecomFaults }

export interface WecomStandInOptions {
  clock: Pick<Clock, 'now'>
  corpId: string
  agentId: number
  secret: string
  contactsSecret?: string
  people: SandboxPerson[]
  /** Where callbacks go; taken unverified. `setCallback` verifies as the console does. */
  callback?: Callback
  contactsCallback?: Callback
  /** Real time before a delivery is repeated; 20 by default. */
  retryDelayMs?: number
  /** Real time after which the platform hangs up on a callback; 5000 by default. */
  deadlineMs?: number
  /** The same for the URL verification; 1000 by default. */
  verifyDeadlineMs?: number
  /** Host with port where OAuth may lead back to; none: nowhere (50001). */
  trustedDomain?: string
  /** 0, a free port, by default. */
  port?: number
  seed?: number
  /** Members' user ids inside the app's visible range; everybody by default. */
  visible?: string[]
  quirks?: Partial<Quirks>
  limits?: Partial<Limits>
}

export interface WecomStandIn extends StandIn {
  readonly oauthBase: string
  readonly faults: WecomFaults
  readonly quirks: Quirks
  readonly limits: Limits
  /** Every API call, the oldest first; the last 20,000. */
  readonly log: RequestLogEntry[]
  /** Every event that was delivered or tried; the last 20,000. */
  readonly callbacks: CallbackRecord[]
  /** Saves a callback after verifying its URL; rejects, saving nothing, when the bot answers wrongly. */
  setCallback(callback: Callback): Promise<void>
  setContactsCallback(callback: Callback): Promise<void>
  setTrustedDomain(hostAndPort: string | undefined): void
  /** Who is inside the app's visible range; entering and leaving members raise subscribe and unsubscribe. */
  setVisible(userIds: string[] | 'everybody'): Promise<void>
  /** Members without a licence: reached by nothing, named in `unlicenseduser`. */
  setUnlicensed(userIds: string[]): void
  /** Changes a member; the contact event comes only for department, leader and user id (wecom.md §2.5). */
  change(userId: string, patch: staff.MemberPatch): Promise<void>
  /** Puts a member into one more department, named from the top. */
  addDepartment(userId: string, path: string[]): void
  /** The administrator disables or enables a member. */
  setDisabled(userId: string, disabled: boolean): Promise<void>
  /** All tokens become invalid early, as the platform may do at any time. */
  invalidateTokens(): void
  /** The next calls are refused by the operating system, until switched off again. */
  refuseConnections(on: boolean): Promise<void>
  /** Any event, e.g. `{ MsgType: 'event', Event: 'inactive_alert', ... }`; the common fields are added when missing. */
  sendRaw(fields: XmlNode, to?: TokenKind): Promise<CallbackRecord | undefined>
  /** Sends a hostile request to the callback; the HTTP status of the bot, 0 when it broke the connection. */
  probe(kind: ProbeKind, to?: TokenKind): Promise<number>
  /** Checks a signature made for a page: 0, 42012 (the other kind's ticket) or 40093. */
  checkJsSignature(kind: 'config' | 'agentConfig', signature: JsSignature): 0 | 40093 | 42012
  /** A login code of somebody outside the company. */
  outsiderCode(): string
}

const QUIRKS: Quirks = {
  ...{ passiveUpdateIgnored: true, retryOnNon200: true, retries: 3, retryRebuilds: false },
  ...{ duplicateDeliveries: 'no', unknownMembers: 'refused', sameToken: false, duplicateAnswer: 'same-msgid' },
  ...{ sendCountsAsCall: false, legacyFields: false, legacyContactsIp: false, legacyContactEvents: false },
  staffFields: false,
  subMenuNameBytes: 16,
}

const LIMITS: Limits = {
  ...{ callsPerMinute: 10_000, callsPerHour: 150_000, memberPerMinute: 30, memberPerHour: 1000 },
  ...{ ticketsPerHour: 100, accountCap: 200_000, wrongSecrets: 100 },
}

/** Starts a WeCom of one company on loopback. It is as strict as its documentation (wecom.md). */
export async function startWecomStandIn(o: WecomStandInOptions): Promise<WecomStandIn> {
  const listeners = new Set<(id: string) => void>()
  const world = newWorld(o, (id) => {
    for (const listener of listeners) listener(id)
  })
  const timing: Timing = {
    deadlineMs: o.deadlineMs ?? 5000,
    verifyDeadlineMs: o.verifyDeadlineMs ?? 1000,
    retryDelayMs: o.retryDelayMs ?? 20,
  }
  const sender: Sender = {
    ...{ world, timing, records: [], last: {} },
    agents: { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) },
    onReply: (record, callback, body) => applyReply(world, record, callback, body),
  }
  const oauth = newOauth()
  const tickets = newTickets()
  const api: Api = {
    ...{ world, tokens: newTokens(o.secret, o.contactsSecret), faults: newFaults(), meters: new Map(), log: [] },
    routes: {},
    pages: { '/connect/oauth2/authorize': (request, url) => oauthPage(world, oauth, request, url) },
  }
  api.routes = {
    ...messageRoutes(world, api),
    ...agentRoutes(world),
    ...appchatRoutes(world),
    ...contactRoutes(world),
    ...staffFieldRoutes(world),
    ...mediaRoutes(world, () => base),
    ...menuRoutes(world),
    ...oauthRoutes(world, oauth),
    ...ticketRoutes(world, tickets),
  }
  let listening = await listen(api, o.port ?? 0)
  const base = `http://127.0.0.1:${listening.port}`
  const close = (): Promise<void> => {
    listening.server.closeAllConnections()
    return new Promise((done) => listening.server.close(() => done()))
  }
  const saveCallback = async (kind: TokenKind, callback: Callback): Promise<void> => {
    checkKeys(callback)
    await verifyUrl(sender, callback)
    world.callbacks[kind] = callback
  }
  const group = (groupId: string) => {
    const found = world.groups.get(groupId)
    if (!found) throw new Error(`no group ${groupId}`)
    return found
  }
  const maybeGroup = (groupId: string | undefined) => (groupId === undefined ? undefined : group(groupId))

  return {
    platform: 'wecom',
    apiBase: base,
    oauthBase: base,
    faults: api.faults,
    quirks: world.quirks,
    limits: world.limits,
    log: api.log,
    callbacks: sender.records,
    people: () => [...world.members.values()].map(staff.shownPerson),
    chat: (userId) => mustKnow(world, userId).chat.map(phone.shown),
    type: async (userId, text, groupId) => phone.type(sender, userId, text, maybeGroup(groupId)),
    sendMedia: async (userId, media, groupId) => phone.sendMedia(sender, userId, media, maybeGroup(groupId)),
    sendPicture: (userId, bytes) => phone.sendPicture(sender, userId, bytes),
    tap: (userId, messageId, key, selected) => phone.tap(sender, userId, messageId, key, selected),
    open: (userId) => phone.open(sender, userId),
    menu: () => phone.shownMenu(world),
    tapMenu: (userId, key) => phone.tapMenu(sender, userId, key),
    loginCode: (userId) => newCode(world, oauth, { userId: mustKnow(world, userId).userId, detail: false }),
    outsiderCode: () => newCode(world, oauth, { detail: false }),
    groups: () => [...world.groups.values()].map(({ groupId, name, members }) => ({ groupId, name, members })),
    groupChat: (groupId) => group(groupId).chat.map(phone.shown),
    join: (person) => staff.join(sender, person),
    leave: (userId) => staff.leave(sender, userId),
    change: (userId, patch) => staff.change(sender, userId, patch),
    addDepartment: (userId, path) => staff.addDepartment(world, userId, path),
    setDisabled: (userId, disabled) => staff.setDisabled(sender, userId, disabled),
    setVisible: (userIds) => staff.setVisible(sender, userIds),
    setUnlicensed(userIds) {
      world.unlicensed = new Set(userIds.map((userId) => userId.toLowerCase()))
    },
    setCallback: (callback) => saveCallback('app', callback),
    setContactsCallback: (callback) => saveCallback('contacts', callback),
    setTrustedDomain(hostAndPort) {
      world.trustedDomain = hostAndPort
    },
    invalidateTokens: () => api.tokens.issued.clear(),
    async refuseConnections(on) {
      if (on === !listening.server.listening) return
      if (on) await close()
      else listening = await listen(api, listening.port)
    },
    sendRaw(fields, to = 'app') {
      const now = Math.floor(world.clock.now().getTime() / 1000)
      return deliver(sender, to, { ToUserName: world.corpId, FromUserName: 'sys', CreateTime: now, ...fields })
    },
    probe: (kind, to = 'app') => probe(sender, kind, to),
    checkJsSignature: (kind, signature) => checkJsSignature(world, tickets, kind, signature),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async stop() {
      sender.agents.http.destroy()
      sender.agents.https.destroy()
      world.callbacks = {}
      if (listening.server.listening) await close()
    },
  }
}

function newWorld(o: WecomStandInOptions, changed: (id: string) => void): World {
  const world: World = {
    ...{ clock: o.clock, random: seededRandom(o.seed ?? 1), corpId: o.corpId, agentId: o.agentId },
    quirks: { ...QUIRKS, ...o.quirks },
    limits: { ...LIMITS, ...o.limits },
    callbacks: {},
    trustedDomain: o.trustedDomain,
    departments: [{ id: 1, name: '公司', parentId: 0, order: 100_000_000 }],
    ...{ members: new Map(), unlicensed: new Set(), messages: new Map(), taskIds: new Set(), codes: new Map() },
    ...{ media: new Map(), menu: undefined, groups: new Map(), changed },
    agent: {
      ...{ name: '绩效机器人', description: '绩效日常工作的助手', redirect_domain: o.trustedDomain ?? '' },
      ...{ report_location_flag: 0, isreportenter: 1, home_url: '' },
    },
  }
  for (const person of o.people) {
    if (memberOf(world, person.userId)) throw new RangeError(`two members ${person.userId}`)
    world.members.set(person.userId.toLowerCase(), newMember(world.departments, person))
  }
  if (o.visible) {
    const inside = new Set(o.visible.map((userId) => mustKnow(world, userId)))
    for (const member of world.members.values()) member.visible = inside.has(member)
  }
  for (const [kind, callback] of [
    ['app', o.callback],
    ['contacts', o.contactsCallback],
  ] as const) {
    if (callback) world.callbacks[kind] = checkKeys(callback)
  }
  return world
}

/** @throws RangeError on keys that the console would not save (wecom.md §1.1) */
function checkKeys(callback: Callback): Callback {
  if (!/^[A-Za-z0-9]{1,32}$/.test(callback.token)) throw new RangeError('Token must be 1 to 32 letters or digits')
  keyBytes(callback.aesKey)
  if (!/^https?:\/\//.test(callback.url) || !URL.canParse(callback.url))
    throw new RangeError('URL must be http or https')
  return callback
}

function messageRoutes(world: World, api: Api): Record<string, Route> {
  const memory = newSendMemory()
  const post = (run: (body: Json) => Json, uncounted?: () => boolean): Route => ({
    ...{ method: 'POST', tokens: ['app'], run: (call) => run(call.body) },
    ...(uncounted ? { uncounted } : {}),
  })
  const addresses: Route = {
    ...{ method: 'GET', tokens: ['app', 'contacts'] },
    run: () => ({ errcode: 0, errmsg: 'ok', ip_list: ['127.0.0.1'] }),
  }
  return {
    '/cgi-bin/gettoken': {
      ...{ method: 'GET', tokens: 'none' },
      run: (call) => getToken(world, api.tokens, call.query),
    },
    '/cgi-bin/message/send': post(
      (body) => sendMessage(world, memory, body),
      () => !world.quirks.sendCountsAsCall,
    ),
    '/cgi-bin/message/recall': post((body) => recallMessage(world, body)),
    '/cgi-bin/message/update_template_card': post((body) => updateCard(world, body)),
    '/cgi-bin/getcallbackip': addresses,
    '/cgi-bin/get_api_domain_ip': addresses,
  }
}

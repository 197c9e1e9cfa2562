import type { MenuEntry, SandboxPerson, StandIn } from '../stand-in.ts'
import { clickCard } from './card-click.ts'
import { createCards } from './cards.ts'
import { type ContactPermissions, createContacts } from './contacts.ts'
import { createCore } from './core.ts'
import { createDeliveries } from './deliveries.ts'
import { createFaults, type DingtalkFaults } from './faults.ts'
import { createH5, type H5 } from './h5.ts'
import { createHttpMode } from './http-mode.ts'
import { createInbound } from './inbound.ts'
import { createMedia } from './media.ts'
import type { DingtalkStandInOptions, HttpAddresses, Variants } from './options.ts'
import { createOrganisation, type Organisation } from './organisation.ts'
import { createPhones } from './phones.ts'
import { createQuota, type Limits } from './quota.ts'
import { createRobot } from './robot.ts'
import { createApiServer, type RequestLogEntry } from './server.ts'
import { createStream } from './stream.ts'
import { createTemplates, type Template } from './templates.ts'
import { createTokens } from './tokens.ts'
import { type CustomRobot, createWebhooks } from './webhooks.ts'
import { createWorkNotices } from './work-notices.ts'
import { createWorld, type World } from './world.ts'

export type { DingtalkFaults } from './faults.ts'
export type { DingtalkStandInOptions, HttpAddresses, Variants } from './options.ts'
export type { RequestLogEntry } from './server.ts'

/** DingTalk as the bot and the people see it. One port serves both hosts; each path belongs to one of them. */
export interface DingtalkStandIn extends StandIn, Omit<Organisation, 'join' | 'leave'> {
  readonly platform: 'dingtalk'
  readonly oapiBase: string
  readonly faults: DingtalkFaults
  readonly variants: Variants
  readonly limits: Limits
  /** The last 2,000 calls. Bodies hold secrets: for tests, never for a log. */
  readonly log: RequestLogEntry[]
  /** What the bot did against the protocol. */
  readonly violations: readonly string[]
  /** Calls and messages counted this month (dingtalk.md §1.5). */
  quotaUsed(): { month: string; api: number; webhook: number }
  streamClients(): number
  /** Resolves when a client that takes robot messages is connected; at once in HTTP mode. */
  connected(): Promise<void>
  /** Asks every client for an echo; true when all gave it. */
  ping(): Promise<boolean>
  /** Sends the last acknowledged pushes once more. */
  redeliver(count?: number): Promise<void>
  /** What the client showed over a card for a moment, e.g. that a click failed. */
  toasts(userId: string): readonly string[]
  groupChat(groupId: string, asUserId?: string): ReturnType<StandIn['groupChat']>
  /** Fields of contacts that need a permission of their own. */
  readonly permissions: ContactPermissions
  checkJsSignature: H5['checkSignature']
  /** What the app may see; everything when undefined (the visible scope of the console). */
  setVisible(scope: World['visible']): void
  addTemplate(id: string, template: Template): void
  addCustomRobot(robot: CustomRobot): void
  /** Receiving mode chosen in the console. */
  setMode(mode: 'stream' | 'http'): void
  /** Saves the console's addresses. @throws Error when the check of a new events address fails */
  setHttp(addresses: HttpAddresses): Promise<void>
}

/** @throws Error when the port is taken */
export async function startDingtalkStandIn(o: DingtalkStandInOptions): Promise<DingtalkStandIn> {
  const core = createCore(o)
  const faults = createFaults(core.random)
  const quota = createQuota(core, faults)
  const tokens = createTokens(core)
  const phones = createPhones()
  const templates = createTemplates(o.formTemplateId)
  let mode = o.mode ?? 'stream'
  let base = ''
  const baseUrl = () => base
  const world = createWorld(o.people, o.groups ?? [], (id) => {
    if (base) void deliveries.event('org_dept_create', { timeStamp: String(core.now()), deptId: [id] })
  })
  const stream = createStream({ core, faults, isStreamMode: () => mode === 'stream', baseUrl })
  const http = createHttpMode(core, { ...o.http })
  const deliveries = createDeliveries({ core, faults, quota, stream, http, mode: () => mode })
  const cards = createCards({ core, world, phones, templates, hasRouteKey: http.hasRouteKey })
  const robot = createRobot({ core, faults, world, phones, baseUrl })
  const webhooks = createWebhooks({ core, quota, world, phones, baseUrl })
  const inbound = createInbound({ core, world, phones, quota, deliveries, webhooks, robot })
  const h5 = createH5(core, world)
  const permissions: ContactPermissions = { mobile: false, personal: true }
  const contacts = createContacts(core, world, permissions)
  const organisation = createOrganisation(core, world, deliveries)
  const workNotices = createWorkNotices(core, world, phones)
  const media = createMedia(core)
  const toasts = new Map<string, string[]>()
  const parts = [tokens, stream, http, deliveries, cards, robot, webhooks, contacts, h5, workNotices, media]
  const api = createApiServer(
    { core, faults, quota, tokens },
    parts.flatMap((part) => part.routes),
  )
  stream.attach(api.server)
  base = await api.listen(o.port ?? 0)

  const toast = (userId: string, text: string) => {
    toasts.set(userId, [...(toasts.get(userId) ?? []), text])
    phones.changed({ userId })
  }

  function person(userId: string): SandboxPerson {
    const found = world.people.get(userId)
    if (!found) throw new Error(`${userId} is not in the organisation`)
    return found
  }

  const standIn: DingtalkStandIn = {
    platform: 'dingtalk',
    apiBase: base,
    oapiBase: base,
    faults: runtimeFaults(),
    variants: core.variants,
    limits: quota.limits,
    log: api.log,
    violations: core.violations,
    quotaUsed: quota.used,
    streamClients: stream.clients,
    connected: () => (mode === 'http' ? Promise.resolve() : stream.connected()),
    ping: stream.ping,
    redeliver: (count = 1) => deliveries.again(count),
    toasts: (userId) => toasts.get(userId) ?? [],
    permissions,
    checkJsSignature: h5.checkSignature,
    addTemplate: (id, template) => void templates.set(id, template),
    addCustomRobot: webhooks.addCustomRobot,
    setMode(next) {
      mode = next
    },
    async setHttp(addresses) {
      Object.assign(http.addresses, addresses)
      if (addresses.eventsUrl === undefined) return
      const check = { EventType: 'check_url', CorpId: core.app.corpId, EventTime: core.now() }
      if (!(await http.postEvent(check)))
        throw new Error('the events address did not answer with the encrypted success')
    },

    people: () =>
      [...world.people.values()].map(({ userId, name, title, departments }) => ({ userId, name, title, departments })),
    chat: (userId) => phones.see({ userId }, userId),
    type: inbound.type,
    sendMedia: inbound.sendMedia,
    sendPicture: inbound.sendPicture,
    async tap(userId, messageId, key, selected = {}) {
      person(userId)
      const groups = [...world.groups.values()].filter((g) => g.members.has(userId))
      const chats = [{ userId }, ...groups.map(({ groupId }) => ({ groupId }))]
      const chat = chats.find((c) => phones.find(c, messageId))
      const message = chat && phones.find(chat, messageId)
      const isVisible = message && !message.recalled && (!message.onlyFor || message.onlyFor.has(userId))
      if (!chat || !isVisible) throw new Error(`no message ${messageId} on the phone of ${userId}`)
      const card = message.outTrackId === undefined ? undefined : cards.instances.get(message.outTrackId)
      if (!card) throw new Error(`message ${messageId} has no buttons that call back`)
      const click = { card, chat, userId, key, filled: selected }
      await clickCard({ core, cards, deliveries, unionIdOf: world.unionIdOf, toast }, click)
    },
    async open(userId) {
      person(userId)
      for (const message of phones.stored({ userId })) message.readBy.add(userId)
    },
    // A DingTalk robot has no menu that a server makes; quick entries are set by hand in the console.
    menu: (): MenuEntry[] => [],
    async tapMenu(_userId, key) {
      throw new Error(`no menu entry ${key}`)
    },
    loginCode(userId) {
      person(userId)
      return h5.loginCode(userId)
    },
    groups: () =>
      [...world.groups.values()]
        .filter((g) => g.hasBot && !g.disbanded)
        .map((g) => ({ groupId: g.groupId, name: g.name, members: [...g.members] })),
    groupChat: (groupId, asUserId) => phones.see({ groupId }, asUserId),
    ...organisation,
    setVisible(scope) {
      world.visible = scope
    },
    onChange: phones.onChange,
    async stop() {
      core.stop()
      await api.stop()
    },
  }
  return standIn

  function runtimeFaults(): DingtalkFaults {
    const count = (name: string, strike: () => void) => {
      faults.count(name)
      strike()
    }
    const actions = {
      counts: faults.counts,
      invalidateTokens: () => count('invalidateTokens', tokens.invalidate),
      dropSockets: () => count('dropSockets', stream.drop),
      sendGarbage: () => count('garbage', () => stream.sendRaw('\u0000{not json')),
      sendHuge: (bytes: number) => count('huge', () => stream.sendRaw('x'.repeat(bytes))),
      disconnect: (reason = 'connection is expired') => count('disconnect', () => stream.disconnect(reason)),
    }
    // Settings read and write through to the ones that the parts look at.
    return Object.defineProperties<unknown>(
      actions,
      Object.fromEntries(
        (Object.keys(faults.settings) as (keyof typeof faults.settings)[]).map((name) => [
          name,
          {
            enumerable: true,
            get: () => faults.settings[name],
            set(value: never) {
              faults.settings[name] = value
              if (name === 'down' && value) {
                stream.drop()
                api.cutAll()
              }
            },
          },
        ]),
      ),
    ) as DingtalkFaults
  }
}

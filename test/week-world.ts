import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DingtalkStandIn, startDingtalkStandIn } from '../sandbox/dingtalk/stand-in.ts'
import { freePort } from '../sandbox/free-port.ts'
import type { PhoneMessage, SandboxPerson, StandIn } from '../sandbox/stand-in.ts'
import { startWecomStandIn, type WecomStandIn } from '../sandbox/wecom/stand-in.ts'
import { createLog, type Log } from '../src/log.ts'
import { type Bot, startBot } from '../src/main.ts'
import { standingClock } from './clock.ts'
import { companyOfFive, companyYaml } from './company-of-five.ts'
import { testDatabase } from './db.ts'

const aesKey = 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C'

export interface WeekWorld {
  /** Where its company file and data lie. */
  dir: string
  clock: ReturnType<typeof standingClock>
  bot(): Bot
  /** Lets business time pass minute by minute, so that everything on the way happens. */
  go(at: string): Promise<void>
  /** @param meanwhile what is done while it is down */
  restart(meanwhile?: () => Promise<void>): Promise<void>
  /** On the first platform of the world, unless told. */
  phone(userId: string, platform?: 'wecom' | 'dingtalk'): Phone
  wecom?: WecomStandIn
  dingtalk?: DingtalkStandIn
  stop(): Promise<void>
}

export interface Phone {
  messages(): PhoneMessage[]
  last(): PhoneMessage
  type(text: string): Promise<void>
  /** Presses the newest button with this label, with what is chosen: label of the select to label of the option. */
  tap(label: string, choose?: Record<string, string>): Promise<void>
  /** All that can be read in the newest message. */
  sees(): string
}

/** Everything that stands on a message, as text. */
export function readable(m: PhoneMessage | undefined): string {
  if (!m) return ''
  const c = m.card
  if (!c) return m.text ?? ''
  const facts = c.facts.map((f) => `${f.label}：${f.value}`)
  const selects = c.selects.map((s) => `${s.title}[${s.options.map((o) => o.text).join('|')}]`)
  const buttons = c.buttons.map((b) => `<${b.text}>`)
  return [c.title, c.subtitle, c.text, ...facts, ...selects, buttons.join(''), c.closed && `（${c.closed}）`]
    .filter(Boolean)
    .join('\n')
}

export type Platforms = readonly ('wecom' | 'dingtalk')[]

/** The bot on stand-ins of the platforms, with a company of five. */
export async function startWeekWorld(options: {
  start: string
  platforms?: Platforms
  people?: SandboxPerson[]
  yaml?: string
  log?: Log
  groups?: { groupId: string; name: string; members: string[] }[]
  /** DingTalk by HTTP callbacks, or with the imported form template. */
  dingtalkMode?: 'stream' | 'http'
  formTemplateId?: string
  /** The bot's own embedded database, so that a restart opens it anew. */
  ownEngine?: boolean
  /** Further variables. */
  env?: Record<string, string>
}): Promise<WeekWorld> {
  const clock = standingClock(options.start)
  const database = options.ownEngine && !process.env.TEST_MONGODB_URI ? undefined : await testDatabase()
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-week-'))
  writeFileSync(join(dir, 'company.yaml'), options.yaml ?? companyYaml)
  const platforms = options.platforms ?? ['wecom']
  const people = options.people ?? companyOfFive
  const wecom = platforms.includes('wecom')
    ? await startWecomStandIn({ clock, corpId: 'ww1', agentId: 1000002, secret: 'app-secret', people })
    : undefined
  const dingtalk = platforms.includes('dingtalk')
    ? await startDingtalkStandIn({
        clock,
        corpId: 'dingcorp',
        clientId: 'dingapp',
        clientSecret: 'ding-secret',
        agentId: '77',
        people,
        groups: options.groups ?? [],
        mode: options.dingtalkMode ?? 'stream',
        ...(options.formTemplateId && { formTemplateId: options.formTemplateId }),
      })
    : undefined
  // Card clicks over HTTP come to the public address, so that has to be ours.
  const port = options.dingtalkMode === 'http' ? await freePort() : 0
  const publicBaseUrl = port > 0 ? `http://127.0.0.1:${port}` : 'https://jixiao.example.com'
  const env = {
    PORT: String(port),
    DATA_DIR: dir,
    ...(database && { MONGODB_URI: database.uri }),
    COMPANY_FILE: join(dir, 'company.yaml'),
    PUBLIC_BASE_URL: publicBaseUrl,
    SESSION_SECRET: 'a-session-secret-of-thirty-two-or-more',
    ...options.env,
    ...(wecom && {
      WECOM_CORP_ID: 'ww1',
      WECOM_AGENT_ID: '1000002',
      WECOM_SECRET: 'app-secret',
      WECOM_TOKEN: 'token',
      WECOM_ENCODING_AES_KEY: aesKey,
      WECOM_API_BASE: wecom.apiBase,
      WECOM_OAUTH_BASE: wecom.oauthBase,
    }),
    ...(dingtalk && {
      DINGTALK_CORP_ID: 'dingcorp',
      DINGTALK_CLIENT_ID: 'dingapp',
      DINGTALK_CLIENT_SECRET: 'ding-secret',
      DINGTALK_AGENT_ID: '77',
      DINGTALK_MODE: options.dingtalkMode ?? 'stream',
      DINGTALK_EVENT_TOKEN: 'eventtoken',
      DINGTALK_EVENT_AES_KEY: aesKey,
      ...(options.formTemplateId && { DINGTALK_FORM_TEMPLATE_ID: options.formTemplateId }),
      DINGTALK_API_BASE: dingtalk.apiBase,
      DINGTALK_OAPI_BASE: dingtalk.oapiBase,
    }),
  }
  const log = options.log ?? createLog(process.env.TEST_LOG ?? 'silent')
  const launch = async () => {
    const bot = await startBot({ env, clock, log })
    await wecom?.setCallback({ url: `${bot.url}/wecom/callback`, token: 'token', aesKey })
    if (options.dingtalkMode === 'http') {
      const to = (path: string) => `${bot.url}/dingtalk/${path}`
      await dingtalk?.setHttp({
        robotUrl: to('robot'),
        eventsUrl: to('events'),
        eventToken: 'eventtoken',
        eventAesKey: aesKey,
      })
    }
    await dingtalk?.connected()
    await bot.idle()
    return bot
  }
  let bot = await launch()

  const standIns: Record<string, StandIn | undefined> = { wecom, dingtalk }
  const phone = (userId: string, platform = platforms[0]!): Phone => phoneOn(standIns[platform]!, userId)
  const phoneOn = (standIn: StandIn, userId: string): Phone => ({
    messages: () => standIn.chat(userId),
    last: () => standIn.chat(userId).at(-1)!,
    sees: () => readable(standIn.chat(userId).at(-1)),
    async type(text) {
      await standIn.type(userId, text)
      await bot.idle()
    },
    async tap(label, choose = {}) {
      const message = standIn.chat(userId).findLast((m) => m.card?.buttons.some((b) => b.text === label && b.key))
      const button = message?.card?.buttons.find((b) => b.text === label)
      if (!message?.card || !button?.key)
        throw new Error(`${userId} sees no button ${label} on:\n${readable(standIn.chat(userId).at(-1))}`)
      const selected: Record<string, string[]> = {}
      for (const s of message.card.selects) {
        const wanted = choose[s.title]
        const option =
          wanted === undefined ? s.options.find((o) => o.id === s.selected) : s.options.find((o) => o.text === wanted)
        if (!option) throw new Error(`${s.title} has no option ${wanted}`)
        selected[s.key] = [option.id]
      }
      for (const field of message.card.form ?? []) {
        const option = field.options.find((o) => o.text === choose[field.label]) ?? field.options[0]
        if (option) selected[field.name] = [option.value]
      }
      await standIn.tap(userId, message.id, button.key, selected)
      await bot.idle()
    },
  })

  return {
    ...{ clock, dir },
    ...(wecom && { wecom }),
    ...(dingtalk && { dingtalk }),
    bot: () => bot,
    phone,
    async go(at) {
      const target = new Date(at).getTime()
      for (let t = clock.now().getTime(); t < target; ) {
        // To the next whole minute, or the target.
        t = Math.min(target, Math.floor(t / 60_000) * 60_000 + 60_000)
        clock.set(new Date(t).toISOString())
        await clock.minute()
        // What is on its way would otherwise find that hours have passed.
        await bot.idle()
      }
    },
    async restart(meanwhile) {
      await bot.stop()
      await meanwhile?.()
      bot = await launch()
    },
    async stop() {
      await bot.stop()
      await wecom?.stop()
      await dingtalk?.stop()
      await database?.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

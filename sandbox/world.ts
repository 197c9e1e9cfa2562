import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedMongo } from 'embedded-mongo'
import { createLog, type Log } from '../src/log.ts'
import { type Bot, startBot } from '../src/main.ts'
import { createTravelClock, type TravelClock } from './clock.ts'
import { newcomer, type PlatformName, peopleOn, type SamplePerson, samplePeople } from './company/people.ts'
import { type DingtalkStandIn, startDingtalkStandIn } from './dingtalk/stand-in.ts'
import { freePort } from './free-port.ts'
import { livePast, OPENS_AT, PAST_BEGINS_AT } from './history.ts'
import { type Phone, phoneOf } from './phone.ts'
import type { StandIn } from './stand-in.ts'
import { startWecomStandIn, type WecomStandIn } from './wecom/stand-in.ts'

export interface WorldOptions {
  /** A clock of its own, standing still, when left out. */
  clock?: TravelClock
  /** Where the clock stands when the bot starts for the first time; for a clock of its own. */
  start?: string
  /** Where the bot keeps its data; a fresh directory that goes with the world when left out. */
  dataDir?: string
  /** A database to use, e.g. on a MongoDB server; the world brings an embedded one when left out. */
  database?: { uri: string; stop(): Promise<void> }
  /** The sample company when left out; with `companyYaml`. */
  people?: SamplePerson[]
  /** Text of the company file; the sample company's when left out. */
  companyYaml?: string
  /** Both when left out. */
  platforms?: PlatformName[]
  /** Lives through the weeks before the sandbox opens (history.ts); tells how far it is, 0…1. */
  history?: boolean
  onHistory?: (share: number) => void
  /** Port of the bot; any free one when left out. */
  port?: number
  /** Opens the administrator's page. */
  adminToken?: string
  log?: Log
  seed?: number
}

/** Both stand-ins, the bot against them exactly as in production, and a clock that travels. */
export interface World {
  readonly clock: TravelClock
  readonly platforms: PlatformName[]
  /** @throws Error when the world has no WeCom */
  readonly wecom: WecomStandIn
  /** @throws Error when the world has no DingTalk */
  readonly dingtalk: DingtalkStandIn
  readonly standIns: StandIn[]
  /** The bot that runs now; another one after `restartBot`. */
  readonly bot: Bot
  readonly publicBaseUrl: string
  /** Everybody of the company, on one platform or both; those who joined and left since are the stand-ins' to know. */
  readonly people: SamplePerson[]
  standIn(platform: PlatformName): StandIn
  /** A person's phone. @param platform the only one this person is on, when left out */
  phone(userId: string, platform?: PlatformName): Phone
  /** Lets time pass through every minute on the way, with all that happens then. */
  jumpTo(at: string | Date): Promise<void>
  /** Stops the bot and starts it on the same data, while the platforms live on. */
  restartBot(): Promise<void>
  /** Resolves when nothing is on its way. */
  idle(): Promise<void>
  stop(): Promise<void>
}

const corp = { wecom: 'wwqinghe0001sandbox', dingtalk: 'dingqinghe0001sandbox' }
const FORM_TEMPLATE = 'jixiao-form.schema'
// Beside `sandbox` and beside `dist` alike.
const sampleCompany = fileURLToPath(new URL('../sandbox/company/company.yaml', import.meta.url))

/** Starts a world. @throws Error when the port is taken or the bot does not start */
export async function startWorld(o: WorldOptions = {}): Promise<World> {
  const clock = o.clock ?? createTravelClock(o.start ?? (o.history ? PAST_BEGINS_AT : OPENS_AT))
  const dataDir = o.dataDir ?? mkdtempSync(join(tmpdir(), 'jixiao-world-'))
  mkdirSync(dataDir, { recursive: true })
  const people = [...(o.people ?? (o.history ? samplePeople : [...samplePeople, newcomer]))]
  const platforms = o.platforms ?? ['wecom', 'dingtalk']
  const seed = o.seed ?? 1
  let companyFile = sampleCompany
  if (o.companyYaml !== undefined) {
    companyFile = join(dataDir, 'company.yaml')
    writeFileSync(companyFile, o.companyYaml)
  }
  const log = o.log ?? createLog(process.env.TEST_LOG ?? 'silent')
  const secret = () => randomBytes(24).toString('hex')
  const wecomKeys = { token: randomBytes(12).toString('hex'), aesKey: aesKey() }
  const contactsKeys = { token: randomBytes(12).toString('hex'), aesKey: aesKey() }
  const app = { wecomSecret: secret(), contactsSecret: secret(), clientId: `ding${secret()}`, clientSecret: secret() }

  const wecom = platforms.includes('wecom')
    ? await startWecomStandIn({
        clock,
        corpId: corp.wecom,
        agentId: 1000002,
        secret: app.wecomSecret,
        contactsSecret: app.contactsSecret,
        people: peopleOn(people, 'wecom'),
        // The administrator has listed the app in 人事助手.
        quirks: { staffFields: true },
        seed,
      })
    : undefined
  const dingtalk = platforms.includes('dingtalk')
    ? await startDingtalkStandIn({
        clock,
        corpId: corp.dingtalk,
        clientId: app.clientId,
        clientSecret: app.clientSecret,
        agentId: '3300002026',
        people: peopleOn(people, 'dingtalk'),
        formTemplateId: FORM_TEMPLATE,
        groups: officeGroups(people),
        seed,
      })
    : undefined
  const standIns: StandIn[] = [wecom, dingtalk].filter((s) => s !== undefined)

  // The embedded database as a server of its own: it outlives the bot's restarts, and a world that is thrown away with the
  // next start need not wait for the disk at every write.
  const database =
    o.database ?? (await startEmbeddedMongo({ dir: join(dataDir, 'database'), dbName: 'jixiao', sync: 'off' }))

  const env: Record<string, string> = {
    MONGODB_URI: database.uri,
    PORT: String(o.port ?? 0),
    DATA_DIR: dataDir,
    COMPANY_FILE: companyFile,
    SESSION_SECRET: secret(),
    ...(o.adminToken && { ADMIN_TOKEN: o.adminToken }),
    ...(wecom && {
      WECOM_CORP_ID: corp.wecom,
      WECOM_AGENT_ID: '1000002',
      WECOM_SECRET: app.wecomSecret,
      WECOM_TOKEN: wecomKeys.token,
      WECOM_ENCODING_AES_KEY: wecomKeys.aesKey,
      WECOM_CONTACTS_SECRET: app.contactsSecret,
      WECOM_CONTACTS_TOKEN: contactsKeys.token,
      WECOM_CONTACTS_AES_KEY: contactsKeys.aesKey,
      WECOM_API_BASE: wecom.apiBase,
      WECOM_OAUTH_BASE: wecom.oauthBase,
    }),
    ...(dingtalk && {
      DINGTALK_CORP_ID: corp.dingtalk,
      DINGTALK_CLIENT_ID: app.clientId,
      DINGTALK_CLIENT_SECRET: app.clientSecret,
      DINGTALK_AGENT_ID: '3300002026',
      DINGTALK_FORM_TEMPLATE_ID: FORM_TEMPLATE,
      DINGTALK_API_BASE: dingtalk.apiBase,
      DINGTALK_OAPI_BASE: dingtalk.oapiBase,
    }),
  }

  async function launch(): Promise<Bot> {
    // The public address holds the port, so a free one is chosen before the bot listens.
    if (env.PORT === '0') env.PORT = String(await freePort())
    env.PUBLIC_BASE_URL = `http://localhost:${env.PORT}`
    const started = await startBot({ env, clock, log })
    wecom?.setTrustedDomain(`localhost:${started.port}`)
    await wecom?.setCallback({ url: `${started.url}/wecom/callback`, ...wecomKeys })
    await wecom?.setContactsCallback({ url: `${started.url}/wecom/contacts`, ...contactsKeys })
    await dingtalk?.connected()
    await started.idle()
    return started
  }
  let bot: Bot
  try {
    bot = await launch()
  } catch (error) {
    await Promise.all([...standIns, database].map((s) => s.stop()))
    throw error
  }
  const unsettle = clock.onSettle(() => bot.idle())

  const world: World = {
    clock,
    platforms,
    standIns,
    people,
    get wecom() {
      return wecom ?? missing('wecom')
    },
    get dingtalk() {
      return dingtalk ?? missing('dingtalk')
    },
    get bot() {
      return bot
    },
    get publicBaseUrl() {
      return env.PUBLIC_BASE_URL!
    },
    standIn: (platform) => standIns.find((s) => s.platform === platform) ?? missing(platform),
    phone(userId, platform) {
      const homes = platform ? [world.standIn(platform)] : standIns
      const found = homes.filter((s) => s.people().some((p) => p.userId === userId))
      if (found.length !== 1) throw new Error(`${userId} is on ${found.length} platforms: say which`)
      return phoneOf(found[0]!, userId, () => bot.idle())
    },
    jumpTo: (at) => clock.travelTo(new Date(at)),
    async restartBot() {
      await bot.stop()
      bot = await launch()
    },
    idle: () => bot.idle(),
    async stop() {
      clock.hold()
      unsettle()
      await bot.stop()
      await Promise.all([...standIns, database].map((s) => s.stop()))
      if (o.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true })
    },
  }
  if (o.history) await livePast(world, { seed, onProgress: o.onHistory })
  return world
}

function missing(platform: PlatformName): never {
  throw new Error(`this world has no ${platform}`)
}

/** 43 letters and digits that decode to 32 bytes (wecom.md §1.1). */
function aesKey(): string {
  for (;;) {
    const key = randomBytes(32).toString('base64').slice(0, 43)
    if (/^[A-Za-z0-9]{43}$/.test(key)) return key
  }
}

/** A group of the fleet's and one of the managers' with the bot in them. */
function officeGroups(people: SamplePerson[]) {
  const on = peopleOn(people, 'dingtalk')
  const group = (groupId: string, name: string, members: string[]) => ({ groupId, name, members })
  const fleet = on.filter((p) => p.departments.includes('车队')).map((p) => p.userId)
  const managers = on.filter((p) => p.leader).map((p) => p.userId)
  return [group('cidfleet01', '车队工作群', fleet), group('cidmanagers01', '经理周会群', managers)].filter(
    (g) => g.members.length > 1,
  )
}

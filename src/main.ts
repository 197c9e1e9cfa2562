import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { actionsOf, type Card } from '../cards/card.ts'
import { handlers } from '../handlers/index.ts'
import { afterContacts } from '../handlers/moments/newcomers.ts'
import { jobs } from '../jobs/index.ts'
import { notices } from '../jobs/notices.ts'
import { type Clock, machineMs, systemClock } from './clock.ts'
import { CompanyError, watchCompany, withHolidays } from './company.ts'
import { type Config, ConfigError, readConfig } from './config.ts'
import type { Ctx } from './context.ts'
import { openDatabase } from './database.ts'
import { dayOf, monthOf, weekOf } from './domain/time.ts'
import { createHealth } from './health.ts'
import { adminGuard } from './http/admin/guard.ts'
import { adminRoutes } from './http/admin/index.ts'
import { createApp } from './http/app.ts'
import { pageRoutes } from './http/pages.ts'
import { createDispatch } from './inbox/dispatch.ts'
import { createInbox } from './inbox/inbox.ts'
import { createLog, type Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { type Breaker, createBreaker, withBreaker } from './outbox/breaker.ts'
import { backOffMs, createOutbox } from './outbox/outbox.ts'
import { createSender } from './outbox/sender.ts'
import { createDirectory } from './people/directory.ts'
import { noteRead, readFirst } from './people/first-reading.ts'
import { createDingtalk } from './platforms/dingtalk/index.ts'
import { dingtalkConfig, wecomConfig } from './platforms/from-config.ts'
import { createOutageWatch } from './platforms/outages.ts'
import type { Incoming, Platform, PlatformName } from './platforms/port.ts'
import { createWecom } from './platforms/wecom/index.ts'
import { createSchedule, type Schedule, slotModel } from './schedule/schedule.ts'
import { createSeal } from './seal.ts'
import { auditStore } from './store/audit.ts'
import { cardStore } from './store/cards.ts'
import { prepare, waitAndConnect } from './store/connect.ts'
import { leaseClock } from './store/lease-clock.ts'
import { createLock } from './store/lock.ts'
import { metaStore } from './store/meta.ts'
import { momentStores } from './store/moments.ts'
import { monthStores } from './store/months.ts'
import { peopleStore } from './store/people.ts'
import { surveyStores } from './store/surveys.ts'
import { talkStore } from './store/talks.ts'
import { weekStore } from './store/weeks.ts'

export interface Bot {
  url: string
  port: number
  ctx: Ctx
  schedule: Schedule<Ctx>
  /** Reads the company file again now; with mistakes in it the last good one stays in force. */
  reload(): void
  /** Looks after outages now, as every few seconds. */
  lookAfterOutages(): Promise<void>
  /** Runs everything that is due by the clock, and waits until what came of it is sent. */
  tick(): Promise<void>
  /** Resolves when nothing is being worked on. */
  idle(): Promise<void>
  stop(): Promise<void>
}

export interface BotOptions {
  env: Record<string, string | undefined>
  clock?: Clock
  log?: Log
  /** In place of those that the environment configures: a rehearsal writes down what would be sent. */
  platforms?: Partial<Record<PlatformName, Platform>>
}

/** Builds everything in order, and returns when it serves. Stops in reverse. */
export async function startBot({ env, clock = systemClock, log: given, platforms: others }: BotOptions): Promise<Bot> {
  const config = readConfig(env)
  const log = given ?? createLog(config.LOG_LEVEL)
  const file = companyFile(config)
  const companyWatch = watchCompany(
    file,
    () => {
      log.info('company file read again')
      schedule.changed()
      // What goes wrong it has said itself.
      void directory.refreshAll().catch(() => {})
    },
    wrongCompany,
  )
  function wrongCompany(err: unknown): void {
    log.error(
      { problems: err instanceof CompanyError ? err.problems : String(err) },
      'company file is wrong; the last good one stays in force',
    )
  }
  const database = await openDatabase(config, log)
  const db = await waitAndConnect(database.uri, log)
  const leases = await leaseClock(db)
  const moments = momentStores(db)
  const company = withHolidays(companyWatch.current, moments.holidays.current)
  const zone = () => company().timeZone
  const meta = metaStore(db)
  const people = peopleStore(db)
  const cards = cardStore(db)
  const owner = `${process.pid}-${randomUUID().slice(0, 8)}`
  const metrics = createMetrics()

  const publicBaseUrl = config.PUBLIC_BASE_URL ?? `http://localhost:${config.PORT}`
  const month = monthOf(dayOf(clock.now(), zone()))
  const wecom = config.wecom
    ? createWecom(wecomConfig(config, publicBaseUrl), { clock, log, passiveReply, measure: metrics.measure('wecom') })
    : undefined
  const dingtalk = config.dingtalk
    ? createDingtalk(dingtalkConfig(config, publicBaseUrl), {
        clock,
        log,
        measure: metrics.measure('dingtalk'),
        quota: {
          initial: { month, used: (await meta.get<number>(`dingtalk-quota/${month}`)) ?? 0 },
          onCount: (m, n) =>
            void meta.add(`dingtalk-quota/${m}`, n).catch((err) => log.error({ err }, 'quota not kept')),
        },
      })
    : undefined
  const platforms = others ?? { ...(wecom && { wecom }), ...(dingtalk && { dingtalk }) }

  const breakers = Object.fromEntries(
    Object.keys(platforms).map((name) => [name, createBreaker({ nowMs: machineMs, onClose: () => void release() })]),
  ) as Record<PlatformName, Breaker>
  const release = () => outbox.release().catch((err) => log.error({ err }, 'messages not released'))
  const sender = createSender({
    db,
    clock,
    people,
    cards,
    platforms: Object.fromEntries(
      Object.entries(platforms).map(([name, p]) => [name, withBreaker(p, breakers[name as PlatformName])]),
    ),
    heldMs: (name) => breakers[name].heldMs(),
    zone,
    quiet: () => company().quiet,
    backOff: backOffMs,
    render: async (name, to, args) => {
      const notice = Object.hasOwn(notices, name) ? notices[name] : undefined
      return notice ? notice(to, args, ctx) : { cancel: `没有这种通知：${name}` }
    },
  })
  const heldMs = () => Math.min(...Object.values(breakers).map((b) => b.heldMs()))
  const outbox = createOutbox({
    db,
    clock,
    log,
    owner,
    sender,
    leaseNow: leases.now,
    ...(Object.keys(breakers).length > 0 && { heldMs }),
  })
  const store = { people, cards, meta, weeks: weekStore(db), talks: talkStore(db), audit: auditStore(db) }
  // Without a platform nobody can answer, and the secret may be missing then.
  const secret = config.SESSION_SECRET ?? randomBytes(32).toString('hex')
  const surveys = surveyStores(db, secret)
  const ctx: Ctx = {
    clock,
    log,
    company,
    ...store,
    ...moments,
    ...surveys,
    ...monthStores(db),
    outbox,
    platforms,
    firstWeek: '',
  }
  const contactsLock = createLock(meta, 'contacts', leases.now)
  const directory = createDirectory({
    ...{ people, platforms, company, clock, log, ...moments },
    alone: contactsLock.alone,
    async afterRead(name) {
      await noteRead(meta, name, clock.now())
      await afterContacts(ctx)
    },
  })
  const inbox = createInbox({
    db,
    clock,
    log,
    owner,
    leaseNow: leases.now,
    seal: createSeal(secret, 'inbox'),
    handle: createDispatch(ctx, handlers, directory),
  })
  slotModel(db)
  // Beside `src` and beside `dist` alike.
  const webDir = fileURLToPath(new URL('../web/dist', import.meta.url))
  const pages = pageRoutes(ctx, {
    db,
    publicBaseUrl,
    ...(config.SESSION_SECRET && { secret: config.SESSION_SECRET }),
    ...(wecom && { wecom }),
    ...(dingtalk && { dingtalk }),
    webDir,
    config: {
      ...(wecom && { wecom: { corpId: config.WECOM_CORP_ID! } }),
      ...(dingtalk && { dingtalk: { corpId: config.DINGTALK_CORP_ID!, clientId: config.DINGTALK_CLIENT_ID! } }),
    },
  })
  await prepare(db)
  await moments.holidays.refresh()
  const since = new Date(await meta.setOnce('started', clock.now().toISOString()))
  ctx.firstWeek = weekOf(dayOf(since, zone()))
  const parked = () => inbox.model.countDocuments({ state: 'parked' })
  const health = createHealth({ clock, meta, metrics, outbox, parked, platforms, breakers })
  const outages = createOutageWatch(ctx, (name) => !health.platform(name).ok)
  const schedule = createSchedule({
    ...{ db, clock, log, owner, jobs: jobs(directory), ctx, zone, since, leaseNow: leases.now },
    onRun(job, lagMs, outcome) {
      metrics.jobs.inc({ job, outcome })
      metrics.jobLag.observe(Math.max(0, lagMs / 1000))
    },
  })

  const guard = config.ADMIN_TOKEN ? adminGuard(config.ADMIN_TOKEN, clock) : undefined
  const admin =
    guard &&
    adminRoutes(
      {
        ...{ bot: ctx, schedule, env },
        ready: health.ready,
        readContacts: () => directory.refreshAll(),
        parked,
        retryParked: () => inbox.retryParked(),
        cli: fileURLToPath(new URL('../dist/cli.js', import.meta.url)),
      },
      guard,
      join(webDir, 'admin'),
    )
  const app = createApp({
    log,
    metrics,
    ...(wecom && { wecom }),
    ...(dingtalk && { dingtalk }),
    ...(guard && { admin: guard }),
    https: publicBaseUrl.startsWith('https:'),
    mount(app) {
      if (admin) app.use(admin.routes())
      app.use(pages.routes())
    },
    ready: health.ready,
    refreshMetrics: health.refreshMetrics,
  })
  const server = createServer(LIMITS, app).listen(config.PORT)
  await new Promise<void>((done, failed) => server.once('listening', done).once('error', failed))
  const { port } = server.address() as AddressInfo

  for (const p of Object.values(platforms)) {
    await p.start(async (event) => {
      metrics.events.inc({ platform: event.platform, type: event.type })
      await inbox.receive(event)
    })
  }
  // A platform that is down must not keep the service from serving the other; `idle` waits for this.
  const first = await readFirst({
    ...{ platforms: Object.keys(platforms) as PlatformName[], meta, log },
    readAll: () => directory.refreshAll(),
    start: () => schedule.start(),
    // What was missed while down, also by a process that does not live until the next minute.
    catchUp: () => schedule.tick(),
  })
  await inbox.recover()
  const sweep = setInterval(() => {
    leases.refresh().catch(() => {})
    inbox.recover().catch((err) => log.error({ err }, 'recovery failed'))
    schedule.sweep().catch((err) => log.error({ err }, 'tick failed'))
    outbox.sweep()
    outages.look().catch((err) => log.error({ err }, 'outages not looked after'))
    // What another replica was told.
    moments.holidays.refresh().catch((err) => log.error({ err }, 'holidays not read'))
  }, SWEEP_MS)
  moments.holidays.onChange(() => schedule.changed())
  const stopWaking = clock.everyMinute(() => outbox.wake())
  outbox.wake()
  log.info({ port, database: database.what, platforms: Object.keys(platforms) }, 'ready')

  /** The new face that the click's handler gave its card, where it is ready in time. The API update follows in any case. */
  async function passiveReply(event: Incoming): Promise<Card | undefined> {
    if (event.type !== 'card-action') return undefined
    await Promise.race([inbox.idle(), new Promise((done) => setTimeout(done, PASSIVE_WAIT_MS).unref())])
    const row = await outbox.model.findById(`${event.id}/0`).lean()
    if (row?.content.kind !== 'update' || row.content.cardId !== event.cardId) return undefined
    const instance = await cards.get(event.cardId)
    const { card } = row.content
    if (!instance || (instance.face ?? 0) > row.seq) return undefined
    await cards.offer(instance, actionsOf(card))
    return card
  }

  const idle = async () => {
    await first.attempt
    for (let round = 0; round < 3; round++) {
      await inbox.idle()
      await outbox.idle()
    }
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    ctx,
    schedule,
    idle,
    reload() {
      try {
        companyWatch.reload()
      } catch (err) {
        wrongCompany(err)
      }
    },
    lookAfterOutages: () => outages.look(),
    async tick() {
      await schedule.tick()
      outbox.wake()
      await idle()
    },
    async stop() {
      const from = machineMs()
      clearInterval(sweep)
      first.stop()
      stopWaking()
      companyWatch.stop()
      const closed = new Promise<void>((done) => server.close(() => done()))
      server.closeIdleConnections()
      for (const p of Object.values(platforms)) await p.stop()
      await contactsLock.stop()
      await schedule.stop()
      await inbox.stop()
      await outbox.stop()
      server.closeAllConnections()
      await closed
      await db.close()
      await database.stop()
      log.info({ ms: machineMs() - from }, 'stopped')
    },
  }
}

/** Whoever sends a request by the byte is cut off in 10 to 12 seconds; Node's own limits are minutes (reliability.md S4). */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16_384,
}
/** How often a process looks for what another one wrote or left behind. */
const SWEEP_MS = 5_000
/** How long a click's HTTP answer may wait for the next face; the platform hangs up after five seconds. */
const PASSIVE_WAIT_MS = 2_000

/** The company file, or the example that ships when nobody has written one. */
function companyFile(config: Config): string {
  if (existsSync(config.COMPANY_FILE)) return config.COMPANY_FILE
  throw new ConfigError([
    `COMPANY_FILE: there is no ${resolve(config.COMPANY_FILE)}; copy company.example.yaml to company.yaml and adapt it`,
  ])
}

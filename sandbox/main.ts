import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readConfig } from '../src/config.ts'
import { createTravelClock } from './clock.ts'
import { newcomer, samplePeople } from './company/people.ts'
import { type Control, createControl } from './control.ts'
import { livePast, OPENS_AT, PAST_BEGINS_AT } from './history.ts'
import { createJournal, journalLog } from './journal.ts'
import { createPhoneBrowser } from './phone-browser.ts'
import { type SandboxServer, startSandboxServer } from './server.ts'
import { startWorld, type World } from './world.ts'

export interface Sandbox {
  /** Address of the page. */
  url: string
  world: World
  control: Control
  /** Resolves when the past is lived through and the page is open for play. */
  opened: Promise<void>
  stop(): Promise<void>
}

// Beside `sandbox` and beside `dist` alike.
const pageDir = fileURLToPath(new URL('../sandbox/page/dist', import.meta.url))

/**
 * What `npm start` runs when no platform is configured: both stand-ins, the bot against them on PORT, and a page with phones on
 * PORT + 1. Every start begins a fresh world; what the last one left in DATA_DIR/sandbox is deleted.
 *
 * @param env the environment of the process; PORT, DATA_DIR, ADMIN_TOKEN and LOG_LEVEL count here
 * @param options `history: false` opens at once, without the three weeks before; `say` takes the lines for the terminal
 * @throws Error when a port is taken
 */
export async function startSandbox(
  env: Record<string, string | undefined>,
  options: { history?: boolean; say?: (line: string) => void } = {},
): Promise<Sandbox> {
  const say = options.say ?? console.log
  const { PORT, DATA_DIR, ADMIN_TOKEN } = readConfig(env)
  const hasPast = options.history !== false
  const clock = createTravelClock(hasPast ? PAST_BEGINS_AT : OPENS_AT)
  const journal = createJournal()
  let world: World | undefined
  let control: Control | undefined

  let phones: ReturnType<typeof createPhoneBrowser> | undefined
  const server: SandboxServer = await startSandboxServer({
    port: PORT === 0 ? 0 : PORT + 1,
    pageDir,
    control: () => control,
    phone: (req, res, phone) => phones!.handle(req, res, phone),
  }).catch((error) => {
    throw explained(error, PORT + 1)
  })
  const url = `http://localhost:${server.port}`
  try {
    const dataDir = resolve(join(DATA_DIR, 'sandbox'))
    rmSync(dataDir, { recursive: true, force: true })
    world = await startWorld({
      ...{ clock, dataDir, people: hasPast ? samplePeople : [...samplePeople, newcomer], port: PORT },
      ...(ADMIN_TOKEN && { adminToken: ADMIN_TOKEN }),
      log: journalLog(env.LOG_LEVEL || 'warn', journal, () => clock.now()),
    })
  } catch (error) {
    await server.stop()
    throw explained(error, PORT)
  }
  const here = world
  phones = createPhoneBrowser({
    botUrl: () => here.bot.url,
    publicBaseUrl: () => here.publicBaseUrl,
    oauthBase: here.wecom.oauthBase,
    loginCode: (userId) => here.dingtalk.loginCode(userId),
    framedBy: [url, `http://127.0.0.1:${server.port}`],
  })
  const shown = createControl(here, journal, randomUUID())
  control = shown
  say(`\n  绩效机器人沙箱已启动，请在浏览器中打开 / The sandbox is up, open:\n\n    ${url}\n`)

  let ending = false
  async function livePastThenOpen(): Promise<void> {
    if (hasPast) await livePast(here, { seed: 1, onProgress: shown.progress })
    if (ending) return
    clock.run()
    shown.openNow()
  }
  const opened = livePastThenOpen()
  opened.catch((error) => !ending && console.error(error))

  return {
    ...{ url, world, control, opened },
    async stop() {
      ending = true
      shown.stop()
      await server.stop()
      await here.stop()
    },
  }
}

/** A taken port in words that say what to do. */
function explained(error: unknown, port: number): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error
  return new Error(`端口 ${port} 已被占用，请用 PORT 换一个 / port ${port} is taken, choose another one with PORT`)
}

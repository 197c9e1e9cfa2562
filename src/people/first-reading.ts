import type { Log } from '../log.ts'
import type { PlatformName } from '../platforms/port.ts'
import type { MetaStore } from '../store/meta.ts'

export interface FirstReadingDeps {
  platforms: PlatformName[]
  meta: MetaStore
  log: Log
  /** Reads every platform; rejects when one of them could not be read. */
  readAll(): Promise<void>
  /** Starts what needs to know the people. Called once. */
  start(): void
  /** Does what has become due meanwhile. */
  catchUp(): Promise<void>
  /** Doubles up to five minutes. */
  retryMs?: number
}

/** An app that nobody can see yet is looked at again this often. */
const MOST_WAIT_MS = 5 * 60_000

const readKey = (platform: PlatformName) => `contacts-read/${platform}`

/** Notes that a platform's people are known. */
export const noteRead = (meta: MetaStore, platform: PlatformName, at: Date): Promise<string> =>
  meta.setOnce(readKey(platform), at.toISOString())

/**
 * Reads the contacts at the start. Where all platforms have been read once, by whichever process, the schedule starts at once with
 * the people that are known. Before that a slot would be done without those it is for: it waits for the first attempt on each
 * platform, and for one that succeeds. One that is down or set up wrongly does not keep the other waiting.
 *
 * @returns `attempt`, settled after the first reading; `stop` ends further ones
 */
export async function readFirst(deps: FirstReadingDeps): Promise<{ attempt: Promise<void>; stop(): void }> {
  const { platforms, meta, log } = deps
  const known = async () =>
    (await Promise.all(platforms.map((p) => meta.get(readKey(p))))).filter((at) => at !== undefined)
  let started = (await known()).length === platforms.length
  let timer: NodeJS.Timeout | undefined
  let waitMs = deps.retryMs ?? 10_000
  let stopped = false
  if (started) deps.start()

  async function read(): Promise<void> {
    // What went wrong the reading has said itself.
    await deps.readAll().catch(() => {})
    if (stopped) return
    if (!started) {
      started = (await known().catch(() => [])).length > 0
      if (!started) {
        timer = setTimeout(() => void read(), waitMs).unref()
        waitMs = Math.min(waitMs * 2, MOST_WAIT_MS)
        return
      }
      deps.start()
    }
    await deps.catchUp().catch((err) => log.error({ err }, 'tick failed'))
  }
  return {
    attempt: read(),
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

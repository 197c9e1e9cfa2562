import { chmodSync, mkdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type Address, addressFor, answers, savedAddress, uriOf } from './server/address.ts'
import type { WorkerInput, WorkerMessage } from './worker.ts'

export interface EmbeddedMongo {
  /** `mongodb://...?directConnection=true&...`, database name included. It stays the same when the owner changes. */
  readonly uri: string
  /** True while this process serves the data itself. */
  readonly owner: boolean
  stop(): Promise<void>
}

export interface EmbeddedMongoOptions {
  /** Data directory; created with mode 0700. */
  dir: string
  /** Default: `jixiao`. */
  dbName?: string
  /** Listens on this port of 127.0.0.1 instead of on a socket file in `dir`. */
  port?: number
  /** `durable` (default): a write is answered when it is on disk. `off`: not synced, for tests. */
  sync?: 'durable' | 'off'
  logger?: { info(msg: string): void; warn(msg: string): void; error(msg: string): void }
}

/** How long to wait for an owner that lives but does not answer yet. */
const OWNER_WAIT_MS = 15_000
const RETRY_MS = 50
/** A worker that dies is started again, but not more often than this. */
const RESTART_MS = 10_000
/** An owner that lived but did not answer may be gone, or answer, by then. */
const REJOIN_MS = 5_000

/** Starts the engine for `dir`, or attaches to the process that already serves it; takes over when that process dies. */
export async function startEmbeddedMongo(options: EmbeddedMongoOptions): Promise<EmbeddedMongo> {
  const dir = resolve(options.dir)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  chmodSync(dir, 0o700)
  const member = new Member({ ...options, dir })
  await member.join()
  return member
}

/** One process's part in serving a directory: it owns the engine, or watches the one who does. */
class Member implements EmbeddedMongo {
  private address: Address
  private worker: Worker | undefined
  private watch: Socket | undefined
  private stopped = false
  private lastStart = 0
  private token: string | undefined

  constructor(private readonly options: EmbeddedMongoOptions) {
    this.address = addressFor(options.dir, options.port)
  }

  get uri(): string {
    return uriOf(this.address, this.options.dbName ?? 'jixiao')
  }

  get owner(): boolean {
    return this.worker !== undefined
  }

  /** Attaches or becomes the owner, whichever comes true first. */
  async join(): Promise<void> {
    const until = Date.now() + OWNER_WAIT_MS
    while (!this.stopped) {
      const saved = savedAddress(this.options.dir)
      if (saved && (await answers(saved))) {
        this.address = saved
        this.attach()
        return
      }
      if (await this.serve()) return
      if (Date.now() > until) throw new Error(`the process that owns ${this.options.dir} is alive but does not answer`)
      await sleep(RETRY_MS)
    }
  }

  private attach(): void {
    this.options.logger?.info(`embedded database: using the one another process serves at ${this.options.dir}`)
    const { address } = this
    const socket = connect('port' in address ? { host: '127.0.0.1', port: address.port } : { path: address.socket })
    socket.unref()
    socket.on('error', () => {})
    socket.on('close', () => this.rejoin('its owner is gone'))
    this.watch = socket
  }

  private rejoin(reason: string): void {
    if (this.stopped) return
    this.options.logger?.warn(`embedded database: ${reason}, taking over`)
    this.join().catch((error: unknown) => {
      this.options.logger?.error(`embedded database: ${String(error)}`)
      setTimeout(() => this.rejoin('nobody serves it'), REJOIN_MS).unref()
    })
  }

  /** Starts the engine thread; false when another live process owns the data. */
  private async serve(): Promise<boolean> {
    this.address = addressFor(this.options.dir, this.options.port)
    const input: WorkerInput = {
      dir: this.options.dir,
      address: this.address,
      durable: this.options.sync !== 'off',
      dead: this.token,
    }
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: input,
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    })
    const outcome = await firstMessage(worker)
    if (outcome.kind === 'busy') return false
    if (outcome.kind === 'failed') {
      throw new Error(
        `the embedded database cannot start: ${outcome.message}. Set MONGODB_URI to use a MongoDB server.`,
      )
    }
    if (outcome.kind === 'ready') this.token = outcome.token
    this.lastStart = Date.now()
    this.worker = worker
    worker.unref()
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'warning') this.options.logger?.warn(`embedded database: ${message.message}`)
    })
    worker.on('error', (error) => this.options.logger?.error(`embedded database: the engine thread failed: ${error}`))
    worker.on('exit', () => void this.restart(worker))
    this.options.logger?.info(
      `embedded database: serving ${this.options.dir} (documents up to 16 MiB, one machine; not a MongoDB server)`,
    )
    return true
  }

  private async restart(worker: Worker): Promise<void> {
    if (this.worker === worker) this.worker = undefined
    if (this.stopped) return
    await sleep(Math.max(0, this.lastStart + RESTART_MS - Date.now()), undefined, { ref: false })
    this.rejoin('the engine thread ended')
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.watch?.destroy()
    const { worker } = this
    if (!worker) return
    this.worker = undefined
    const exited = new Promise((done) => worker.once('exit', done))
    worker.ref()
    worker.postMessage('stop')
    await exited
  }
}

function firstMessage(worker: Worker): Promise<WorkerMessage> {
  return new Promise((done) => {
    const settle = (message: WorkerMessage) => {
      if (message.kind === 'warning') return
      worker.off('message', settle)
      worker.off('error', failed)
      worker.off('exit', ended)
      done(message)
    }
    const failed = (error: unknown) => settle({ kind: 'failed', message: String(error) })
    const ended = () => settle({ kind: 'failed', message: 'the engine thread ended while starting' })
    worker.on('message', settle)
    worker.on('error', failed)
    worker.on('exit', ended)
  })
}

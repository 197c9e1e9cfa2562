import { rmSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { Engine } from './engine/engine.ts'
import { MongoError } from './errors.ts'
import { type Address, addressText, saveAddress } from './server/address.ts'
import { Ownership } from './server/owner.ts'
import { MongoServer } from './server/server.ts'
import { Store } from './store/store.ts'

/** What the main thread gives to the engine thread. */
export interface WorkerInput {
  dir: string
  address: Address
  durable: boolean
  /** Claim of an earlier engine thread of this process, which has ended. */
  dead: string | undefined
}

export type WorkerMessage =
  | { kind: 'ready'; token: string }
  /** Another live process owns the store, though it does not answer yet. */
  | { kind: 'busy' }
  | { kind: 'failed'; message: string }
  | { kind: 'warning'; message: string }

const port = parentPort!
const post = (message: WorkerMessage) => port.postMessage(message)

async function main(input: WorkerInput): Promise<void> {
  const store = await Store.open(input)
  const ownership = new Ownership(store)
  if (!ownership.claim(input.dead)) {
    await store.close()
    post({ kind: 'busy' })
    port.close()
    return
  }
  const server = new MongoServer((message) => post({ kind: 'warning', message }))
  const engine = new Engine(store, {
    address: addressText(input.address),
    connections: () => server.connections,
    checkOwner() {
      if (ownership.holds()) return
      setImmediate(() => void stop())
      throw new MongoError(11600, 'another process has taken over the database', new Map(), ['RetryableWriteError'])
    },
  })
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= (async () => {
      engine.stop()
      await server.close()
      if (ownership.holds() && 'socket' in input.address) rmSync(input.address.socket, { force: true })
      ownership.release()
      await store.close()
      port.close()
    })()
    return stopping
  }
  port.on('message', () => void stop())
  await server.listen(input.address, engine)
  saveAddress(input.dir, input.address)
  post({ kind: 'ready', token: ownership.token })
}

main(workerData as WorkerInput).catch((error: unknown) => {
  post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  port.close()
})

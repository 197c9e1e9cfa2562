import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** A port for something that is started a little later: none of those that the system gives to whoever asks for any meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((done) =>
      server.once('error', () => done(false)).listen(port, () => done(true)),
    )
    await new Promise((done) => server.close(done))
    if (isFree) return port
  }
}

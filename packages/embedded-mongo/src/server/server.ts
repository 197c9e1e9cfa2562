import { chmodSync, renameSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { type Engine, errorReply } from '../engine/engine.ts'
import { MongoError } from '../errors.ts'
import type { Address } from './address.ts'
import { encodeReply, FrameReader, parseMessage, type Request } from './wire.ts'

/** Commands that one connection may have in line before it is not read any further. */
const MAX_WAITING = 64

/** Accepts connections on one address and feeds their commands to the engine, in order for each connection. */
export class MongoServer {
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private nextConnection = 1
  private engine!: Engine

  constructor(private readonly warn: (message: string) => void) {
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket))
  }

  get connections(): number {
    return this.sockets.size
  }

  /** @returns the port that was bound, or 0 for a socket file */
  async listen(address: Address, engine: Engine): Promise<void> {
    this.engine = engine
    if ('port' in address) {
      await this.bind({ host: '127.0.0.1', port: address.port })
      return
    }
    // Bound under a name of its own and then renamed over whatever a dead owner left: there is no moment without a
    // socket, and closing this server later cannot remove its successor's.
    const own = `${address.socket}.${process.pid}`
    rmSync(own, { force: true })
    await this.bind({ path: own })
    chmodSync(own, 0o600)
    renameSync(own, address.socket)
  }

  private bind(where: { host: string; port: number } | { path: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(where, () => {
        this.server.off('error', reject)
        resolve()
      })
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve())
      for (const socket of this.sockets) socket.destroy()
    })
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket)
    const connection = {
      connectionId: this.nextConnection++,
      peer: `${socket.remoteAddress ?? 'local'}:${socket.remotePort ?? 0}`,
    }
    const frames = new FrameReader()
    const waiting: Request[] = []
    let busy = false
    const next = async () => {
      if (busy) return
      busy = true
      for (let request = waiting.shift(); request; request = waiting.shift()) {
        const reply =
          request.body instanceof MongoError
            ? errorReply(request.body)
            : await this.engine.execute(request.body, connection)
        if (waiting.length < MAX_WAITING && socket.isPaused()) socket.resume()
        if (!socket.writable || !request.wantsReply) continue
        if (!socket.write(encodeReply(request, reply))) await drained(socket)
      }
      busy = false
    }
    socket.on('data', (chunk) => {
      try {
        for (const message of frames.push(chunk)) waiting.push(parseMessage(message))
      } catch (error) {
        this.warn(`connection ${connection.connectionId} closed: ${error instanceof Error ? error.message : error}`)
        socket.destroy()
        return
      }
      if (waiting.length >= MAX_WAITING) socket.pause()
      next().catch((error) => {
        this.warn(`connection ${connection.connectionId} closed: ${error instanceof Error ? error.message : error}`)
        socket.destroy()
      })
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.sockets.delete(socket))
  }
}

/** A client that does not read its replies is not sent more, nor are its next commands run. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}

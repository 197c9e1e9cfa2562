import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import mongoose from 'mongoose'

let watching = false

/**
 * The driver (mongodb 7.8 and 7.9, `Connection.writeCommand`) writes to a socket that the other side has just closed, is told that
 * nothing was taken, and waits for 'drain' or 'error'. A socket that is being destroyed says neither, only 'close': the call never
 * ends, and with it the round of the outbox or the run of the job that made it. Here whoever waits like that is told when the socket closes.
 */
export function endWaitingForClosedSockets(): void {
  if (watching) return
  watching = true
  subscribe('net.client.socket', (message) => {
    const { socket } = message as { socket: Socket }
    socket.once('close', () => {
      // By the names that the driver gives them: nobody else's sockets are touched.
      if (!socket.listeners('drain').some((l) => l.name === 'onEvent')) return
      // A network error: the driver tries again elsewhere what may be tried again.
      const error = new mongoose.mongo.MongoNetworkError('the connection was closed before the command was written')
      for (const listener of socket.listeners('error')) if (listener.name === 'onError') listener(error)
    })
  })
}

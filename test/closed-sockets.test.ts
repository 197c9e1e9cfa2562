import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { connect } from '../src/store/connect.ts'
import { testDatabase } from './db.ts'

test('a call on a connection that closes in the same moment does not wait for good', async () => {
  const database = await testDatabase()
  const sockets: Socket[] = []
  const see = (message: unknown) => sockets.push((message as { socket: Socket }).socket)
  subscribe('net.client.socket', see)
  try {
    const db = await connect(database.uri)
    await db.collection('c').insertOne({ _id: 1 as never })
    for (let round = 0; round < 5; round++) {
      // Destroyed, and the driver has not heard of it yet.
      for (const socket of sockets.splice(0)) socket.destroy()
      expect(await db.collection('c').countDocuments()).toBe(1)
    }
    await db.close()
  } finally {
    unsubscribe('net.client.socket', see)
    await database.stop()
  }
}, 20_000)

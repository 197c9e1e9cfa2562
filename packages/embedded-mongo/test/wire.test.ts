import { rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { type Document, deserialize, serialize } from 'bson'
import { type EmbeddedMongo, startEmbeddedMongo } from 'embedded-mongo'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureBuilt, type Reply, scratchDir } from './support.ts'

let dir: string
let db: EmbeddedMongo
let path: string
const warnings: string[] = []

beforeAll(async () => {
  await ensureBuilt()
  dir = scratchDir()
  const logger = { info: () => {}, warn: (message: string) => void warnings.push(message), error: () => {} }
  db = await startEmbeddedMongo({ dir, sync: 'off', logger })
  path = `${dir}/engine.sock`
})
afterAll(async () => {
  await db.stop()
  rmSync(dir, { recursive: true, force: true })
})

function message(opCode: number, body: Buffer, requestId = 7): Buffer {
  const head = Buffer.alloc(16)
  head.writeInt32LE(16 + body.length, 0)
  head.writeInt32LE(requestId, 4)
  head.writeInt32LE(opCode, 12)
  return Buffer.concat([head, body])
}
const flags = (value: number) => Buffer.from(Uint32Array.of(value).buffer)
const msg = (document: Document, bits = 0, extra = Buffer.alloc(0)) =>
  message(2013, Buffer.concat([flags(bits), Buffer.from([0]), Buffer.from(serialize(document)), extra]))
const query = (document: Document, ns = 'admin.$cmd') =>
  message(
    2004,
    Buffer.concat([flags(0), Buffer.from(`${ns}\0`), flags(0), flags(0xffffffff), Buffer.from(serialize(document))]),
  )

/** Sends bytes; answers the first whole reply, or `closed`. */
function send(...chunks: Buffer[]): Promise<{ opCode: number; responseTo: number; body: Reply } | 'closed'> {
  return new Promise((resolve) => {
    const socket: Socket = connect(path)
    let received = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 4 || received.length < received.readInt32LE(0)) return
      const opCode = received.readInt32LE(12)
      const body = deserialize(received.subarray(opCode === 1 ? 36 : 21, received.readInt32LE(0)))
      resolve({ opCode, responseTo: received.readInt32LE(8), body })
      socket.destroy()
    })
    socket.on('close', () => resolve('closed'))
    socket.on('error', () => {})
    for (const chunk of chunks) socket.write(chunk)
  })
}

describe('handshake', () => {
  // As the drivers of mongoose 9 and mongosh 2 send it.
  const client = {
    application: { name: 'mongosh 2.12' },
    driver: { name: 'nodejs|mongosh', version: '7.0' },
    platform: 'Node.js',
    os: { type: 'Linux' },
  }

  test('a legacy query is answered like a replica set primary, without topologyVersion', async () => {
    const reply = await send(query({ ismaster: 1, helloOk: true, backpressure: '2', client, compression: ['none'] }))
    expect(reply).toMatchObject({
      opCode: 1,
      responseTo: 7,
      body: { ismaster: true, helloOk: true, setName: 'embedded', maxWireVersion: 21, ok: 1 },
    })
    expect((reply as { body: Reply }).body.topologyVersion).toBeUndefined()
  })

  test.each<[command: Document, expected: Document]>([
    [
      { hello: 1, helloOk: true, client, compression: [] },
      { isWritablePrimary: true, ok: 1 },
    ],
    [{ hello: 1, saslSupportedMechs: 'admin.x' }, { saslSupportedMechs: [] }],
    [{ ping: 1 }, { ok: 1 }],
    [
      { buildInfo: 1, apiVersion: '1' },
      { version: '7.0.0', modules: ['embedded'] },
    ],
    [{ getParameter: 1, featureCompatibilityVersion: 1 }, { featureCompatibilityVersion: { version: '7.0' } }],
    [{ atlasVersion: 1 }, { ok: 0, code: 59 }],
    [{ connectionStatus: 1, showPrivileges: true }, { authInfo: { authenticatedUsers: [] } }],
    [{ listDatabases: 1, nameOnly: true }, { databases: [] }],
    [{ getLog: 'startupWarnings' }, { log: [] }],
    [{ getCmdLineOpts: 1 }, { ok: 1 }],
    [{ serverStatus: 1 }, { version: '7.0.0' }],
    [{ hostInfo: 1 }, { ok: 1 }],
    [{ whatsmyuri: 1 }, { ok: 1 }],
    [{ endSessions: [] }, { ok: 1 }],
  ])('%j is answered as shells and tools expect', async (command, expected) => {
    expect(await send(msg({ ...command, $db: 'admin' }))).toMatchObject({ opCode: 2013, body: expected })
  })
})

describe('messages', () => {
  test('arrive in pieces, and several in one piece', async () => {
    const whole = msg({ ping: 1, $db: 'admin' })
    expect(await send(...Array.from(whole, (byte) => Buffer.from([byte])))).toMatchObject({ body: { ok: 1 } })
    expect(await send(Buffer.concat([msg({ ping: 1, $db: 'admin' }, 2), whole]))).toMatchObject({ body: { ok: 1 } })
  })

  test('with a checksum are read without it, and moreToCome gets no reply', async () => {
    expect(await send(msg({ ping: 1, $db: 'admin' }, 1, Buffer.alloc(4)))).toMatchObject({ body: { ok: 1 } })
    const insert = msg({ insert: 'w0', documents: [{ _id: 1 }], writeConcern: { w: 0 }, $db: 't' }, 2)
    expect(await send(insert, msg({ count: 'w0', $db: 't' }))).toMatchObject({ body: { n: 1 } })
  })

  test('with document sequences put them into the command', async () => {
    const documents = Buffer.concat([1, 2].map((_id) => Buffer.from(serialize({ _id }))))
    const section = Buffer.concat([
      Buffer.from([1]),
      flags(4 + 10 + documents.length),
      Buffer.from('documents\0'),
      documents,
    ])
    expect(await send(msg({ insert: 's', $db: 't' }, 0, section))).toMatchObject({ body: { n: 2, ok: 1 } })
    expect(await send(msg({ insert: 's', documents: [], $db: 't' }, 0, section))).toMatchObject({
      body: { code: 40433 },
    })
  })

  test.each<[name: string, bytes: Buffer]>([
    ['a length below the header', Buffer.concat([flags(15), Buffer.alloc(20)])],
    ['a length above 48 MB', Buffer.concat([flags(48_000_001), Buffer.alloc(20)])],
    ['a negative length', Buffer.concat([flags(0x80000000), Buffer.alloc(20)])],
    ['an unknown operation', message(2012, Buffer.alloc(20))],
    ['a legacy insert', message(2002, Buffer.alloc(20))],
    ['a legacy query on a collection', query({}, 'a.b')],
    ['an unknown required flag', msg({ ping: 1, $db: 'admin' }, 4)],
    ['a message too short for its kind', message(2013, Buffer.alloc(3))],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ])('%s closes the connection', async (_name, bytes) => {
    expect(await send(bytes)).toBe('closed')
  })

  test.each<[name: string, bytes: Buffer, code: number]>([
    ['no $db', msg({ ping: 1 }), 40571],
    [
      'a broken document',
      message(2013, Buffer.concat([flags(0), Buffer.from([0]), Buffer.from('10000000ff', 'hex'), Buffer.alloc(11)])),
      22,
    ],
    [
      'two bodies',
      msg({ ping: 1, $db: 'admin' }, 0, Buffer.concat([Buffer.from([0]), Buffer.from(serialize({}))])),
      40430,
    ],
    ['an unknown section', msg({ ping: 1, $db: 'admin' }, 0, Buffer.from([9])), 40432],
    ['an empty command', msg({}), 40571],
  ])('%s is an error reply', async (_name, bytes, code) => {
    expect(await send(bytes)).toMatchObject({ body: { ok: 0, code } })
  })

  test('random bytes never take the server down', async () => {
    let seed = 42
    const random = () => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return seed >>> 16
    }
    const valid = msg({ find: 'c', filter: { a: { $gt: 1 } }, sort: { a: 1 }, $db: 't' })
    await Promise.all(
      Array.from({ length: 300 }, () => {
        const bytes = Buffer.from(valid)
        for (let i = 0; i < 3; i++) bytes[4 + (random() % (bytes.length - 4))] = random() & 255
        return send(bytes, msg({ ping: 1, $db: 'admin' }))
      }),
    )
    expect(await send(msg({ ping: 1, $db: 'admin' }))).toMatchObject({ body: { ok: 1 } })
  })

  test('what was wrong is logged', () => {
    expect(warnings.some((warning) => warning.includes('message length'))).toBe(true)
  })
})

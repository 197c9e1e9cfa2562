import { createDecipheriv, createHash, timingSafeEqual } from 'node:crypto'
import { fdatasync, open, write } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../../src/clock.ts'
import { createCallbacks } from '../../src/http/callbacks.ts'
import { createInbox } from '../../src/inbox/inbox.ts'
import { createLog } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { createWecom } from '../../src/platforms/wecom/index.ts'
import { connect } from '../../src/store/connect.ts'
import { keys } from './keys.ts'

/**
 * One server of the comparison, in a process of its own: `bare` and `durable` do the least that answers a callback correctly
 * (verify, decrypt, answer; append and fdatasync in groups); `ours` is the service's own path in.
 */
const [kind, extra] = process.argv.slice(2)
const aes = Buffer.from(`${keys.aesKey}=`, 'base64')

function bare(take: (message: Buffer, done: () => void) => void): RequestListener {
  return (req: IncomingMessage, res: ServerResponse) => {
    const query = new URLSearchParams(req.url!.slice(req.url!.indexOf('?') + 1))
    const chunks: Buffer[] = []
    req.on('data', (c: Buffer) => chunks.push(c))
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const from = body.indexOf('<Encrypt>') + 9
      const encrypted = body.slice(from, body.indexOf('</Encrypt>', from)).replace('<![CDATA[', '').replace(']]>', '')
      const list = [keys.token, query.get('timestamp')!, query.get('nonce')!, encrypted].sort().join('')
      const expected = Buffer.from(createHash('sha1').update(list).digest('hex'))
      const given = Buffer.from(query.get('msg_signature')!)
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return void res.writeHead(403).end()
      const decipher = createDecipheriv('aes-256-cbc', aes, aes.subarray(0, 16)).setAutoPadding(false)
      const plain = decipher.update(Buffer.from(encrypted, 'base64'))
      decipher.final()
      const length = plain.readUInt32BE(16)
      take(plain.subarray(20, 20 + length), () => res.writeHead(200, { 'content-length': 0 }).end())
    })
  }
}

function durable(): RequestListener {
  let waiting: { message: Buffer; done: () => void }[] = []
  let busy = false
  const fd = new Promise<number>((done, fail) => open(extra!, 'a', (e, n) => (e ? fail(e) : done(n))))
  async function flush() {
    if (busy) return
    busy = true
    const file = await fd
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      const bytes = Buffer.concat(batch.map((b) => b.message))
      await new Promise<void>((done, fail) => write(file, bytes, (e) => (e ? fail(e) : done())))
      await new Promise<void>((done, fail) => fdatasync(file, (e) => (e ? fail(e) : done())))
      for (const b of batch) b.done()
    }
    busy = false
  }
  return bare((message, done) => {
    waiting.push({ message, done })
    setImmediate(() => void flush())
  })
}

async function ours(): Promise<RequestListener> {
  const log = createLog('silent')
  const db = await connect(extra!)
  // What a handler does with a message afterwards is its own matter; this is what comes before the acknowledgement.
  const inbox = createInbox({ db, clock: systemClock, log, owner: 'bench', handle: async () => {} })
  await inbox.model.createIndexes()
  const settings = { corpId: keys.corpId, agentId: 1000002, secret: 'x', token: keys.token, aesKey: keys.aesKey }
  const nowhere = 'http://127.0.0.1:9'
  const wecom = createWecom(
    { ...settings, apiBase: nowhere, oauthBase: nowhere, publicBaseUrl: 'https://x.example.com', menu: [] },
    { clock: systemClock, log },
  )
  await wecom.start((event) => inbox.receive(event))
  const callbacks = createCallbacks({ log, metrics: createMetrics(), wecom })
  return (req, res) => {
    if (!callbacks(req, res)) res.writeHead(404).end()
  }
}

const listener = kind === 'bare' ? bare((_, done) => done()) : kind === 'durable' ? durable() : await ours()
const server = createServer(listener).listen(0, '127.0.0.1', () => {
  process.send!({ port: (server.address() as AddressInfo).port })
})
process.on('message', () => process.send!({ cpu: process.cpuUsage(), memory: process.memoryUsage().rss }))

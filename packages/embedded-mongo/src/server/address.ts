import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from '../bson/encode.ts'

export type Address = { socket: string } | { port: number }

/** Node cuts longer socket paths without a word. */
const MAX_SOCKET_PATH = 100
const ANSWER_MS = 1_000

/** Where the engine of a directory listens: a socket file in it, or a loopback port. */
export function addressFor(dir: string, port: number | undefined): Address {
  if (port !== undefined) return { port }
  const inside = join(dir, 'engine.sock')
  // The owner binds the name with its process id appended.
  if (Buffer.byteLength(inside) + 9 <= MAX_SOCKET_PATH) return { socket: inside }
  const folder = join(tmpdir(), `embedded-mongo-${process.getuid?.() ?? 0}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = lstatSync(folder)
  // Another user could have made it first, to be asked in our stead.
  if (process.getuid && (uid !== process.getuid() || (mode & 0o077) !== 0))
    throw new Error(`${folder} is not a private folder of this user`)
  return { socket: join(folder, `${createHash('sha256').update(dir).digest('hex').slice(0, 16)}.sock`) }
}

export function addressText(address: Address): string {
  return 'port' in address ? `127.0.0.1:${address.port}` : address.socket
}

/**
 * The heartbeat is the longest time for which a client may miss that another process has taken over: a driver that
 * looks in the very moment of the change looks again only with its next heartbeat, by default after ten seconds.
 */
export function uriOf(address: Address, dbName: string): string {
  const host = 'port' in address ? `127.0.0.1:${address.port}` : encodeURIComponent(address.socket)
  return `mongodb://${host}/${dbName}?directConnection=true&heartbeatFrequencyMS=1000`
}

/** The address that the present or last owner wrote down. */
export function savedAddress(dir: string): Address | undefined {
  try {
    const saved = JSON.parse(readFileSync(join(dir, 'engine.json'), 'utf8')) as Partial<{
      socket: string
      port: number
    }>
    if (typeof saved.socket === 'string') return { socket: saved.socket }
    return typeof saved.port === 'number' ? { port: saved.port } : undefined
  } catch {
    return undefined
  }
}

export function saveAddress(dir: string, address: Address): void {
  const temporary = join(dir, `engine.json.${process.pid}`)
  writeFileSync(temporary, JSON.stringify(address), { mode: 0o600 })
  renameSync(temporary, join(dir, 'engine.json'))
}

/** Asks `hello`; true when a server answers in time. */
export function answers(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect('port' in address ? { host: '127.0.0.1', port: address.port } : { path: address.socket })
    const done = (result: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => done(false), ANSWER_MS)
    socket.on('error', () => done(false))
    socket.on('connect', () => socket.write(helloMessage()))
    // The port might by now belong to something else.
    socket.on('data', (reply) => done(reply.includes('embedded')))
    socket.on('close', () => done(false))
  })
}

function helloMessage(): Buffer {
  const body = encode(
    new Map<string, number | string>([
      ['hello', 1],
      ['$db', 'admin'],
    ]),
  )
  const head = Buffer.alloc(21)
  head.writeInt32LE(21 + body.length, 0)
  head.writeInt32LE(1, 4)
  head.writeInt32LE(2013, 12)
  return Buffer.concat([head, body])
}

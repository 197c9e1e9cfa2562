import { createHash } from 'node:crypto'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import mongoose from 'mongoose'
import { readConfig } from '../config.ts'
import { openDatabase } from '../database.ts'
import { createLog } from '../log.ts'
import { connect, type Db } from '../store/connect.ts'
import { type Command, type ExitCode, FailedError, type Io, print, UsageError } from './command.ts'
import { mustHaveDatabase } from './data.ts'

const { BSON } = mongoose.mongo

interface Part {
  collection: string
  documents: number
  /** SHA-256 of the file, in hex. */
  sha256: string
}

interface Manifest {
  format: 1
  takenAt: string
  parts: Part[]
}

const MANIFEST = 'backup.json'
/** Documents that are written to a database together; at most 16 MiB each, mostly under 1 KiB. */
const AT_ONCE = 500

/** Writes every collection in the order of `_id`, so that equal data gives equal files. @returns what was written */
export async function dump(db: Db, dir: string, onPart?: (part: Part) => void): Promise<Part[]> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const found = await db.db!.listCollections({}, { nameOnly: true }).toArray()
  const names = found.map((c) => c.name).filter((n) => !n.startsWith('system.'))
  const parts: Part[] = []
  for (const collection of names.sort()) {
    const hash = createHash('sha256')
    const file = createWriteStream(join(dir, `${collection}.bson`), { mode: 0o600 })
    let documents = 0
    for await (const bytes of db.db!.collection(collection).find({}, { raw: true }).sort({ _id: 1 })) {
      const document = bytes as unknown as Buffer
      hash.update(document)
      documents++
      if (!file.write(document)) await new Promise<void>((done) => file.once('drain', () => done()))
    }
    file.end()
    await finished(file)
    const part = { collection, documents, sha256: hash.digest('hex') }
    parts.push(part)
    onPart?.(part)
  }
  return parts
}

/** Reads what `dump` wrote into an empty database. @throws FailedError when a file is not what the manifest says */
export async function load(db: Db, dir: string, parts: Part[], onPart?: (part: Part) => void): Promise<void> {
  for (const part of parts) {
    const hash = createHash('sha256')
    const collection = db.db!.collection(part.collection)
    if (part.documents === 0) await db.db!.createCollection(part.collection)
    let rest: Buffer = Buffer.alloc(0)
    let batch: object[] = []
    let documents = 0
    const write = async () => {
      if (batch.length > 0) await collection.insertMany(batch, { ordered: true })
      documents += batch.length
      batch = []
    }
    for await (const chunk of createReadStream(join(dir, `${part.collection}.bson`))) {
      hash.update(chunk as Buffer)
      rest = Buffer.concat([rest, chunk as Buffer])
      let at = 0
      while (rest.length - at >= 4 && rest.length - at >= rest.readInt32LE(at)) {
        const size = rest.readInt32LE(at)
        batch.push(BSON.deserialize(rest.subarray(at, at + size), { promoteValues: false, promoteBuffers: false }))
        at += size
        if (batch.length === AT_ONCE) await write()
      }
      rest = Buffer.from(rest.subarray(at))
    }
    await write()
    if (rest.length > 0 || documents !== part.documents || hash.digest('hex') !== part.sha256)
      throw new FailedError(`备份文件 ${part.collection}.bson 已损坏，或与 ${MANIFEST} 不符`)
    onPart?.(part)
  }
}

/** The database alone: a backup must be possible, and a restore too, when the company file is missing. */
async function withDatabase<T>(io: Io, use: (db: Db) => Promise<T>): Promise<T> {
  const database = await openDatabase(readConfig(io.env), createLog('silent'))
  const db = await connect(database.uri)
  try {
    return await use(db)
  } finally {
    await db.close()
    await database.stop()
  }
}

const told = (io: Io) => (part: Part) => io.err(`${part.collection}  ${part.documents} 条`)
const total = (parts: Part[]) => parts.reduce((sum, p) => sum + p.documents, 0)

export const backup: Command = {
  name: 'backup',
  usage: 'backup DIR',
  about: '备份全部数据（服务运行时也可以执行）',
  help: [
    'DIR  空目录或新目录；每个集合一个文件，backup.json 记录条数和 SHA-256。',
    '文件含个人信息，只有当前用户可读，请加密保存。',
    '嵌入式数据库和 MongoDB 通用：从一种备份，可以恢复到另一种。',
  ],
  options: {},
  async run(given) {
    const dir = only(given.args)
    if (existsSync(dir) && readdirSync(dir).length > 0) throw new FailedError(`目录 ${dir} 不是空的，没有写入任何内容`)
    mustHaveDatabase(readConfig(given.io.env))
    return withDatabase<ExitCode>(given.io, async (db) => {
      const parts = await dump(db, dir, told(given.io))
      const manifest: Manifest = { format: 1, takenAt: given.io.now().toISOString(), parts }
      // Last: a backup that was cut off has none.
      writeFileSync(join(dir, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 })
      print(given, `已备份 ${parts.length} 个集合，共 ${total(parts)} 条，保存在 ${dir}`, manifest)
      return 0
    })
  },
}

export const restore: Command = {
  name: 'restore',
  usage: 'restore DIR',
  about: '把备份恢复到空的数据库，并逐个核对条数和哈希',
  help: [
    'DIR  backup 命令写出的目录',
    '数据库必须是空的：先停止服务，再换一个空的 DATA_DIR 或 MONGODB_URI。不会覆盖已有数据。',
    '备份之后发出过的消息不会再发一遍：企业微信和钉钉的卡片按编号去重；纯文字消息可能重复，恢复后请查看 deliveries list。',
  ],
  options: {},
  async run(given) {
    const dir = only(given.args)
    const file = join(dir, MANIFEST)
    if (!existsSync(file)) throw new FailedError(`${dir} 中没有 ${MANIFEST}，不是完整的备份`)
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest
    if (manifest.format !== 1 || !Array.isArray(manifest.parts)) throw new FailedError(`不认识的备份格式：${file}`)
    for (const { collection } of manifest.parts)
      if (!/^[A-Za-z0-9_-]{1,60}$/.test(collection)) throw new FailedError(`备份中的集合名不正确：${collection}`)
    return withDatabase<ExitCode>(given.io, async (db) => {
      const present = await db.db!.listCollections({}, { nameOnly: true }).toArray()
      for (const { name } of present)
        if ((await db.db!.collection(name).estimatedDocumentCount()) > 0)
          throw new FailedError(`数据库不是空的（集合 ${name} 有数据），没有写入任何内容`)
      await load(db, dir, manifest.parts, told(given.io))
      print(given, `已恢复 ${manifest.parts.length} 个集合，共 ${total(manifest.parts)} 条，条数和哈希一致`, manifest)
      return 0
    })
  },
}

function only(args: string[]): string {
  const [dir, ...more] = args
  if (!dir || more.length > 0) throw new UsageError('请写一个目录')
  return dir
}

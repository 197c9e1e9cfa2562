import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const PAGE_BYTES = 4096
/** Offsets in a meta page of LMDB's data format (`MDB_page` header of 24 bytes, then `MDB_meta`). */
const MAGIC_AT = 24
const ROOTS_AT = [0x30 + 40, 0x60 + 40]
const TXN_AT = 0x98
const MAGIC = 0xbeefc0de
const NO_PAGE = 0xffffffffffffffffn

/** How long a file may look damaged while another process is just making it. */
const SETTLE_MS = 1_000
const LOOK_AGAIN_MS = 20

/** As `checkDataFile`, but patient with a file that another process is making at this moment. */
export async function awaitSoundFile(path: string): Promise<void> {
  for (const until = Date.now() + SETTLE_MS; ; await sleep(LOOK_AGAIN_MS)) {
    try {
      return checkDataFile(path)
    } catch (error) {
      if (Date.now() > until) throw error
    }
  }
}

/**
 * Looks at the two meta pages before LMDB maps the file: given a file that is not its own, or that was cut short,
 * LMDB ends the whole process with a memory fault. An empty or absent file is a new database.
 */
function checkDataFile(path: string): void {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    if (fstatSync(file).size === 0) return
    const metas = [0, 1].map((page) => {
      const bytes = Buffer.alloc(PAGE_BYTES)
      const read = readSync(file, bytes, 0, PAGE_BYTES, page * PAGE_BYTES)
      if (read < PAGE_BYTES || bytes.readUInt32LE(MAGIC_AT) !== MAGIC) damaged(path)
      return bytes
    })
    const [a, b] = metas as [Buffer, Buffer]
    // Asked for after the pages that refer to it: another process may be making the file grow.
    const { size } = fstatSync(file)
    const newest = a.readBigUInt64LE(TXN_AT) > b.readBigUInt64LE(TXN_AT) ? a : b
    for (const at of ROOTS_AT) {
      const root = newest.readBigUInt64LE(at)
      if (root !== NO_PAGE && (root + 1n) * BigInt(PAGE_BYTES) > BigInt(size)) damaged(path)
    }
  } finally {
    closeSync(file)
  }
}

function damaged(path: string): never {
  throw new Error(`${path} is damaged or is not a database; restore it from a backup or remove it to start empty`)
}

import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import type { Doc } from '../bson/values.ts'
import type { Store } from '../store/store.ts'

/** A process, told apart from a later one with the same number, also across containers and reboots. */
interface ProcessIdentity {
  pid: number
  startTicks: string
  bootId: string
  pidNamespace: string
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

/** Field 22 of /proc/pid/stat; the command name before it may hold spaces and brackets. */
function startTicks(pid: number): string {
  const stat = read(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function identity(pid: number): ProcessIdentity {
  let pidNamespace = ''
  try {
    pidNamespace = readlinkSync('/proc/self/ns/pid')
  } catch {
    // Not Linux: the process number alone must do.
  }
  return { pid, startTicks: startTicks(pid), bootId: read('/proc/sys/kernel/random/boot_id'), pidNamespace }
}

function isAlive(owner: Doc): boolean {
  const pid = owner.get('pid') as number
  const now = identity(pid)
  if (owner.get('bootId') !== now.bootId) return false
  // A process of another container cannot be seen from here. It did not answer, and it cannot write once replaced.
  if (owner.get('pidNamespace') !== now.pidNamespace) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return owner.get('startTicks') === now.startTicks
}

/**
 * Exactly one process serves a store. Its claim is a record in the store, taken in a write transaction, whose lock
 * is shared by all processes; and each later write transaction checks that the claim still stands, so a process
 * that was wrongly thought dead cannot write beside its successor.
 */
export class Ownership {
  readonly token = randomBytes(12).toString('hex')

  constructor(private readonly store: Store) {}

  /**
   * False when another process that is alive holds the claim.
   *
   * @param dead token of an engine thread of this process that has ended
   */
  claim(dead?: string): boolean {
    return this.store.transaction(() => {
      const owner = this.store.getMeta('owner')
      if (owner && owner.get('token') !== dead && isAlive(owner)) return false
      const self = identity(process.pid)
      this.store.putMeta('owner', new Map(Object.entries({ ...self, token: this.token })))
      return true
    })
  }

  holds(): boolean {
    return this.store.getMeta('owner')?.get('token') === this.token
  }

  release(): void {
    this.store.transaction(() => {
      if (this.holds()) this.store.removeMeta('owner')
    })
  }
}

import { createHash } from 'node:crypto'

/** Repeatable chance: the same seed gives the same ids, choices and faults. */
export interface Random {
  /** In [0, 1). */
  next(): number
  chance(share: number): boolean
  pick<T>(list: readonly T[]): T
  hex(length: number): string
  uuid(): string
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const hex = (length: number) => Array.from({ length }, () => Math.floor(next() * 16).toString(16)).join('')
  return {
    next,
    hex,
    chance: (share) => share > 0 && next() < share,
    pick: (list) => {
      if (list.length === 0) throw new RangeError('nothing to pick from')
      return list[Math.floor(next() * list.length)]!
    },
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
  }
}

/** A stable opaque id made of a known one, as DingTalk's unionIds and conversation ids look. */
export function opaque(kind: string, id: string): string {
  return createHash('sha256').update(`${kind}/${id}`).digest('base64url').slice(0, 22)
}

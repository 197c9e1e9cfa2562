import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { MonthResult } from './settlement.ts'

/** What happened with one version of somebody's result, in order (features.md B10). Instants are ISO texts. */
export interface ProofEvent {
  what: 'published' | 'sent' | 'seen' | 'acknowledged'
  version: number
  at: string
  /** Platform, and its message id where it gave one. */
  on?: string
  messageId?: string
  /** Of the result that this version holds. */
  resultHash?: string
}

export interface PersonProof {
  personId: string
  name: string
  jobNumber: string
  month: string
  ruleVersion: string
  results: { version: number; why: string; result: MonthResult }[]
  events: (ProofEvent & { hash: string })[]
}

export interface ProofFile {
  format: 'jixiao-proof-1'
  company: string
  month: string
  exportedAt: string
  people: PersonProof[]
  /** Over everything above; signed with the installation's key. */
  hash: string
  publicKey: string
  signature: string
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Each event's hash holds the one before it, so that none can be taken out, put in or moved. */
export function chain(head: Omit<PersonProof, 'events'>, events: readonly ProofEvent[]): PersonProof['events'] {
  let before = sha256(JSON.stringify(head))
  return events.map((event) => {
    before = sha256(`${before}\n${JSON.stringify(event)}`)
    return { ...event, hash: before }
  })
}

/** @param keyPem a private Ed25519 key, PEM */
export function sealProof(content: Omit<ProofFile, 'hash' | 'publicKey' | 'signature'>, keyPem: string): ProofFile {
  const key = createPrivateKey(keyPem)
  const hash = sha256(JSON.stringify(content))
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64')
  return { ...content, hash, publicKey, signature: sign(null, Buffer.from(hash), key).toString('base64') }
}

/** Short name of a key, to be compared by eye. */
export const fingerprint = (publicKey: string): string => sha256(publicKey).slice(0, 16)

/**
 * Whether a file is as it was exported. A changed byte is found: in a result (its hash), an event (its chain), anywhere
 * else (the whole's hash), and a file that was hashed anew by others (the signature).
 *
 * @param publicKey the installation's, when it is known; otherwise the file's own is taken and must be compared by eye
 * @returns what is wrong, in Chinese; empty: nothing
 */
export function checkProof(text: string, publicKey?: string): string[] {
  let file: ProofFile
  try {
    file = JSON.parse(text) as ProofFile
    if (file.format !== 'jixiao-proof-1' || !Array.isArray(file.people)) return ['不是送达凭证文件']
  } catch {
    return ['文件内容已损坏，无法读取']
  }
  const problems: string[] = []
  try {
    const { hash, publicKey: own, signature, ...content } = file
    for (const person of content.people) {
      const { events, ...head } = person
      const again = chain(
        head,
        events.map(({ hash: _, ...event }) => event),
      )
      if (JSON.stringify(again) !== JSON.stringify(events))
        problems.push(`${person.name}（${person.jobNumber}）的记录被改动`)
      for (const { version, result } of person.results) {
        const published = events.find((e) => e.what === 'published' && e.version === version)
        if (published?.resultHash !== sha256(JSON.stringify(result)))
          problems.push(`${person.name}（${person.jobNumber}）第${version}版的结果被改动`)
      }
    }
    if (sha256(JSON.stringify(content)) !== hash) problems.push('文件内容与校验值不一致')
    if (`${JSON.stringify(file, null, 1)}\n` !== text) problems.push('文件格式被改动')
    const key = createPublicKey({ key: Buffer.from(own, 'base64'), format: 'der', type: 'spki' })
    if (!verify(null, Buffer.from(hash), key, Buffer.from(signature, 'base64'))) problems.push('签名不符')
    if (publicKey !== undefined && publicKey !== own) problems.push('不是由本系统签名')
  } catch {
    problems.push('文件内容已损坏，无法读取')
  }
  return problems
}

export const proofText = (file: ProofFile): string => `${JSON.stringify(file, null, 1)}\n`

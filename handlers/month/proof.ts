import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { Ctx } from '../../src/context.ts'
import { chain, type PersonProof, type ProofEvent, type ProofFile, sealProof } from '../../src/domain/proof.ts'
import type { Month } from '../../src/domain/time.ts'
import type { OutboxRow } from '../../src/outbox/rows.ts'
import type { ResultRow } from '../../src/store/results.ts'
import { publicationKey } from './publish.ts'

const BATCH = 200

/**
 * Copies what the outbox knows of the messages of a month into the results, because the outbox forgets after a year and a
 * proof must not. Harmless to run again; a month is done when none of its messages may still be sent.
 */
export async function keepDelivery(ctx: Pick<Ctx, 'results' | 'outbox' | 'months'>, month: Month): Promise<void> {
  const { rev, told } = await ctx.months.get(month)
  const waiting = await copyDelivery(ctx, month)
  if (waiting > 0 || !told) return
  // A correction in between has begun anew.
  await ctx.months.change(month, `kept/${rev}`, (row) =>
    row.rev === rev ? { row: { ...row, kept: true }, outcome: null } : { outcome: null },
  )
}

/** @returns how many messages are not sent yet, or were refused and may be sent again by hand */
async function copyDelivery(ctx: Pick<Ctx, 'results' | 'outbox'>, month: Month): Promise<number> {
  let waiting = 0
  let after = ''
  for (;;) {
    const rows = await ctx.results.model
      .find({ month, state: 'published', _id: { $gt: after } })
      .sort({ _id: 1 })
      .limit(BATCH)
      .lean<ResultRow[]>()
    if (rows.length === 0) return waiting
    after = rows.at(-1)!._id
    const open = rows.flatMap((r) =>
      r.versions.filter((v) => !r.sent.some((s) => s.version === v.version)).map((v) => ({ r, version: v.version })),
    )
    const keys = open.map(({ r, version }) => publicationKey(r.personId, month, version))
    const found = await ctx.outbox.model.find({ _id: { $in: keys } }).lean<OutboxRow[]>()
    waiting += found.filter((row) => row.state === 'pending' || row.state === 'failed').length
    const byKey = new Map(found.filter((row) => row.state === 'sent').map((s) => [s._id, s]))
    for (const [i, { r, version }] of open.entries()) {
      const row = byKey.get(keys[i]!)
      if (!row?.sentAt || !row.sentOn) continue
      const fact = { version, at: row.sentAt, on: row.sentOn, messageId: row.messageId ?? '' }
      await ctx.results.change(r._id, `sent/${version}`, (x) => ({
        row: { ...x, sent: [...x.sent, fact] },
        outcome: null,
      }))
    }
  }
}

/** The installation's own key: made once, kept with the data, never shown. */
async function signingKey(ctx: Pick<Ctx, 'meta'>): Promise<string> {
  const known = await ctx.meta.get<string>('proof-key')
  if (known) return known
  const { privateKey } = generateKeyPairSync('ed25519')
  return ctx.meta.setOnce('proof-key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
}

export async function publicKeyOf(ctx: Pick<Ctx, 'meta'>): Promise<string> {
  return createPublicKey(await signingKey(ctx))
    .export({ type: 'spki', format: 'der' })
    .toString('base64')
}

/** The proof of notice of a month, of everybody or of one person (features.md B10). */
export async function exportProof(
  ctx: Pick<Ctx, 'results' | 'outbox' | 'meta' | 'company'>,
  month: Month,
  at: Date,
  personId?: string,
): Promise<ProofFile> {
  await copyDelivery(ctx, month)
  const rows = (await ctx.results.ofMonth(month)).filter(
    (r) => r.state === 'published' && (personId === undefined || r.personId === personId),
  )
  const people: PersonProof[] = rows.map((r) => {
    const events: ProofEvent[] = [
      ...r.versions.map((v) => ({
        what: 'published' as const,
        version: v.version,
        at: v.at.toISOString(),
        resultHash: v.hash,
      })),
      ...r.sent.map((s) => ({
        what: 'sent' as const,
        version: s.version,
        at: s.at.toISOString(),
        on: s.on,
        ...(s.messageId && { messageId: s.messageId }),
      })),
      ...r.seen.map((s) => ({ what: 'seen' as const, version: s.version, at: s.at.toISOString(), on: s.on })),
      ...r.acknowledged.map((a) => ({
        what: 'acknowledged' as const,
        version: a.version,
        at: a.at.toISOString(),
        on: a.on,
      })),
    ]
    const order = ['published', 'sent', 'seen', 'acknowledged']
    events.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : order.indexOf(a.what) - order.indexOf(b.what)))
    const head = {
      personId: r.personId,
      name: r.name,
      jobNumber: r.jobNumber,
      month,
      ruleVersion: r.versions.at(-1)!.result.ruleVersion,
      results: r.versions.map(({ version, why, result }) => ({ version, why, result })),
    }
    return { ...head, events: chain(head, events) }
  })
  const content = {
    format: 'jixiao-proof-1' as const,
    company: ctx.company().name,
    month,
    exportedAt: at.toISOString(),
    people,
  }
  return sealProof(content, await signingKey(ctx))
}

import type { Ctx } from '../../src/context.ts'
import type { Note } from '../../src/people/merge.ts'
import { treeProblems } from '../../src/people/problems.ts'
import { findByRef } from '../rights.ts'

const TOLD = 'contacts-told'
const MOST = 15

/** What is wrong with the tree of managers now, by the settings. */
export async function standingProblems(ctx: Ctx): Promise<Note[]> {
  const people = await ctx.people.all()
  const active = people.filter((p) => p.active)
  const settled = new Set(active.filter((p) => p.roles.includes('gm')).map((p) => p._id))
  for (const ref of Object.keys(ctx.company().standIns)) {
    const person = findByRef(active, ref)
    if (person) settled.add(person._id)
  }
  return treeProblems(people, settled)
}

/** What HR has not been told yet: whether there is anything, and since when notes are new. */
export async function newsForHr(ctx: Ctx): Promise<{ any: boolean; since: Date }> {
  const told = (await ctx.meta.get<{ keys: string[]; at: string }>(TOLD)) ?? { keys: [], at: new Date(0).toISOString() }
  const since = new Date(told.at)
  const standing = await standingProblems(ctx)
  const notes = await ctx.contacts.notesSince(since)
  return { any: notes.length > 0 || standing.some((p) => !told.keys.includes(p.key)), since }
}

/** After the report was written: only what is new from now on is told again. */
export async function noteTold(ctx: Ctx, at: Date): Promise<void> {
  const keys = (await standingProblems(ctx)).map((p) => p.key)
  await ctx.meta.set(TOLD, { keys, at: at.toISOString() })
}

/** Notes since an instant, and what stands wrong now; undefined when there is nothing. */
export async function contactsReport(ctx: Ctx, since: Date): Promise<string | undefined> {
  const lines = [...(await ctx.contacts.notesSince(since)), ...(await standingProblems(ctx))].map((n) => `· ${n.text}`)
  if (lines.length === 0) return undefined
  return [
    '通讯录和花名册需要您留意：',
    ...lines.slice(0, MOST),
    ...(lines.length > MOST ? [`另有${lines.length - MOST}项，处理后会再通知。`] : []),
  ].join('\n')
}

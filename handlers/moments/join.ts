import { isDeepStrictEqual } from 'node:util'
import { mongo } from 'mongoose'
import type { Ctx } from '../../src/context.ts'
import {
  bothHad,
  joinedPerson,
  KEEPS_FORMER_KEY,
  MEETINGS,
  type Met,
  type Row,
  replaceKey,
} from '../../src/people/join.ts'
import type { PlatformName } from '../../src/platforms/port.ts'
import type { Person } from '../../src/store/people.ts'
import { today } from './people.ts'

interface Account {
  platform: PlatformName
  userId: string
}

const ROWS_AT_A_TIME = 500
const CHANGED = Symbol('somebody else changed the row meanwhile')

/**
 * Makes one person of two records: everything that any collection says of `dropId` is said of `keepId` from now on. Every step
 * can be run again, and the accounts are nobody's for a moment rather than two people's.
 *
 * All collections are read through, because a key may stand anywhere in a row. HR decides this a few times a year.
 */
export async function joinPeople(ctx: Ctx, keepId: string, dropId: string, account: Account): Promise<void> {
  const drop = await ctx.people.get(dropId)
  const keep = await ctx.people.get(keepId)
  if (!keep || !drop || keepId === dropId) return
  await takePerson(ctx, keep, drop, account)
  await takePersonal(ctx, keep, drop, account.platform)
  await takeBallots(ctx, keepId, dropId)
  const left: string[] = []
  // Doubts last: until everything else is moved they say what is to be done again after a crash.
  const names = Object.keys(ctx.people.model.db.models).filter((name) => !Object.hasOwn(KEEPS_FORMER_KEY, name))
  for (const name of names.filter((n) => n !== 'doubts')) left.push(...(await takeRows(ctx, name, keepId, dropId)))
  if (left.length > 0) {
    const text = `${keep.name}的两份记录已合并；以下内容两份都有，没有改动，请核对：${[...new Set(left)].join('、')}。`
    await ctx.contacts.note([{ key: `joined/${keepId}/${dropId}`, text }], ctx.clock.now())
  }
  await takeRows(ctx, 'doubts', keepId, dropId)
}

/** The dropped record is out at once, so that nothing new comes up for it while the rest is moved. */
async function takePerson(ctx: Ctx, keep: Person, drop: Person, account: Account): Promise<void> {
  for (const platform of ['wecom', 'dingtalk'] as const) await ctx.people.dropAccounts([drop._id], platform)
  await ctx.people.save(joinedPerson(keep, drop, account))
  const { jobNumber: _, managerId: __, wecom: ___, dingtalk: ____, ...rest } = drop
  await ctx.people.save({ ...rest, active: false, leftOn: rest.leftOn ?? today(ctx), roles: [], joinedInto: keep._id })
  await ctx.people.reassign(drop._id, keep._id)
}

async function takePersonal(ctx: Ctx, keep: Person, drop: Person, from: PlatformName): Promise<void> {
  const had = await ctx.personal.get(drop._id)
  const { birthday, birthYear, probationEndsOn, contractEndsOn } = had
  const own = await ctx.personal.get(keep._id)
  const said = {
    ...(birthday && { birthday: { birthday: birthday.value, ...(birthYear !== undefined && { year: birthYear }) } }),
    ...(probationEndsOn && { probationEndsOn: probationEndsOn.value }),
    ...(contractEndsOn && { contractEndsOn: contractEndsOn.value }),
  }
  await ctx.personal.takeIn(keep._id, said, birthday?.from === 'self' ? 'self' : from)
  // A no said on either record is a no.
  const wishes = [own.wishes, had.wishes]
  await ctx.personal.set(keep._id, {
    wishes: wishes.includes('none') ? 'none' : wishes.includes('private') ? 'private' : 'all',
    ...(had.noColumns && { noColumns: true }),
    ...(had.keepNoBirthday && !own.birthday && { keepNoBirthday: true }),
    ...(had.askedAt && !own.askedAt && { askedAt: had.askedAt }),
    ...(had.feb29 && !own.feb29 && { feb29: had.feb29 }),
    ...(had.leapMonth && !own.leapMonth && { leapMonth: had.leapMonth }),
  })
  await ctx.personal.remove(drop._id)
}

/** Envelopes of rounds that are not counted yet; a person who was asked under both records is asked once. */
async function takeBallots(ctx: Ctx, keepId: string, dropId: string): Promise<void> {
  const rounds = [...(await ctx.surveyRounds.open()), ...(await ctx.surveyRounds.inState('too-few'))]
  for (const { _id } of rounds) {
    await ctx.surveyBallots.join(_id, dropId, keepId)
    if (!(await ctx.surveyRounds.isAsked(_id, dropId)) || !(await ctx.surveyRounds.isAsked(_id, keepId))) continue
    await ctx.surveyRounds.change(_id, `joined/${dropId}`, (r) => ({
      round: { ...r, asked: r.asked - 1 },
      outcome: null,
    }))
  }
}

/** Rewrites a collection's rows. @returns in words, what both had so that neither was changed */
async function takeRows(ctx: Ctx, name: string, keepId: string, dropId: string): Promise<string[]> {
  const { collection } = ctx.people.model.db.models[name]!
  const about: string[] = []
  // Undecoded, because most rows say nothing of this person.
  const all = collection.find({}, { raw: true, batchSize: ROWS_AT_A_TIME }) as unknown as AsyncIterable<Buffer>
  for await (const raw of all) if (raw.includes(dropId)) about.push(String(mongo.BSON.deserialize(raw)._id))
  const left: string[] = []
  for (const id of about) {
    const stays = await again(() => takeRow(collection as never, name, id, keepId, dropId))
    if (stays !== undefined) left.push(stays)
  }
  return left
}

/** Until nobody else changes the row in between. */
async function again<T>(once: () => Promise<T | typeof CHANGED>): Promise<T> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const outcome = await once()
    if (outcome !== CHANGED) return outcome as T
  }
  throw new Error('a row of somebody who is joined is changed too often at once')
}

async function takeRow(
  collection: mongo.Collection<Row>,
  name: string,
  id: string,
  keepId: string,
  dropId: string,
): Promise<string | undefined | typeof CHANGED> {
  const row = await collection.findOne({ _id: id })
  if (!row) return undefined
  const moved = replaceKey(row, dropId, keepId)
  if (moved._id === row._id) return put(collection, row, moved)
  const kept = await collection.findOne({ _id: moved._id })
  const met: Met = kept ? (MEETINGS[name]?.(kept as never, moved as never) ?? 'both-stay') : { row: moved }
  if (met === 'both-stay') return bothHad(name, row)
  if (kept) {
    if (met.row !== kept && (await put(collection, kept, { ...met.row, _id: moved._id })) === CHANGED) return CHANGED
  } else {
    try {
      await collection.insertOne(moved)
    } catch (error) {
      if ((error as { code?: number }).code !== 11000) throw error
      return CHANGED
    }
  }
  const same = row.rev === undefined ? {} : { rev: row.rev }
  const { deletedCount } = await collection.deleteOne({ _id: id, ...same })
  // Changed since it was read: what came after is taken as well.
  return deletedCount === 1 ? undefined : CHANGED
}

/** Puts a row in place of what was read, where its version is counted only of that version. */
async function put(collection: mongo.Collection<Row>, before: Row, after: Row): Promise<undefined | typeof CHANGED> {
  if (before.rev === undefined) {
    const set = Object.entries(after).filter(
      ([field, value]) => field !== '_id' && !isDeepStrictEqual(value, before[field]),
    )
    const gone = Object.keys(before).filter((field) => !(field in after))
    await collection.updateOne({ _id: before._id }, {
      ...(set.length > 0 && { $set: Object.fromEntries(set) }),
      ...(gone.length > 0 && { $unset: Object.fromEntries(gone.map((field) => [field, 1])) }),
    } as never)
    return undefined
  }
  const next = { ...after, rev: Math.max(before.rev, after.rev ?? 0) + 1 }
  const { matchedCount } = await collection.replaceOne({ _id: before._id, rev: before.rev }, next)
  return matchedCount === 1 ? undefined : CHANGED
}

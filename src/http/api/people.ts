import { z } from 'zod'
import { changePool, columnDay, columnNames, poolOf } from '../../../handlers/moments/columns.ts'
import { standingProblems } from '../../../handlers/moments/contacts-report.ts'
import { proposalLines, recordTalk, talksDue } from '../../../handlers/moments/hr-talks.ts'
import { decideWho } from '../../../handlers/moments/newcomers.ts'
import { today } from '../../../handlers/moments/people.ts'
import type { Ctx } from '../../context.ts'
import { OCCASIONS } from '../../domain/hr-talks.ts'
import { addDays, dayOf, formatDay, formatDayFull, partsOf } from '../../domain/time.ts'
import type { Person } from '../../store/people.ts'
import { ApiError } from './body.ts'
import type { ColumnsPage, PeoplePage, PersonLine, TalkKept, TalksPage } from './contract-people.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { noQuery, requestId, saying, words } from './fields.ts'

const text = {
  hrOnly: '这个页面由人力资源使用',
  gone: '这项内容已经处理过了，请刷新页面',
  nobody: '没有找到这位同事，请刷新页面',
  self: '不能登记与自己的谈话',
  empty: '请填写谈话内容或建议',
  noColumn: '没有这个栏目，请刷新页面',
  tooShort: '内容太短，请写完整后再添加',
  known: '这个栏目里已经有这一条',
  unknown: '这个栏目里没有这一条，请刷新页面',
}

/** What the chat takes as well (handlers/hr-words.ts). */
const MOST_COLUMN = 800
const LEAST_COLUMN = 4
const MOST_TALK = 2000
const FOUND_DAYS = 30
const MOST_NAMED = 200

function mustBeHr(me: Person): void {
  if (!me.roles.includes('hr')) throw new ApiError(403, 'forbidden', text.hrOnly)
}

const placeOf = (p: { departments: string[]; jobNumber?: string }): string =>
  `${p.departments[0] ?? '未分部门'}${p.jobNumber ? `，工号${p.jobNumber}` : ''}`
const lineOf = (p: Person): PersonLine => ({ id: p._id, name: p.name, place: placeOf(p) })

async function doubtsOf(ctx: Ctx): Promise<PeoplePage['doubts']> {
  const rows = await ctx.contacts.openDoubts()
  const people = new Map((await ctx.people.many(rows.flatMap((r) => r.candidates))).map((p) => [p._id, p]))
  return rows.map((row) => ({
    id: row._id,
    name: row.name,
    from: `${row.platform === 'wecom' ? '企业微信' : '钉钉'}通讯录，${row.departments[0] ?? '未分部门'}`,
    candidates: row.candidates.flatMap((id, number) => {
      const p = people.get(id)
      return p ? [{ number, name: p.name, place: `${placeOf(p)}${p.active ? '' : '，曾离职'}` }] : []
    }),
  }))
}

/** The day on which the columns come next, within a month. */
function nextColumns(ctx: Ctx, now: Date): string | undefined {
  const { timeZone, columns } = ctx.company()
  const from = dayOf(now, timeZone)
  for (let n = 0; n < 31; n++) {
    const day = addDays(from, n)
    if (columnDay(ctx, day)) return `${formatDayFull(day)}${columns.time}`
  }
  return undefined
}

async function columnsPage(ctx: Ctx, now: Date): Promise<ColumnsPage> {
  const next = nextColumns(ctx, now)
  const columns = await Promise.all(
    columnNames(ctx).map(async (name) => {
      const used = new Set((await ctx.columns.issuesOf(name)).map((i) => i.text))
      return { name, texts: (await poolOf(ctx, name)).map((t) => ({ text: t, used: used.has(t) })) }
    }),
  )
  return { ...(next && { next }), most: MOST_COLUMN, columns }
}

export const peopleEndpoints: Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/api/people',
    query: noQuery,
    async run({ ctx, me, now }): Promise<PeoplePage> {
      mustBeHr(me)
      const { timeZone } = ctx.company()
      const since = new Date(now.getTime() - FOUND_DAYS * 86_400_000)
      const active = await ctx.people.active()
      return {
        doubts: await doubtsOf(ctx),
        standing: (await standingProblems(ctx)).slice(0, MOST_NAMED).map((n) => n.text),
        withoutNumber: active
          .filter((p) => !p.jobNumber)
          .slice(0, MOST_NAMED)
          .map(lineOf),
        found: (await ctx.contacts.notesSince(since))
          .slice(-MOST_NAMED)
          .reverse()
          .map((n) => ({ on: formatDay(dayOf(n.at, timeZone)), text: n.text })),
      }
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/people/same',
    query: noQuery,
    body: z.strictObject({
      requestId,
      doubt: z.string().min(1).max(300),
      candidate: z.number().int().min(0).max(9).nullable(),
    }),
    async run({ ctx, me, act, body }): Promise<{ same: boolean }> {
      mustBeHr(me)
      const { kind } = await decideWho(ctx, act, me, body.doubt, body.candidate ?? undefined)
      if (kind === 'not-allowed') throw new ApiError(403, 'forbidden', text.hrOnly)
      if (kind === 'gone' || kind === 'already') throw new ApiError(422, 'gone', text.gone)
      return { same: kind === 'same' }
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/talks',
    query: noQuery,
    async run({ ctx, me, now }): Promise<TalksPage> {
      mustBeHr(me)
      const day = today(ctx, now)
      const { due, done, of } = await talksDue(ctx, me, day)
      const sure = due.filter((d) => d.occasion !== 'yearly')
      const yearly = due.filter((d) => d.occasion === 'yearly')
      return {
        ...{ year: partsOf(day).year, done, of, most: MOST_TALK },
        due: [...sure, ...yearly].slice(0, MOST_NAMED).map((d) => ({
          person: lineOf(d.person),
          occasion: OCCASIONS[d.occasion],
          by: formatDay(d.by),
          late: d.by < day,
          sure: d.occasion !== 'yearly',
        })),
        people: (await ctx.people.active()).filter((p) => p._id !== me._id).map(lineOf),
      }
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/talks',
    query: noQuery,
    body: z.strictObject({
      requestId,
      person: z.string().min(1).max(60),
      summary: words(MOST_TALK),
      proposals: words(MOST_TALK),
      pass: z.boolean(),
    }),
    async run({ ctx, me, act, body }): Promise<TalkKept> {
      mustBeHr(me)
      const person = await ctx.people.get(body.person)
      if (!person?.active) throw new ApiError(422, 'gone', text.nobody)
      if (person._id === me._id) throw new ApiError(422, 'self', text.self)
      const draft = { summary: body.summary.trim(), proposals: proposalLines(body.proposals.split('\n')) }
      if (draft.summary === '' && draft.proposals.length === 0) throw new ApiError(400, 'invalid', text.empty)
      const kept = await recordTalk(ctx, act, me, person, draft, body.pass)
      if (kept.kind === 'not-allowed') throw new ApiError(403, 'forbidden', text.hrOnly)
      return kept.to ? { passedTo: kept.to.name } : {}
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/columns',
    query: noQuery,
    async run({ ctx, me, now }): Promise<ColumnsPage> {
      mustBeHr(me)
      return columnsPage(ctx, now)
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/columns',
    query: noQuery,
    body: z.strictObject({
      requestId,
      column: z.string().min(1).max(20),
      text: saying(MOST_COLUMN),
      change: z.enum(['add', 'remove']),
    }),
    async run({ ctx, me, act, body, now }): Promise<ColumnsPage> {
      mustBeHr(me)
      if (!columnNames(ctx).includes(body.column)) throw new ApiError(422, 'gone', text.noColumn)
      if (body.change === 'add' && [...body.text].length < LEAST_COLUMN)
        throw new ApiError(422, 'too-short', text.tooShort)
      const { kind } = await changePool(ctx, act, me, body.column, body.text, body.change)
      if (kind === 'not-allowed') throw new ApiError(403, 'forbidden', text.hrOnly)
      if (kind === 'known') throw new ApiError(422, 'known', text.known)
      if (kind === 'unknown') throw new ApiError(422, 'unknown', text.unknown)
      return columnsPage(ctx, now)
    },
  }),
]

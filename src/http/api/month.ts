import { z } from 'zod'
import { appealState, explainFile, explainWithdraw } from '../../../handlers/appeal.ts'
import { fileAppeal, withdrawAppeal } from '../../../handlers/month/appeal.ts'
import { casesFor, recordBehaviour } from '../../../handlers/month/behaviour.ts'
import { exportResults, exportYear } from '../../../handlers/month/export.ts'
import { confirmTeam, datesOf, returnResult, teamMonth, undoConfirm } from '../../../handlers/month/flow.ts'
import { firstMonth, noteGoals } from '../../../handlers/month/inputs.ts'
import { acknowledgeResult, noteSeen } from '../../../handlers/month/publish.ts'
import { isOver } from '../../../handlers/month/settle.ts'
import { currentOf, ownResult } from '../../../handlers/month/view.ts'
import { explainRecord } from '../../../handlers/record-behaviour.ts'
import type { Ctx } from '../../context.ts'
import { caseTitle, pointChoices } from '../../domain/behaviour.ts'
import { exact, readable } from '../../domain/decimal.ts'
import { appealLeft, dayText } from '../../domain/month-dates.ts'
import { distribution } from '../../domain/settlement.ts'
import { addMonths, dayOf, formatMonth, type Month, monthOf, previousMonth } from '../../domain/time.ts'
import { appealId } from '../../store/appeals.ts'
import { monthRowId } from '../../store/month-inputs.ts'
import type { Person } from '../../store/people.ts'
import type { ResultRow } from '../../store/results.ts'
import { ApiError } from './body.ts'
import type { BehaviourForm, MonthLine, MonthPage, ResultDetail } from './contract.ts'
import { type Call, type Endpoint, endpoint } from './endpoint.ts'
import { day, noQuery, requestId, saying, words } from './fields.ts'

const MONTH = /^20\d\d-(0[1-9]|1[0-2])$/
const personId = z.string().regex(/^[0-9A-Za-z_-]{1,64}$/)
/** More than this is the Excel's to show. */
const MOST_LINES = 500

function monthOfCall(call: Call<never, never>): Month {
  const month = call.params.month ?? ''
  if (!MONTH.test(month)) throw new ApiError(404, 'not-found', '没有这个月份')
  return month
}

interface Workbook {
  name: string
  /** Base64. */
  data: string
}

const workbook = (ctx: Ctx, name: string, bytes: Uint8Array): Workbook => ({
  name: `${ctx.company().name.replace(/[\\/:*?"<>|]/g, '')}-${name}.xlsx`,
  data: Buffer.from(bytes).toString('base64'),
})

/** The same for somebody else's result and for a person who does not exist, so that nobody finds out which it was. */
const notYours = () => new ApiError(403, 'forbidden', '没有已发布的结果，或您没有查看的权限')

async function detailOf(call: Call<never, never>, person: Person): Promise<ResultDetail> {
  const { ctx, me, now } = call
  const month = monthOfCall(call)
  const own = person._id === me._id
  const found = await ownResult(ctx, me, person, month, now)
  if (!found && !own) throw notYours()
  if (!found) throw new ApiError(404, 'not-found', '这个月还没有已发布的结果')
  const { result: r } = found
  const { weeks, timeZone } = ctx.company()
  const appeal = await ctx.appeals.standing(appealId(person._id, month, { kind: 'result', version: found.version }))
  const input = await ctx.monthInputs.get(monthRowId(person._id, month))
  return {
    month,
    title: `${formatMonth(month)}绩效结果`,
    name: person.name,
    own,
    version: found.version,
    position: r.position,
    scheme: r.scheme,
    ...figuresOf(r),
    sections: r.sections,
    ...(own && found.appealOpen && !appeal && { appeal: appealLeft(dayOf(now, timeZone), found.appealDay, weeks) }),
    ...(appeal && { appealed: appealState(appeal) }),
    mayWithdraw: own && appeal?.state === 'filed',
    acknowledged: found.acknowledged,
    ...(own && found.place && { place: found.place }),
    ...(found.list && { list: found.list }),
    versions: found.versions.map(({ version, at, why, shownTotal }) => ({
      version,
      at: at.toISOString(),
      why,
      ...(shownTotal !== undefined && { total: shownTotal }),
    })),
    ...(input?.goals && { goals: input.goals.text }),
    trend: own ? await trendOf(ctx, me) : [],
  }
}

/** Totals of one's last twelve published months, oldest first; months without one leave a gap in the line. */
async function trendOf(ctx: Ctx, me: Person): Promise<ResultDetail['trend']> {
  const rows = await ctx.results.ofPerson(me._id, 12)
  return rows.reverse().flatMap((r) => {
    const total = currentOf(r).shownTotal
    return total === undefined ? [] : [{ label: `${Number(r.month.slice(5))}月`, total: Number(total) }]
  })
}

const figuresOf = (r: ResultRow['draft']) => ({
  ...(r.shownWork !== undefined && { work: r.shownWork }),
  plus: readable(exact(r.plus)),
  minus: readable(exact(r.minus)),
  ...(r.shownTotal !== undefined && { total: r.shownTotal }),
  ...(r.grade !== undefined && { grade: r.grade }),
  ...(r.change !== undefined && { change: r.change }),
})

function lineOf(row: ResultRow, waiting: readonly string[], goals: string | undefined): MonthLine {
  const r = currentOf(row)
  return {
    id: row.personId,
    name: row.name,
    position: r.position,
    ...figuresOf(r),
    missing: [...new Set([...r.missing, ...waiting])],
    ...(row.state === 'draft' && r.remarks && { remarks: r.remarks }),
    state: row.state,
    ...(row.returned && { returned: row.returned.reason }),
    sections: r.sections,
    ...(goals !== undefined && { goals }),
  }
}

/** @throws ApiError 404 before the bot was there, and in the future */
function checkMonth({ ctx, now }: Call<never, never>, month: Month): void {
  const running = monthOf(dayOf(now, ctx.company().timeZone))
  if (month < firstMonth(ctx) || month > running) throw new ApiError(404, 'not-found', '没有这个月份')
}

async function monthPage(call: Call<never, never>): Promise<MonthPage> {
  const { ctx, me, now } = call
  const month = monthOfCall(call)
  const today = dayOf(now, ctx.company().timeZone)
  checkMonth(call, month)
  const seesAll = me.roles.includes('hr') || me.roles.includes('gm')
  const team = await teamMonth(ctx, me._id, month, now)
  const scope = seesAll ? 'all' : 'own'
  const rows = seesAll ? await ctx.results.ofMonth(month) : team.rows
  if (!seesAll && rows.length === 0) throw new ApiError(403, 'forbidden', '没有需要您查看的团队结果')
  const { grades, month: settings } = ctx.company()
  const dates = datesOf(ctx, month)
  const mayConfirm = isOver(ctx, month, now) && team.open.length === 0 && team.rows.some((r) => r.state === 'draft')
  const spread = distribution(rows.map(currentOf), grades, settings.guide)
  const months: MonthPage['months'] = []
  for (let m = previousMonth(monthOf(today)); m >= firstMonth(ctx) && months.length < 12; m = addMonths(m, -1))
    months.push({ month: m, title: formatMonth(m) })
  const waiting = new Map(team.open.map((o) => [o.personId, o.what]))
  const shownRows = rows.slice(0, MOST_LINES)
  const inputs = await ctx.monthInputs.many(
    month,
    shownRows.map((r) => r.personId),
  )
  const { state, approved } = await ctx.months.get(month)
  const mine = rows.filter((r) => r.state === 'confirmed' && r.confirmed?.by === me._id).length
  const whole = state === 'approved' && approved?.by === me._id ? rows.length : 0
  return {
    month,
    title: formatMonth(month),
    scope,
    dates: [
      { step: '结算', day: dayText(dates.settle) },
      { step: '上级确认', day: dayText(dates.confirm) },
      { step: '总经理确认', day: dayText(dates.approve) },
      { step: '发布', day: dayText(dates.publish) },
    ],
    people: shownRows.map((r) => lineOf(r, waiting.get(r.personId) ?? [], inputs.get(r.personId)?.goals?.text)),
    more: Math.max(0, rows.length - MOST_LINES),
    ...(mayConfirm && { digest: team.digest }),
    mayUndo: state === 'open' ? mine : whole,
    mayNote: me.roles.includes('hr'),
    spread: spread.grades,
    months,
  }
}

/** Whom somebody may record from the page: those below them, and for HR everybody. */
async function behaviourForm({ ctx, me, now }: Call<never, never>): Promise<BehaviourForm> {
  const today = dayOf(now, ctx.company().timeZone)
  const candidates = me.roles.includes('hr') ? await ctx.people.active() : await ctx.people.reportsOf(me._id)
  const people: BehaviourForm['people'] = []
  for (const person of candidates.slice(0, MOST_LINES)) {
    const cases = await casesFor(ctx, me, person)
    if (cases.length === 0) continue
    people.push({
      id: person._id,
      name: person.name,
      about: [person.departments.at(-1), person.jobNumber].filter(Boolean).join('，'),
      cases: cases.map((c) => ({ id: c.id, title: caseTitle(c), category: c.category, points: pointChoices(c) })),
    })
  }
  return { people, today }
}

export const monthEndpoints: Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/api/result/:month',
    query: z.strictObject({ person: personId.optional() }),
    async run(call): Promise<ResultDetail> {
      const { ctx, me, act, platform, now, query } = call
      const person = query.person === undefined ? me : await ctx.people.get(query.person)
      if (!person) throw notYours()
      const detail = await detailOf(call as Call<never, never>, person)
      if (detail.own) await noteSeen(ctx, { id: act.id, at: now }, me, detail.month, platform)
      return detail
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/result/:month/acknowledge',
    query: noQuery,
    body: z.strictObject({ requestId, version: z.number().int().min(1) }),
    async run(call): Promise<ResultDetail> {
      const { ctx, me, act, body, platform } = call
      const month = monthOfCall(call as Call<never, never>)
      const { kind } = await acknowledgeResult(ctx, act, me, month, body.version, platform)
      if (kind === 'gone') throw new ApiError(409, 'gone', '结果已有新的版本，请刷新页面')
      return detailOf(call as Call<never, never>, me)
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/result/:month/appeal',
    query: noQuery,
    body: z.strictObject({ requestId, version: z.number().int().min(1), text: saying(1000) }),
    async run(call): Promise<{ done: true; text: string }> {
      const { ctx, me, act, body } = call
      const month = monthOfCall(call as Call<never, never>)
      const about = { kind: 'result' as const, version: body.version }
      const outcome = await fileAppeal(ctx, act, me, month, about, body.text)
      if (outcome.kind !== 'filed') throw new ApiError(422, 'refused', explainFile(outcome))
      return { done: true, text: explainFile(outcome) }
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/result/:month/appeal/withdraw',
    query: noQuery,
    body: z.strictObject({ requestId, version: z.number().int().min(1) }),
    async run(call): Promise<ResultDetail> {
      const { ctx, me, act, body } = call
      const about = { kind: 'result' as const, version: body.version }
      const { kind } = await withdrawAppeal(
        ctx,
        act,
        me,
        appealId(me._id, monthOfCall(call as Call<never, never>), about),
      )
      if (kind !== 'withdrawn') throw new ApiError(422, 'refused', explainWithdraw(kind))
      return detailOf(call as Call<never, never>, me)
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/month/:month',
    query: noQuery,
    run: (call) => monthPage(call as Call<never, never>),
  }),
  endpoint({
    method: 'POST',
    path: '/api/month/:month/confirm',
    query: noQuery,
    body: z.strictObject({ requestId, digest: z.string().regex(/^[0-9a-f]{16}$/) }),
    async run(call): Promise<MonthPage> {
      const { ctx, me, act, body } = call
      const month = monthOfCall(call as Call<never, never>)
      const outcome = await confirmTeam(ctx, act, me, me._id, month, body.digest)
      if (outcome.kind !== 'confirmed') {
        const by = outcome.kind === 'already' ? await ctx.people.get(outcome.by) : undefined
        const words = {
          already: `${by?.name ?? '其他上级'}已先确认`,
          missing: '还有人缺少数据，补齐后才能确认',
          changed: '数据在您查看之后有变化，请核对最新结果后再确认',
          'not-over': '这个月尚未结束，不能确认',
          published: '结果已发布，不能再确认',
          'no-team': '没有需要您确认的团队结果',
          'not-allowed': '您不能确认这个团队的结果',
        }[outcome.kind]
        throw new ApiError(409, outcome.kind, words, { current: await monthPage(call as Call<never, never>) })
      }
      return monthPage(call as Call<never, never>)
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/month/:month/return',
    query: noQuery,
    body: z.strictObject({ requestId, person: personId, text: saying(300) }),
    async run(call): Promise<MonthPage> {
      const { ctx, me, act, body } = call
      const month = monthOfCall(call as Call<never, never>)
      const person = await ctx.people.get(body.person)
      const kind = person ? (await returnResult(ctx, act, me, person, month, body.text)).kind : 'gone'
      if (kind !== 'returned')
        throw new ApiError(
          kind === 'not-allowed' ? 403 : 409,
          kind,
          kind === 'confirmed' ? '已确认，不能再退回' : '没有这项内容或您没有权限',
        )
      return monthPage(call as Call<never, never>)
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/month/:month/undo',
    query: noQuery,
    body: z.strictObject({ requestId }),
    async run(call): Promise<MonthPage> {
      const { ctx, me, act } = call
      const month = monthOfCall(call as Call<never, never>)
      const outcome = await undoConfirm(ctx, act, me, month)
      if (outcome.kind !== 'undone' && outcome.kind !== 'unapproved') {
        const words = {
          approved: '总经理已确认全公司结果，不能撤销；如确有需要，请总经理退回团队',
          published: '结果已发布，不能再撤销',
          nothing: '没有可以撤销的确认',
        }[outcome.kind]
        throw new ApiError(outcome.kind === 'nothing' ? 403 : 409, outcome.kind, words)
      }
      return monthPage(call as Call<never, never>)
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/month/:month/workbook',
    query: noQuery,
    async run(call): Promise<Workbook> {
      const { ctx, me, now } = call
      const month = monthOfCall(call as Call<never, never>)
      if (!me.roles.includes('hr')) throw new ApiError(403, 'forbidden', '只有人力资源可以下载全公司结果')
      const { bytes, people, drafts } = await exportResults(ctx, month, now)
      if (people === 0) throw new ApiError(422, 'nothing', '这个月还没有结果，次月结算后才有')
      await ctx.audit.add({
        _id: `results-exported/${month}/${me._id}/${now.toISOString()}`,
        at: now,
        by: me._id,
        what: 'results-exported',
        to: `month/${month}`,
        detail: { people, drafts },
      })
      return workbook(ctx, `${month}绩效结果`, bytes)
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/year/:year/workbook',
    query: noQuery,
    async run({ ctx, me, now, params }): Promise<Workbook> {
      if (!/^20\d\d$/.test(params.year ?? '')) throw new ApiError(404, 'not-found', '没有这个年份')
      const year = Number(params.year)
      if (!me.roles.includes('hr')) throw new ApiError(403, 'forbidden', '只有人力资源可以下载全公司结果')
      const { bytes, people } = await exportYear(ctx, year, now)
      if (people === 0) throw new ApiError(422, 'nothing', '这一年还没有已发布的结果')
      await ctx.audit.add({
        _id: `year-exported/${year}/${me._id}/${now.toISOString()}`,
        at: now,
        by: me._id,
        what: 'year-exported',
        to: `month/${year}`,
        detail: { people },
      })
      return workbook(ctx, `${year}年绩效汇总`, bytes)
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/month/:month/goals',
    query: noQuery,
    body: z.strictObject({ requestId, person: personId, text: words(500) }),
    async run(call): Promise<MonthPage> {
      const { ctx, me, act, body } = call
      const month = monthOfCall(call as Call<never, never>)
      checkMonth(call as Call<never, never>, month)
      const person = await ctx.people.get(body.person)
      const kind = person ? (await noteGoals(ctx, act, me, person, month, body.text)).kind : 'not-allowed'
      if (kind === 'not-allowed') throw new ApiError(403, kind, '只有人力资源可以填写，且不能为本人填写')
      return monthPage(call as Call<never, never>)
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/behaviour',
    query: noQuery,
    run: (call) => behaviourForm(call as Call<never, never>),
  }),
  endpoint({
    method: 'POST',
    path: '/api/behaviour',
    query: noQuery,
    body: z.strictObject({
      requestId,
      person: personId,
      case: z.string().regex(/^[a-z0-9-]{1,30}$/),
      points: z.string().regex(/^-?\d{1,3}(\.5)?$/),
      times: z.number().int().min(1).max(20),
      day,
      text: z.string().max(500),
    }),
    async run(call): Promise<{ done: true; waiting: boolean; id: string }> {
      const { ctx, me, act, body } = call
      const person = await ctx.people.get(body.person)
      if (!person) throw new ApiError(404, 'not-found', '没有这位同事')
      const input = { caseId: body.case, points: body.points, times: body.times, day: body.day, facts: body.text }
      const outcome = await recordBehaviour(ctx, act, me, person, input)
      if (outcome.kind !== 'recorded')
        throw new ApiError(outcome.kind === 'not-allowed' ? 403 : 422, outcome.kind, explainRecord(outcome))
      return { done: true, waiting: outcome.row.state === 'waiting', id: outcome.row._id }
    },
  }),
]

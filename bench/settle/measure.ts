import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { settleMonth } from '../../handlers/month/settle.ts'
import { parseCompany } from '../../src/company.ts'
import type { Ctx } from '../../src/context.ts'
import { saturdayOf, weeksOfMonth } from '../../src/domain/time.ts'
import { auditStore } from '../../src/store/audit.ts'
import { connect, prepare } from '../../src/store/connect.ts'
import { monthStores } from '../../src/store/months.ts'
import { peopleStore } from '../../src/store/people.ts'
import { surveyScoreStore } from '../../src/store/survey-scores.ts'
import { weekRowId, weekStore } from '../../src/store/weeks.ts'

/** Five Saturdays, the first of them a holiday with its deadline moved. */
const MONTH = '2026-10'
const NOW = new Date('2026-11-02T09:00:00+08:00')
const [what, count] = [process.argv[2], Number(process.argv[3])]
const db = await connect(process.env.BENCH_URI!)
const company = parseCompany('name: bench\n')
const stores = {
  people: peopleStore(db),
  weeks: weekStore(db),
  surveyScores: surveyScoreStore(db),
  audit: auditStore(db),
  ...monthStores(db),
}
const ctx = { ...stores, company: () => company, firstWeek: '2026-W30' } as unknown as Ctx
const weeks = weeksOfMonth(MONTH)
const id = (n: number) => `e${String(n).padStart(11, '0')}`
const BATCH = 200

function weekRow(person: number, week: string) {
  const at = new Date(`${saturdayOf(week)}T10:00:00+08:00`)
  const plan = [20, 30, 25, 25].map((points, i) => ({
    text: `第${i + 1}项工作：按计划完成并与相关部门核对`,
    kind: i < 2 ? 'key' : 'routine',
    points,
  }))
  const outcomes = plan.map(() => ({ outcome: 'done', note: '已完成' }))
  const summary = {
    outcomes,
    extra: ['协助其他部门'],
    shortcomings: '开始得太晚',
    problems: '资料不全',
    improvements: '提前准备',
  }
  return {
    _id: weekRowId(id(person), week),
    personId: id(person),
    week,
    submissions: [{ at, content: { plan, summary } }],
    score: {
      points: plan.map((p, i) => p.points - ((person + i) % 4)),
      planned: plan.map(({ text, points }) => ({ text, points })),
      deductions: person % 7 === 0 ? [{ requirement: 'summary-complete', points: 2.5 }] : [],
      by: id(Math.floor(person / 12) * 12),
      at,
    },
    pastScores: [],
    notes: [],
    rev: 2,
    applied: [{ event: `wecom:msg:${person}`, outcome: '{"kind":"scored"}' }],
  }
}

async function seed() {
  await prepare(db)
  let documents = 0
  for (let from = 0; from < count; from += 1000) {
    const numbers = Array.from({ length: Math.min(1000, count - from) }, (_, i) => from + i)
    await stores.people.model.collection.insertMany(
      numbers.map((n) => ({
        _id: id(n),
        name: `员工${n}`,
        jobNumber: String(n).padStart(6, '0'),
        position: '专员',
        departments: ['事业部', `第${Math.floor(n / 12)}组`],
        ...(n % 12 !== 0 && { managerId: id(Math.floor(n / 12) * 12) }),
        roles: [],
        nicknames: [],
        active: true,
        wecom: `u${n}`,
        joinedOn: '2020-03-02',
      })) as never,
    )
    const rows = numbers.flatMap((n) => weeks.map((w) => weekRow(n, w)))
    await stores.weeks.model.collection.insertMany(rows as never)
    documents += rows.length
  }
  return { documents }
}

/** Reads every person and every week as settlement does, and writes as many documents of the same size. */
async function bare() {
  const template = (await stores.results.model.collection.findOne({})) ?? (await made())
  const copies = db.collection('results_bare')
  await copies.deleteMany({})
  // The indexes that results have: writing them is part of writing the documents.
  for (const [keys] of stores.results.model.schema.indexes()) await copies.createIndex(keys as never)
  let batch: { _id: string }[] = []
  const flush = async () => {
    const ids = batch.map((p) => p._id)
    const rows = await stores.weeks.model.collection.find({ personId: { $in: ids }, week: { $in: weeks } }).toArray()
    if (rows.length !== ids.length * weeks.length) throw new Error('not all weeks were read')
    await copies.insertMany(ids.map((one) => ({ ...template, _id: `${one}/${MONTH}` as never, personId: one })))
    batch = []
  }
  for await (const person of stores.people.model.collection.find({}, { sort: { _id: 1 }, batchSize: BATCH })) {
    batch.push(person as never)
    if (batch.length >= BATCH) await flush()
  }
  if (batch.length > 0) await flush()
  return {}
}

/** One result as settlement writes it, from a company of one. */
async function made() {
  await settleMonth({ ...ctx, people: { ...stores.people, model: onePerson() } } as never, MONTH, NOW)
  const row = (await stores.results.model.collection.findOne({}))!
  await stores.results.model.collection.deleteMany({})
  return row
}

/** The people's collection as if it held one. */
function onePerson() {
  const { collection } = stores.people.model
  const find = (filter: object, options: object) =>
    collection.find({ ...filter, _id: id(1) as never }, options as never)
  return { collection: { find } }
}

const blocks = monitorEventLoopDelay({ resolution: 5 })
let rss = 0
const watch = setInterval(() => {
  rss = Math.max(rss, process.memoryUsage.rss())
}, 50)
blocks.enable()
const from = performance.now()
let more: object = {}
switch (what) {
  case 'seed':
    more = await seed()
    break
  case 'bare':
    more = await bare()
    break
  case 'settle':
    await stores.results.model.collection.deleteMany({})
    blocks.reset()
    more = await timed(() => settleMonth(ctx, MONTH, NOW))
    break
  case 'again':
    more = await timed(() => settleMonth(ctx, MONTH, new Date(NOW.getTime() + 60_000)))
    break
}
blocks.disable()
clearInterval(watch)

async function timed<T extends object>(work: () => Promise<T>): Promise<T & { ms: number }> {
  const begun = performance.now()
  return { ...(await work()), ms: performance.now() - begun }
}

console.log(
  JSON.stringify({
    ms: performance.now() - from,
    cpuMs: Math.round((process.cpuUsage().user + process.cpuUsage().system) / 1000),
    rssMb: Math.round(rss / 1_048_576),
    blockMs: blocks.max / 1e6,
    ...more,
  }),
)
await db.close()

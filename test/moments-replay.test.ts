import { afterAll, beforeAll, expect, test } from 'vitest'
import { momentJobs } from '../jobs/moments.ts'
import { parseCompany } from '../src/company.ts'
import type { Ctx } from '../src/context.ts'
import { makeCalendar } from '../src/domain/calendar.ts'
import { type MomentSettings, momentsOn, wishDay } from '../src/domain/moments.ts'
import { addDays, type Day, dayOf } from '../src/domain/time.ts'
import type { Db } from '../src/store/connect.ts'
import { openTestDb } from './db.ts'
import { generatePeople, owedMoments, randomFrom } from './generated-people.ts'
import { momentsWorld, person } from './moments-world.ts'

const FROM = '2026-01-01'
const TO = '2028-12-31'
const calendar = makeCalendar()
const settings: MomentSettings = { restDay: 'same-day', feb29: '02-28' }

test('three years of 300 people by the rules: every moment on its day, none before the first day or after the last', () => {
  const people = generatePeople(300, FROM, TO)
  const said = new Map<string, Day[]>()
  for (let day = FROM; day <= TO; day = addDays(day, 1)) {
    const on = wishDay(day, calendar, settings)
    for (const person of people)
      for (const { kind, key } of momentsOn(person, on, settings)) {
        // A welcome is owed for thirty days under one key: it is said on the first.
        if (kind === 'welcome' && said.has(key)) continue
        said.set(key, [...(said.get(key) ?? []), day])
      }
  }
  const owed = new Map(people.flatMap((p) => [...owedMoments(p, FROM, TO, calendar.isWorkday)]))
  expect([...said.values()].filter((days) => days.length !== 1)).toEqual([])
  expect(new Map([...said].map(([key, [day]]) => [key, day]).sort() as [string, Day][])).toEqual(
    new Map([...owed].sort()),
  )
  expect(owed.size).toBeGreaterThan(1300)
})

test('no other wording, no year and no age for anybody, whatever the wish', () => {
  const { moments } = parseCompany('name: 示例\n')
  for (const text of [...moments.birthday, ...moments.anniversary, ...moments.both])
    expect(text).not.toMatch(/岁|\d{4}/)
})

let database: { db: Db; stop(): Promise<void> }
beforeAll(async () => {
  database = await openTestDb()
})
afterAll(() => database.stop())

test('a quarter of 120 people, over New Year in both calendars, through store, jobs and outbox, each run twice and now and then cut off: everything exactly once', async () => {
  const from = '2027-01-01'
  const to = '2027-03-31'
  const world = await momentsWorld(database.db, {
    start: `${from}T00:00:00+08:00`,
    yaml: 'name: 示例\nmoments: { askBirthday: false }\n',
  })
  const { clock, ctx } = world
  const { outbox } = ctx
  const people = generatePeople(120, '2026-10-01', to, 11)
  for (const p of people) {
    const { id, name, joinedOn, leftOn } = p
    await ctx.people.save(
      person(id, {
        ...{ name, wecom: id, managerId: 'boss' },
        ...(joinedOn && { joinedOn }),
        ...(leftOn && { leftOn, leftBy: 'roster' as const }),
      }),
    )
    await ctx.personal.set(id, {
      wishes: p.wishes,
      ...(p.birthday && { birthday: { value: p.birthday, from: 'hr' as const } }),
      ...(p.probationEndsOn && { probationEndsOn: { value: p.probationEndsOn, from: 'hr' as const } }),
    })
  }
  await ctx.people.save(person('boss', { wecom: 'boss', roles: ['hr', 'gm'] }))

  const jobs = momentJobs.filter((j) => ['retention', 'moments', 'terms'].includes(j.name))
  const random = randomFrom(3)
  let cuts = 0
  /** The process dies with half of the rows written. */
  const cutOff: Ctx = {
    ...ctx,
    outbox: {
      ...outbox,
      async add(rows) {
        await outbox.add(rows.slice(0, Math.ceil(rows.length / 2)))
        throw new Error('cut off')
      },
    },
  }
  for (let day = from; day <= to; day = addDays(day, 1)) {
    const slots = jobs.flatMap((job) => job.times(day, ctx).map((at) => ({ job, at })))
    for (const { job, at } of slots.sort((a, b) => a.at.getTime() - b.at.getTime())) {
      clock.set(at.toISOString())
      if (random(5) === 0) await job.run(at, cutOff).catch(() => cuts++)
      await job.run(at, ctx)
      if (random(10) === 0) await job.run(at, ctx)
    }
    outbox.wake()
    await outbox.idle()
  }
  await outbox.stop()

  expect(cuts).toBeGreaterThan(20)
  // What arrived at people, by the platform's count, and by the outbox's.
  expect(new Set(world.arrived.map((d) => d.id)).size).toBe(world.arrived.length)
  const rows = await outbox.model.find({ state: 'sent' }).lean()
  expect(rows.length).toBe(world.arrived.length)
  const sent = rows.map((r) => ({ key: r._id, to: r.to, at: r.sentAt! }))
  const owed = new Map(people.flatMap((p) => [...owedMoments(p, from, to, calendar.isWorkday)]))
  const moments = sent.filter((s) => !s.key.startsWith('term/'))
  expect(moments.map((s) => s.key).sort()).toEqual([...owed.keys()].sort())
  for (const { key, at } of moments) expect(dayOf(at, 'Asia/Shanghai'), key).toBe(owed.get(key))
  for (const { to: id, at } of moments) {
    const { leftOn } = people.find((p) => p.id === id)!
    if (leftOn) expect(dayOf(at, 'Asia/Shanghai') <= leftOn).toBe(true)
  }
  // Ends of probations of people who stay: told at the five stages and then once a week, as nobody answers.
  const ended = people.filter((p) => p.probationEndsOn && p.probationEndsOn < '2027-03-01' && !p.leftOn)
  for (const p of ended) {
    const told = sent.filter((s) => s.key.startsWith(`term/probation/${p.id}/`))
    expect(told.length, p.id).toBeGreaterThanOrEqual(5)
    expect(told.every((s) => s.to === 'boss')).toBe(true)
  }
  expect(JSON.stringify(world.arrived.map((d) => d.message))).not.toMatch(/岁|年龄/)
}, 120_000)

import { createHash } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import type { World } from '../sandbox/world.ts'
import { commentIn, protect, reveal } from '../src/inbox/private.ts'
import type { Incoming } from '../src/platforms/port.ts'
import { toIncoming } from '../src/platforms/wecom/receive.ts'
import { parseXml } from '../src/platforms/wecom/xml.ts'
import { createSeal } from '../src/seal.ts'
import { personIdOf } from '../src/store/people.ts'
import { surveyStores } from '../src/store/surveys.ts'
import { allAsked, answer, askedOf, canteenYaml, phoneOf, startCanteen } from './survey-world.ts'

let world: World
afterEach(() => world?.stop())
const ROUND = 'canteen/2026-11'

type Dump = Record<string, Record<string, unknown>[]>

/** Everything an attacker reads who has the whole database: every collection in its natural order. */
async function dump(): Promise<Dump> {
  const { db } = world.bot.ctx.surveyRounds.model
  const all: Dump = {}
  for (const { name } of await db.listCollections())
    all[name] = (await db.collection(name).find().toArray()) as Record<string, unknown>[]
  return all
}

/** What each person answers: all different, so that one hit is a hit. */
function secrets(asked: string[]) {
  return asked.map((userId, i) => ({
    userId,
    stars: { 卫生: (i % 5) + 1, 价格: ((i * 2) % 5) + 1, 味道: ((i * 3) % 5) + 1, 花色: (Math.floor(i / 5) % 5) + 1 },
    comment: `只有我知道的话${i}`,
  }))
}

const idOf = (userId: string) => personIdOf(`number/${world.people.find((p) => p.userId === userId)!.jobNumber}`)

async function answered() {
  world = await startCanteen({ yaml: `${canteenYaml}${allAsked}` })
  await world.jumpTo('2026-11-20T11:30:00+08:00')
  const people = secrets(askedOf(world))
  for (const [i, { userId, stars, comment }] of people.entries()) {
    await world.jumpTo(new Date(Date.parse('2026-11-20T11:31:00+08:00') + i * 60_000))
    await answer(phoneOf(world, userId), stars)
    await phoneOf(world, userId).type(`匿名意见：${comment}`)
  }
  return people
}

/** Numbers and short texts that lie anywhere in a document. */
function leaves(value: unknown, found: unknown[] = []): unknown[] {
  if (value !== null && typeof value === 'object' && !(value instanceof Date))
    for (const part of Object.values(value)) leaves(part, found)
  else found.push(value)
  return found
}

test('while a round is open, nothing in any collection tells what anybody chose or wrote', async () => {
  const people = await answered()
  const all = await dump()
  const text = JSON.stringify(all)
  for (const { comment } of people) expect(text).not.toContain(comment)

  // Documents about a person hold no star: neither as a choice, nor selected on a card, nor in what is remembered of it.
  const mine = people.flatMap(({ userId }) =>
    Object.entries(all).flatMap(([name, docs]) =>
      docs.filter((d) => JSON.stringify(d).includes(idOf(userId))).map((d) => ({ name, d })),
    ),
  )
  expect(new Set(mine.map((m) => m.name))).toContain('outbox')
  for (const { name, d } of mine) {
    const said = JSON.stringify(d)
    expect(`${name} ${said}`).not.toMatch(/"(?:hygiene|price|taste|variety)":(?:\[?"?[1-5])/)
    expect(`${name} ${said}`).not.toMatch(/"selected":"[1-5]"/)
  }
  // The deliveries of the clicks are there, with who and when, and nothing else.
  const clicks = all.inbox!.map((row) => row.event as Record<string, unknown>).filter((e) => e.type === 'card-action')
  expect(clicks.length).toBeGreaterThanOrEqual(people.length * 3)
  for (const click of clicks) {
    expect(click.choices).toEqual({})
    expect(click.sealed).toBeUndefined()
  }

  // Envelopes: no person, no time, one length, an id that is no ObjectId.
  const ballots = all.survey_ballots!
  expect(ballots).toHaveLength(people.length * 2)
  expect(new Set(ballots.map((b) => (b.body as string).length)).size).toBe(1)
  for (const ballot of ballots) {
    expect(Object.keys(ballot).sort()).toEqual(['_id', 'body', 'done', 'kind', 'round'])
    expect(ballot._id).toMatch(/^[A-Za-z0-9_-]{43}$/)
    for (const leaf of leaves(ballot)) expect(leaf instanceof Date).toBe(false)
    for (const { userId } of people) expect(JSON.stringify(ballot)).not.toContain(idOf(userId))
  }
})

/** A click as WeCom delivers it; its fields but the stars stand in the database, or can. */
const clickXml = (hygiene: number, price: number, taste: number) =>
  parseXml(`<xml><FromUserName><![CDATA[zhao]]></FromUserName><CreateTime>1795145460</CreateTime><MsgType>event</MsgType>
<Event>template_card_event</Event><EventKey>anon-step</EventKey><TaskId>task</TaskId><AgentID>1000002</AgentID>
<ResponseCode>code</ResponseCode><SelectedItems>${Object.entries({ hygiene, price, taste })
    .map(
      ([key, n]) =>
        `<SelectedItem><QuestionKey>${key}</QuestionKey><OptionIds><OptionId>${n}</OptionId></OptionIds></SelectedItem>`,
    )
    .join('')}</SelectedItems></xml>`)

test('an id that is a hash of what was chosen is found out in 125 tries, so it is not kept', async () => {
  const at = new Date('2026-11-20T03:31:00Z')
  const stars = [1, 2, 3, 4, 5]
  const tries = stars.flatMap((a) => stars.flatMap((b) => stars.map((c) => toIncoming(clickXml(a, b, c), at)!.id)))
  const event = toIncoming(clickXml(4, 1, 3), at)!
  // As the platform's adapter gives it, the attack works…
  expect(tries.filter((id) => id === event.id)).toHaveLength(1)
  // …and on what is stored it does not, not even with everything but the secret.
  const kept = protect(event, createSeal('a-session-secret-of-thirty-two-or-more', 'inbox'))
  const guessed = tries.map((id) => createSeal('', 'inbox').tag(id))
  for (const id of [...tries, ...guessed]) expect(JSON.stringify(kept)).not.toContain(id)

  await answered()
  expect(JSON.stringify(await dump())).not.toContain('wecom:e:')
})

test('whose an envelope is cannot be told from the database alone', async () => {
  const people = await answered()
  const all = await dump()
  const text = JSON.stringify(all)
  const salt = String(all.survey_keys![0]!.salt)
  for (const { userId } of people)
    for (const words of [`answer/${ROUND}/${idOf(userId)}`, `comment/${ROUND}/${idOf(userId)}`, idOf(userId)]) {
      for (const how of ['base64url', 'hex'] as const) {
        expect(text).not.toContain(createHash('sha256').update(words).digest(how))
        expect(text).not.toContain(createHash('sha256').update(`${salt}${words}`).digest(how))
      }
      expect(text).not.toContain(createSeal('', salt).tag(words))
    }
})

test('after the close no answer of anybody is left: only sums, and comments without order', async () => {
  const people = await answered()
  await world.jumpTo('2026-11-25T18:10:00+08:00')
  const all = await dump()
  expect(all.survey_ballots).toEqual([])
  expect(all.survey_keys).toEqual([])
  expect(all.survey_named ?? []).toEqual([])
  const [tally] = all.survey_tallies!
  expect(Object.keys(tally!).sort()).toEqual(['_id', 'answers', 'choices', 'score', 'stars'])
  // No list in it is as long as there are people: there is nothing to lay beside the order of arrival.
  expect(tally!.answers).toBe(people.length)
  for (const counts of Object.values(tally!.stars as Record<string, number[]>)) expect(counts).toHaveLength(5)

  // The comments, laid beside the order in which people wrote, the order of their ids, and both backwards: no better than chance.
  const texts = (all.survey_comments as unknown as { texts: string[] }[]).flatMap((c) => c.texts)
  expect([...texts].sort()).toEqual(people.map((p) => p.comment).sort())
  const arrival = people.map((p) => p.comment)
  const byId = [...people].sort((a, b) => (idOf(a.userId) < idOf(b.userId) ? -1 : 1)).map((p) => p.comment)
  const expected = [...texts].sort((a, b) => (sha(a) < sha(b) ? -1 : 1))
  expect(texts).toEqual(expected)
  for (const guess of [arrival, byId, [...arrival].reverse(), [...byId].reverse()]) {
    const hits = guess.filter((comment, i) => texts[i] === comment).length
    // By chance one is right on the average, and four or more in 2 % of cases; the people and their words are fixed.
    expect(hits).toBeLessThan(4)
  }
  // Nor does the whole database say who wrote which.
  for (const { userId, comment } of people)
    for (const docs of Object.values(all))
      for (const doc of docs) {
        const said = JSON.stringify(doc)
        if (said.includes(comment)) expect(said).not.toContain(idOf(userId))
      }
})

const sha = (text: string) => createHash('sha256').update(text).digest('hex')

test('an answer that waits in the inbox is sealed there, and gone from it when it is done', async () => {
  const seal = createSeal('a-session-secret-of-thirty-two-or-more', 'inbox')
  const base = { platform: 'wecom' as const, userId: 'zhao', at: new Date('2026-11-20T03:31:00Z') }
  const events: Incoming[] = [
    { ...base, id: 'wecom:e:1', type: 'card-action', cardId: 'c', action: 'anon-step', choices: { taste: ['1'] } },
    { ...base, id: 'wecom:2', type: 'text', text: ' 匿名意见：菜太咸', chat: { kind: 'private' } },
    {
      ...base,
      id: 'wecom:3',
      type: 'media',
      media: 'voice',
      recognized: '匿名意见，菜太咸',
      chat: { kind: 'private' },
    },
  ]
  for (const event of events) {
    const kept = protect(event, seal)
    expect(JSON.stringify(kept)).not.toMatch(/咸|taste|"1"/)
    expect(kept.id).not.toContain(event.id)
    expect(protect(event, seal).id).toBe(kept.id)
    expect(reveal(kept, seal)).toEqual({ ...event, id: kept.id })
    expect(() => reveal({ ...kept, id: `${kept.id}x` }, seal)).toThrow()
    expect(() => reveal(kept, createSeal('another secret of thirty-two or more', 'inbox'))).toThrow()
  }
  // However it is begun: what is taken as an anonymous comment was sealed.
  for (const text of [
    '@绩效机器人 匿名意见：菜太咸',
    '请匿名意见，菜太咸',
    '\u200b匿名意见 菜太咸',
    '我的匿名意见：菜太咸',
  ]) {
    expect(commentIn(text)).toBe('菜太咸')
    const kept = protect({ ...base, id: 'wecom:5', type: 'text', text, chat: { kind: 'private' } }, seal)
    expect(JSON.stringify(kept)).not.toContain('咸')
  }
  expect(commentIn('针对匿名意见，增加素菜')).toBeUndefined()
  const plain: Incoming = { ...base, id: 'wecom:4', type: 'text', text: '周计划', chat: { kind: 'private' } }
  expect(protect(plain, seal)).toBe(plain)
})

test('another secret while a round is open is told, and loses nothing', async () => {
  world = await startCanteen()
  await world.jumpTo('2026-11-20T11:30:00+08:00')
  const [first] = askedOf(world)
  await answer(phoneOf(world, first!), { 卫生: 5, 价格: 5, 味道: 5, 花色: 5 })
  const { db } = world.bot.ctx.surveyRounds.model
  const other = surveyStores(db.useDb(db.name), 'another secret of thirty-two or more')
  await expect(other.surveyBallots.box(ROUND, false)).rejects.toThrow(/SESSION_SECRET has changed/)
  await expect(other.surveyBallots.openAll(ROUND, 'answer')).rejects.toThrow(/SESSION_SECRET has changed/)
  expect(await world.bot.ctx.surveyBallots.count(ROUND)).toBe(1)
})

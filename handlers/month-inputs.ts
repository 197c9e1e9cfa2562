import { checklistCard, checklistStepCard, inputConfirmCard } from '../cards/month-inputs.ts'
import { closedCard } from '../cards/plan-submitted.ts'
import { ITEMS_PER_STEP, pointsOfChoice } from '../cards/score-card.ts'
import type { Ctx } from '../src/context.ts'
import { halfWidth } from '../src/domain/chat-text.ts'
import { namedFirst } from '../src/domain/parse-behaviour.ts'
import { checklistWork } from '../src/domain/schemes.ts'
import { formatMonth, type Month } from '../src/domain/time.ts'
import type { Answer, CardTurn, Command, OnCard, TextTurn, Turn } from '../src/inbox/handler.ts'
import type { Person } from '../src/store/people.ts'
import { worksIn } from './month/facts.ts'
import {
  closeRating,
  type GiveOutcome,
  giveChecklist,
  giveKpi,
  giveRating,
  openMonth,
  type Task,
  tasksOf,
} from './month/inputs.ts'

const text = {
  noChecklist: '目前没有需要您评分的检查表。',
  noRating: '目前没有需要您评价的同事。',
  noKpi: '目前没有需要您填写的指标。',
  allDone: (what: string, month: Month) => `${formatMonth(month)}的${what}已全部完成，谢谢。`,
  unknown: '没有找到这位同事，请核对姓名，或用工号代替。',
  several: (names: string) => `有同名的同事：${names}，请用工号代替姓名。`,
  rate: (names: string, month: Month) =>
    `请评价${formatMonth(month)}的工作表现（0到100分），只有人力资源能看到是谁评的。\n待评价：${names}\n写法：评价 姓名 88`,
  kpi: (lines: string, month: Month) =>
    `请填写${formatMonth(month)}的指标实际值：\n${lines}\n写法：指标 姓名 指标名 96`,
  ratingFormat: '请写成：评价 姓名 88（0到100分）。',
  kpiFormat: (open: string) => `请写成：指标 姓名 指标名 实际值。待填写的指标：${open}。`,
  cancelled: '已取消，没有保存',
  gone: '这项内容已经处理过了。',
  denied: '您不是这位同事的评分人，不能评分。',
  'not-for-scheme': '这位同事的岗位不适用这种评分。',
  'bad-number': '请填写数字，例如88或92.5。',
  'wrong-count': '分数个数与检查表的项数不一致，请按顺序给出每一项的得分。',
  above: (item: string, most: number) => `“${item}”最多${most}分，请更正。`,
  confirmed: '该月结果已由上级确认，不能再修改；如确有需要，请先请总经理退回。',
  published: '该月结果已发布，不能再修改；如需更正，请联系人力资源。',
  notHr: '只有人力资源可以关闭评价。',
  closed: (name: string) =>
    `已关闭${name}的评价：未评价人的权重将按规则分担，并在结果中说明。部门经理未评价的，仍须补评。`,
}

function explain(outcome: Exclude<GiveOutcome, { kind: 'given' }>): string {
  switch (outcome.kind) {
    case 'not-allowed':
      return text.denied
    case 'above':
      return text.above(outcome.item, outcome.most)
    case 'closed':
      return text[outcome.state]
    default:
      return text[outcome.kind]
  }
}

const named = (people: Person[]) =>
  people.map((p) => ({
    id: p._id,
    name: p.name,
    aliases: [...p.nicknames, ...(p.address ? [p.address] : [])],
    ...(p.jobNumber && { jobNumber: p.jobNumber }),
    ...(p.departments.at(-1) && { department: p.departments.at(-1)! }),
  }))

/** The person of a line 「姓名 …」 among those asked for. */
function pick<T extends Task>(rest: string, tasks: T[]): { task: T; rest: string } | Answer[] {
  const people = tasks.map((t) => t.person).filter((p, i, all) => all.findIndex((one) => one._id === p._id) === i)
  const found = namedFirst(halfWidth(rest).trim(), named(people))
  if (found.people.length === 0) return [{ text: text.unknown }]
  if (found.people.length > 1)
    return [
      {
        text: text.several(
          found.people.map((p) => `${p.name}（${p.department ?? ''}，${p.jobNumber ?? ''}）`).join('、'),
        ),
      },
    ]
  const theirs = tasks.filter((t) => t.person._id === found.people[0]!.id)
  // In a month with two positions somebody can have two sheets: the open one is meant.
  return { task: theirs.find((t) => !t.done) ?? theirs[0]!, rest: found.rest.trim() }
}

async function tasks<K extends Task['kind']>(turn: Turn, ctx: Ctx, kind: K) {
  const month = await openMonth(ctx, turn.person, turn.at)
  const all = await tasksOf(ctx, turn.person, month, turn.at)
  return { month, mine: all.filter((t): t is Extract<Task, { kind: K }> => t.kind === kind) }
}

type Mine<K extends Task['kind']> = Extract<Task, { kind: K }>[]

/** A word with a name behind it means one's tasks of a kind; without any, more behind it is something else. */
const commandOf =
  <K extends Task['kind']>(
    kind: K,
    none: string,
    say: (turn: TextTurn, ctx: Ctx, rest: string, month: Month, mine: Mine<K>) => Promise<Answer[]>,
  ) =>
  async (turn: TextTurn, ctx: Ctx, rest: string): Promise<Command | undefined> => {
    const { month, mine } = await tasks(turn, ctx, kind)
    if (mine.length === 0) return rest === '' ? async () => [{ text: none }] : undefined
    return () => say(turn, ctx, rest, month, mine)
  }

const sheetOf = (t: Extract<Task, { kind: 'checklist' }>, month: Month) => ({
  name: t.person.name,
  month,
  items: t.scheme.items,
})

/** 检查: the next driver's sheet; 「检查 姓名 18 20 …」 the whole sheet at once. */
export const checklistCommand = commandOf('checklist', text.noChecklist, async (turn, ctx, rest, month, mine) => {
  if (rest === '') return nextChecklist(turn, ctx)
  const picked = pick(rest, mine)
  if (Array.isArray(picked)) return picked
  const { task } = picked
  const got = /^(?:全部)?满分$|^全满$/.test(picked.rest)
    ? task.scheme.items.map((i) => String(i.points))
    : picked.rest.split(/[\s,;、]+/).filter(Boolean)
  if (got.length === 0) return [checklistAnswer(task, month, 0)]
  if (got.length !== task.scheme.items.length) return [{ text: text['wrong-count'] }]
  return [confirmSheet(task, month, got)]
})

function checklistAnswer(task: Extract<Task, { kind: 'checklist' }>, month: Month, rest: number): Answer {
  const context = { personId: task.person._id, month, scheme: task.name }
  return { card: checklistCard(sheetOf(task, month), rest), subject: `checklist/${task.person._id}/${month}`, context }
}

async function nextChecklist(turn: Turn, ctx: Ctx, after?: string): Promise<Answer[]> {
  const { month, mine } = await tasks(turn, ctx, 'checklist')
  const open = mine.filter((t) => !t.done)
  if (open.length === 0) return [{ text: text.allDone('检查表', month) }]
  const index = open.findIndex((t) => t.person._id === after)
  const next = open[index + 1] ?? open[0]!
  return [checklistAnswer(next, month, open.length - 1)]
}

function confirmSheet(task: Extract<Task, { kind: 'checklist' }>, month: Month, got: string[]): Answer {
  const bad = task.scheme.items.findIndex((i, n) => !/^\d{1,3}(\.\d{1,2})?$/.test(got[n]!) || Number(got[n]) > i.points)
  if (bad >= 0) return { text: text.above(task.scheme.items[bad]!.name, task.scheme.items[bad]!.points) }
  const card = sheetConfirmCard(task, month, got)
  return {
    card,
    subject: `checklist/${task.person._id}/${month}`,
    context: { personId: task.person._id, month, scheme: task.name, given: got },
  }
}

function sheetConfirmCard(task: Extract<Task, { kind: 'checklist' }>, month: Month, got: string[]) {
  const work = checklistWork(task.scheme.items.map((i, n) => ({ name: i.name, points: i.points, got: got[n]! })))
  return inputConfirmCard(`${task.person.name}：${formatMonth(month)}检查表`, work.lines, 'checklist-save')
}

async function sheetFor(turn: CardTurn, ctx: Ctx) {
  const { personId, month, scheme } = turn.instance.context
  const all = await tasksOf(ctx, turn.person, String(month), turn.at)
  const sheets = all.filter((t) => t.kind === 'checklist')
  const task = sheets.find((t) => t.person._id === personId && (scheme === undefined || t.name === scheme))
  return task && { task, month: String(month) }
}

export const onChecklistNext: OnCard = (turn, ctx) => nextChecklist(turn, ctx, String(turn.instance.context.personId))

export const onChecklistFull: OnCard = async (turn, ctx) => {
  const about = await sheetFor(turn, ctx)
  if (!about) return [{ text: text.gone }]
  const got = about.task.scheme.items.map((i) => String(i.points))
  return [
    {
      replace: sheetConfirmCard(about.task, about.month, got),
      context: { ...turn.instance.context, given: got },
    },
  ]
}

/** The wizard, three items a step; after the last one comes the arithmetic. */
export const onChecklistStep: OnCard = async (turn, ctx) => {
  const about = await sheetFor(turn, ctx)
  if (!about) return [{ text: text.gone }]
  const { task, month } = about
  const got: Record<number, string> = { ...(turn.instance.context.got as Record<number, string> | undefined) }
  for (const [id, [value]] of Object.entries(turn.choices)) {
    const index = /^p(\d+)$/.exec(id)?.[1]
    if (index !== undefined && value !== undefined) got[Number(index)] = String(pointsOfChoice(value))
  }
  const from = Number(turn.arg)
  const context = { ...turn.instance.context, got }
  if (from < task.scheme.items.length && from % ITEMS_PER_STEP === 0)
    return [{ replace: checklistStepCard(sheetOf(task, month), got, from), context }]
  const given = task.scheme.items.map((i, n) => got[n] ?? String(i.points))
  return [{ replace: sheetConfirmCard(task, month, given), context: { ...context, given } }]
}

export const onChecklistSave: OnCard = async (turn, ctx) => {
  const { personId, month, scheme, given } = turn.instance.context
  const person = await ctx.people.get(String(personId))
  if (!person) return [{ text: text.gone }]
  const outcome = await giveChecklist(
    ctx,
    turn,
    turn.person,
    person,
    String(month),
    (given as string[] | undefined) ?? [],
    scheme as string | undefined,
  )
  const title = `${person.name}：${formatMonth(String(month))}检查表`
  if (outcome.kind !== 'given') return [{ replace: closedCard(title, '没有保存', explain(outcome)) }]
  const next = await nextChecklist(turn, ctx, person._id)
  return [{ replace: closedCard(title, '已评分') }, ...(next[0] && 'card' in next[0] ? next : [])]
}

/** 评价: whom one is asked to rate; 「评价 姓名 88」 gives it. */
export const ratingCommand = commandOf('rating', text.noRating, async (turn, ctx, rest, month, mine) => {
  const open = mine.filter((t) => !t.done)
  if (rest === '')
    return [
      {
        text:
          open.length > 0 ? text.rate(open.map((t) => t.person.name).join('、'), month) : text.allDone('评价', month),
      },
    ]
  const picked = pick(rest, mine)
  if (Array.isArray(picked)) return picked
  const score = /^(\d{1,3}(?:\.\d{1,2})?)\s*分?$/.exec(picked.rest)?.[1]
  if (score === undefined || Number(score) > 100) return [{ text: text.ratingFormat }]
  const { person } = picked.task
  const card = inputConfirmCard(`${formatMonth(month)}评价：${person.name}`, [`评分 ${score}`], 'rating-save')
  return [{ card, subject: `rating/${turn.id}`, context: { personId: person._id, month, score } }]
})

export const onRatingSave: OnCard = async (turn, ctx) => {
  const { personId, month, score } = turn.instance.context
  const person = await ctx.people.get(String(personId))
  if (!person) return [{ text: text.gone }]
  const outcome = await giveRating(ctx, turn, turn.person, person, String(month), String(score))
  const title = `${formatMonth(String(month))}评价：${person.name}`
  if (outcome.kind !== 'given') return [{ replace: closedCard(title, '没有保存', explain(outcome)) }]
  return [{ replace: closedCard(title, '已保存') }]
}

/** 指标: what is still to be filled in; 「指标 姓名 出勤率 96」 gives it. */
export const kpiCommand = commandOf('kpi', text.noKpi, async (turn, ctx, rest, month, mine) => {
  const open = mine.filter((t) => !t.done)
  if (rest === '') {
    if (open.length === 0) return [{ text: text.allDone('指标', month) }]
    const lines = open.slice(0, 15).map((t) => `· ${t.person.name}：${t.open.join('、')}`)
    return [{ text: text.kpi(lines.join('\n'), month) }]
  }
  const picked = pick(rest, mine)
  if (Array.isArray(picked)) return picked
  const { task } = picked
  const name = task.indicators.filter((n) => picked.rest.startsWith(n)).sort((a, b) => b.length - a.length)[0]
  const actual = name && /^[\s:]*(\d{1,9}(?:\.\d{1,4})?)/.exec(picked.rest.slice(name.length))?.[1]
  if (!name || !actual)
    return [{ text: text.kpiFormat((task.open.length > 0 ? task.open : task.indicators).join('、')) }]
  const card = inputConfirmCard(
    `${task.person.name}：${formatMonth(month)}指标`,
    [`${name} 实际值 ${actual}${ctx.company().kpis[name]?.unit ?? ''}`],
    'kpi-save',
  )
  return [{ card, subject: `kpi/${turn.id}`, context: { personId: task.person._id, month, name, actual } }]
})

export const onKpiSave: OnCard = async (turn, ctx) => {
  const { personId, month, name, actual } = turn.instance.context
  const person = await ctx.people.get(String(personId))
  if (!person) return [{ text: text.gone }]
  const outcome = await giveKpi(ctx, turn, turn.person, person, String(month), String(name), String(actual))
  const title = `${person.name}：${String(name)}`
  if (outcome.kind !== 'given') return [{ replace: closedCard(title, '没有保存', explain(outcome)) }]
  return [{ replace: closedCard(title, `已保存：${String(actual)}`) }]
}

export const onInputCancel: OnCard = async () => [{ replace: closedCard('评分', text.cancelled) }]

/** 关闭评价 姓名 原因: HR's way on when somebody never rates (domain.md §11.22). */
export async function closeRatingByWord(turn: TextTurn, ctx: Ctx, rest: string): Promise<Answer[]> {
  if (!turn.person.roles.includes('hr')) return [{ text: text.notHr }]
  const month = await openMonth(ctx, turn.person, turn.at)
  const people = (await ctx.people.all()).filter((p) => worksIn(p, month))
  const picked = pick(
    rest,
    people.map((person) => ({ person, kind: 'rating' as const, done: false })),
  )
  if (Array.isArray(picked)) return picked
  const outcome = await closeRating(ctx, turn, turn.person, picked.task.person, month, picked.rest || '未在期限内评价')
  return [{ text: outcome.kind === 'given' ? text.closed(picked.task.person.name) : explain(outcome) }]
}

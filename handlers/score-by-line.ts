import { closedCard } from '../cards/plan-submitted.ts'
import { scoreConfirmCard, scoreLinesCard } from '../cards/score-card.ts'
import type { Ctx } from '../src/context.ts'
import { shown } from '../src/domain/decimal.ts'
import { describeScore, formsOfName, parseScores, type Scoreable, type ScoreLine } from '../src/domain/parse-score.ts'
import { type Deduction, weekScore } from '../src/domain/score.ts'
import { formatWeek, type Week } from '../src/domain/time.ts'
import type { Answer, OnCard, TextTurn } from '../src/inbox/handler.ts'
import type { CardInstance } from '../src/store/cards.ts'
import type { Person } from '../src/store/people.ts'
import { closeCards } from './close-cards.ts'
import { mayJudge } from './rights.ts'
import { explain, seenIn, toScore } from './score-week.ts'
import { scoreSubject, scoreWeek } from './weekly/judge.ts'
import { runningWeek } from './weekly/target.ts'
import { openWeeks, scoredBy, teamOf } from './weekly/team.ts'
import {
  isLeaveOpen,
  isToScore,
  isWithoutPlan,
  itemsToScore,
  viewWeek,
  type WeekView,
  worksByWeeklyPlan,
} from './weekly/week.ts'

const text = {
  needPoints: (name: string) => `请给出${name}各项的得分，例如：${name} 18 30 40。`,
  done: (n: number) => `已评分${n}人`,
  scored: (who: string, minutes: number) =>
    `${who}已经评过分。如需修改，在评分后${minutes}分钟内发“撤销”，之后请在评分页修改。`,
  notYet: (who: string) => `${who}的周总结还未提交，提交后才能评分。`,
  returned: (who: string) => `${who}的周总结已退回，补充后再次提交即可评分。`,
  leave: (who: string) => `${who}请假，您还没有答复。请发“评分”，先答复是否免计。`,
  notOwed: (who: string) => `${who}不需要评分。`,
  newer: '已有新的评分',
  own: '自己的周总结由您的上级评分。',
  outside: (name: string) => `${name}不在您的评分范围内，没有评分。`,
  above: (name: string) => `${name}由直属上级评分。如需由您评分，请在团队页打开。`,
  notWeekly: (name: string) => `${name}的岗位不按周计划评分。`,
  unknown: (name: string) => `没有找到“${name}”，没有评分。请核对姓名；如果是工作计划，请在前面加上“周计划”。`,
}

function whyNot(view: WeekView, undoMinutes: number): string {
  const { person, week, status } = view
  const who = `${person.name}${formatWeek(week)}`
  if (isLeaveOpen(view)) return text.leave(who)
  switch (status.kind) {
    case 'scored':
      return text.scored(who, undoMinutes)
    case 'returned':
      return text.returned(who)
    case 'submitted':
    case 'late':
    case 'not-owed':
      return text.notOwed(who)
    default:
      return text.notYet(who)
  }
}

/** @param view the week to score, where there is one */
const scoreable = (person: Person, view?: WeekView): Scoreable => ({
  id: view?.row._id ?? person._id,
  name: person.name,
  aliases: [...person.nicknames, ...(person.address ? [person.address] : [])],
  ...(view && { planned: itemsToScore(view).map((p) => p.points) }),
  ...(person.departments.at(-1) && { department: person.departments.at(-1)! }),
})

/** What may stand between a name and its points; 「赵敏转正面谈 20分」 is a line of a plan. */
const BEHIND_A_NAME =
  /^[\s:：,，、和]*(?:打|给|得|评|扣|总结|计划|满分|全满|都|均|全|各|是|的|[\d０-９零〇一二两三四五六七八九十百])/

/** The oldest week of each that has no plan and counts 0: points for it are set as a whole (domain.md §11.10). */
async function withoutPlan(ctx: Ctx, turn: TextTurn, people: Person[]): Promise<WeekView[]> {
  if (people.length === 0) return []
  const [weeks, team] = await Promise.all([openWeeks(ctx, turn.at), scoredBy(ctx, turn.person)])
  const found = people.map(async (person) => {
    const theirs = weeks.filter((week) => team.of(week).some((p) => p._id === person._id))
    const views = await Promise.all(theirs.map((week) => viewWeek(ctx, person, week, turn.at)))
    return views.find((v) => isWithoutPlan(v) && !isLeaveOpen(v))
  })
  return (await Promise.all(found)).filter((v) => v !== undefined)
}

/**
 * 「王五 18 30 40」: read, shown back, and nothing counts before it is confirmed (features.md B15).
 * @returns undefined when the text is no score line of this person's
 */
export async function readScores(turn: TextTurn, ctx: Ctx): Promise<Answer[] | undefined> {
  if (!/[0-9０-９零一二两三四五六七八九十百满]/.test(turn.text)) return undefined
  const asked = await toScore(ctx, turn.person, turn.at)
  const waiting = asked.filter(isToScore)
  // Of somebody with several weeks the oldest, as on the cards.
  const views = waiting.filter((v, i) => waiting.findIndex((w) => w.person._id === v.person._id) === i)
  const hasView = (p: Person) => views.some((v) => v.person._id === p._id)
  const team = (await teamOf(ctx, turn.person, 'own')).filter((p) => !hasView(p))
  const judges = views.length + team.length > 0
  const first = turn.text.trimStart().replace(/^(打分|评分|给)[\s:：]*/, '')
  const named = team.filter((p) => formsOfName(scoreable(p)).some((form) => first.includes(form)))
  views.push(...(await withoutPlan(ctx, turn, named)))
  const others = team.filter((p) => !hasView(p))
  const people = [...views.map((v) => scoreable(v.person, v)), ...others.map((p) => scoreable(p))]
  const names = [...people.flatMap(formsOfName), '其他', '其余', '剩下']
  const theirs = names.some((n) => first.startsWith(n) && BEHIND_A_NAME.test(first.slice(n.length)))
  const stranger = !theirs && (await aboutOther(ctx, turn.person, first, judges))
  if (!judges || !(theirs || stranger)) return stranger ? [{ text: stranger }] : undefined
  const { scores, problems } = parseScores(first, people)
  for (const problem of problems) {
    if (problem.kind === 'unknown-name' || problem.kind === 'unread')
      problem.text = (await aboutOther(ctx, turn.person, problem.source, judges)) ?? problem.text
    const person = problem.kind === 'no-plan' && others.find((p) => p._id === problem.candidates?.[0])
    if (!person) continue
    const onLeave = asked.find((v) => v.person._id === person._id)
    const view = onLeave ?? (await viewWeek(ctx, person, runningWeek(ctx, turn.at), turn.at))
    problem.text = whyNot(view, ctx.company().weekly.undoMinutes)
  }
  if (scores.length === 0) return problems.length > 0 ? [{ text: problems.map((p) => p.text).join('\n') }] : undefined
  const read = scores.map((line) => ({ line, view: views.find((v) => v.row._id === line.personId)! }))
  const without = read.find(({ line }) => !line.points)
  if (without) return [{ text: text.needPoints(without.view.person.name) }]
  const one = read[0]!
  if (read.length === 1 && problems.length === 0) {
    const computed = compute(one.view, one.line)
    const context = {
      personId: one.view.person._id,
      week: one.view.week,
      seen: seenIn(one.view),
      proposal: turn.id,
      points: Object.fromEntries(one.line.points!.map((p, i) => [i, p])),
      deductions: one.line.deductions,
    }
    const card = scoreConfirmCard(one.view.person.name, one.view.week, shown(computed.score), computed.lines)
    const subject = scoreSubject(one.view.person._id, one.view.week)
    const face = { title: `${one.view.person.name}的评分`, closed: text.newer }
    const isOlder = ({ personId, context: { points, proposal } }: CardInstance) =>
      personId === turn.person._id && points !== undefined && proposal !== turn.id
    await closeCards(ctx, turn.id, subject, face, isOlder)
    return [{ card, subject, context }]
  }
  const lines = read.map(({ line, view }) => ({
    text: `${describeScore(
      line,
      itemsToScore(view).map((p) => p.points),
    )}（${formatWeek(view.week)}）`,
    shown: shown(compute(view, line).score),
  }))
  const given = read.map(({ line, view }) => ({
    personId: view.person._id,
    week: view.week,
    points: line.points!,
    deductions: line.deductions,
  }))
  return [
    {
      card: scoreLinesCard(
        lines,
        problems.map((p) => p.text),
      ),
      subject: `scores/${turn.id}`,
      context: { given },
    },
  ]
}

/** Nothing but a name and numbers, up to the next name. */
const NAME_AND_NUMBERS =
  /^([\u4e00-\u9fff·]{2,6}?)(?:[\s:：,，]{0,4}(?:打|给|得|评分?))?[\s:：,，]{0,4}(?:满分|[\d０-９][\d０-９.．\s、,，%％分半]{0,60}|[零〇一二两三四五六七八九十百]{2,7}分?半?)(?:[\s,，]{0,3}周?(?:总结|计划)[^\s,，]{1,12})?(?:$|(?<=[\s,，;；、\n])(?=[\u4e00-\u9fff]))/
/** The most frequent family names that begin few words of work. */
const FAMILY =
  '王李张刘陈杨赵黄吴徐孙胡朱林何郭马罗梁宋郑谢韩唐冯于董萧曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田姜范姚谭廖邹熊陆郝孔白崔康毛邱秦江侯邵孟万'
const LIKE_A_NAME = new RegExp(`^(?:[${FAMILY}][\\u4e00-\\u9fff]{1,2}|欧阳[\\u4e00-\\u9fff]{1,2}|[小老阿][${FAMILY}])$`)

/**
 * What to say of a score line about somebody whom this person does not score; never is it a plan of their own.
 * @param judges whether they score anybody: then it may also be a name that nobody has
 */
async function aboutOther(ctx: Ctx, by: Person, line: string, judges: boolean): Promise<string | undefined> {
  const name = NAME_AND_NUMBERS.exec(line.trim())?.[1]
  if (!name) return undefined
  const found = (await ctx.people.active()).filter((p) => formsOfName(scoreable(p)).includes(name))
  const [person] = found
  if (person) {
    if (found.some((p) => p._id === by._id)) return text.own
    if (!worksByWeeklyPlan(ctx.company(), person)) return text.notWeekly(name)
    return (await mayJudge(ctx, by, person)) ? text.above(name) : text.outside(name)
  }
  return judges && LIKE_A_NAME.test(name) ? text.unknown(name) : undefined
}

function compute(view: WeekView, line: ScoreLine) {
  const items = itemsToScore(view).map((p, i) => ({ planned: p.points, actual: line.points![i]! }))
  return weekScore({ items, late: view.counts?.late ?? true, deductions: line.deductions })
}

interface Given {
  personId: string
  week: Week
  points: number[]
  deductions: Deduction[]
}

export const onScoreLines: OnCard = async (turn, ctx) => {
  const given = (turn.instance.context.given as Given[] | undefined) ?? []
  const said: string[] = []
  let done = 0
  for (const [i, { personId, week, points, deductions }] of given.entries()) {
    const person = await ctx.people.get(personId)
    if (!person) continue
    const act = { id: `${turn.id}/${i}`, at: turn.at }
    const outcome = await scoreWeek(ctx, act, turn.person, person, week, { points, deductions })
    if (outcome.kind === 'scored') done++
    said.push(
      outcome.kind === 'scored'
        ? `${person.name}：${outcome.shown}分`
        : `${person.name}：${await explain(ctx, outcome)}`,
    )
  }
  return [{ replace: closedCard('评分结果', text.done(done), said.join('\n')) }]
}

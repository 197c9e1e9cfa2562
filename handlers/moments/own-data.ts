import { type OwnFacts, ownLines } from '../../cards/own-data.ts'
import type { Act, Ctx } from '../../src/context.ts'
import { type Birthday, birthdayOn, formatBirthday, inBothCalendars } from '../../src/domain/birthday.ts'
import { rulesOf } from '../../src/domain/moments.ts'
import { addDays, formatDayFull, formatInstant, formatMonth, formatWeek, partsOf } from '../../src/domain/time.ts'
import type { Person } from '../../src/store/people.ts'
import type { Personal } from '../../src/store/personal.ts'
import { knownPerson, today } from './people.ts'

/** One line a thing done with one's own data (features.md B13); never what the data says. */
async function audit(ctx: Ctx, act: Act, by: Person, what: string): Promise<void> {
  await ctx.audit.add({ _id: `${act.id}/own-data/${what}`, at: act.at, by: by._id, what, to: `person/${by._id}` })
}

/** Tells nobody but the person themselves; their own year of birth included, where it is kept. */
export async function ownFacts(ctx: Ctx, act: Act, person: Person): Promise<OwnFacts> {
  const { personal, facts } = await knownPerson(ctx, person)
  const { birthday, birthYear, probationEndsOn, contractEndsOn, wishes, noColumns } = personal
  const year = birthYear === undefined ? '' : `${birthYear}年`
  const next = birthday && nextBirthday(ctx, act, facts)
  return {
    name: person.name,
    departments: person.departments,
    position: person.position,
    wishes,
    columns: noColumns !== true,
    ...(person.jobNumber && { jobNumber: person.jobNumber }),
    ...(person.joinedOn && { joinedOn: person.joinedOn }),
    ...(birthday && { birthday: `${year}${formatBirthday(birthday.value)}` }),
    ...(next && { nextBirthday: next }),
    ...(probationEndsOn && { probationEndsOn: probationEndsOn.value }),
    ...(contractEndsOn && { contractEndsOn: contractEndsOn.value }),
  }
}

export async function viewOwnData(ctx: Ctx, act: Act, person: Person): Promise<OwnFacts> {
  await audit(ctx, act, person, 'own-data-read')
  return ownFacts(ctx, act, person)
}

/** 2027年9月15日（周三）; a lunar birthday may be more than a year away, never two. */
function nextBirthday(ctx: Ctx, act: Act, facts: Parameters<typeof rulesOf>[0]): string | undefined {
  const { birthday } = facts
  const rules = rulesOf(facts, ctx.company().moments)
  const from = today(ctx, act.at)
  for (let n = 0; birthday && n < 800; n++) {
    const day = addDays(from, n)
    if (birthdayOn(birthday, inBothCalendars(day), rules) !== undefined)
      return `${partsOf(day).year}年${formatDayFull(day)}`
  }
  return undefined
}

/** The person's own word on their birthday: the strongest there is. Returns the day it comes next. */
export async function setBirthday(
  ctx: Ctx,
  act: Act,
  person: Person,
  birthday: Birthday,
  year: number | undefined,
): Promise<{ next: string | undefined }> {
  const before = await ctx.personal.get(person._id)
  await ctx.personal.takeIn(person._id, { birthday: { birthday, ...(year !== undefined && { year }) } }, 'self')
  // Told to whoever wants no wishes that there will be none, so a birthday is a wish to get them again.
  if (before.wishes === 'none') await ctx.personal.set(person._id, { wishes: 'private' })
  await audit(ctx, act, person, 'birthday-set')
  return { next: nextBirthday(ctx, act, (await knownPerson(ctx, person)).facts) }
}

export async function setBirthdayRule(
  ctx: Ctx,
  act: Act,
  person: Person,
  rule: Pick<Personal, 'feb29' | 'leapMonth'>,
): Promise<{ next: string | undefined }> {
  await ctx.personal.set(person._id, rule)
  await audit(ctx, act, person, 'birthday-rule-set')
  return { next: nextBirthday(ctx, act, (await knownPerson(ctx, person)).facts) }
}

export async function setWishes(ctx: Ctx, act: Act, person: Person, wishes: Personal['wishes']): Promise<void> {
  await ctx.personal.set(person._id, { wishes })
  await audit(ctx, act, person, `wishes-${wishes}`)
}

export async function setColumns(ctx: Ctx, act: Act, person: Person, wanted: boolean): Promise<void> {
  await ctx.personal.set(person._id, { noColumns: wanted ? (undefined as never) : true })
  await audit(ctx, act, person, wanted ? 'columns-on' : 'columns-off')
}

/** Records are kept for ten years at the most. */
const MOST_MONTHS = 120

/** Everything that is kept about somebody, as a text they can keep; scores stay behind the sign-in. */
export async function exportOwnData(ctx: Ctx, act: Act, person: Person): Promise<string> {
  const zone = ctx.company().timeZone
  const facts = await ownFacts(ctx, act, person)
  const weeks = await ctx.weeks.model.find({ personId: person._id }).sort({ week: -1 }).lean()
  const talks = await ctx.hrTalks.about(person._id)
  const months = (await ctx.results.ofPerson(person._id, MOST_MONTHS)).map((r) => formatMonth(r.month))
  const behaviour = (await ctx.behaviours.ofPerson(person._id, '0000-01-01')).length
  const appeals = await ctx.appeals.model.countDocuments({ personId: person._id })
  const interviews = (await ctx.interviews.ofPerson(person._id)).filter((r) => r.record).length
  const milestones = await ctx.milestones.model.countDocuments({ ownerId: person._id })
  const asked = (await ctx.surveyRounds.roundsAsking(person._id)).length
  const lines = weeks.map((row) => {
    const last = row.submissions.at(-1)
    const state = last ? `${formatInstant(last.at, zone)}提交（共${row.submissions.length}次）` : '未提交'
    const points = row.score ? `，上级评分${row.score.points.join('、')}` : ''
    return `· ${row.week.slice(0, 4)}年${formatWeek(row.week)}：${state}${points}${row.excuse ? `，请假（${row.excuse.reason}）` : ''}`
  })
  await audit(ctx, act, person, 'own-data-exported')
  return [
    `个人数据导出（${formatInstant(act.at, zone)}）`,
    '一、基本资料',
    ...ownLines(facts),
    `企业微信账号：${person.wecom ?? '无'}`,
    `钉钉账号：${person.dingtalk ?? '无'}`,
    `二、周总结和计划（${weeks.length}周）`,
    ...(lines.length > 0 ? lines : ['无']),
    `三、已发布的月度结果：${months.length > 0 ? `${months.join('、')}（得分和明细请在页面“我的结果”查看）` : '无'}`,
    `四、日常行为记录：${behaviour}条；申诉：${appeals}件${behaviour + appeals > 0 ? '（发“我的记录”查看）' : ''}`,
    `五、满意度等调查：询问过${asked}次${asked > 0 ? '（匿名答案不与姓名对应，无法查找或导出）' : ''}`,
    `六、人力资源谈话记录：${talks.length}次${talks.length > 0 ? '（内容请向人力资源申请查阅）' : ''}`,
    `七、绩效面谈记录：${interviews}次${interviews > 0 ? '（内容请在页面“面谈”查看）' : ''}`,
    `八、工作节点：${milestones}项`,
    '各周提交的正文可在页面“我的本周”查看；需要其他格式，请联系人力资源。',
  ].join('\n')
}

/** Deletes what is kept for the person's own sake, and lets no other source bring it back. */
export async function deleteOwnData(ctx: Ctx, act: Act, person: Person): Promise<void> {
  await ctx.personal.set(person._id, {
    ...(Object.fromEntries(
      ['birthday', 'birthYear', 'feb29', 'leapMonth', 'noColumns'].map((key) => [key, undefined]),
    ) as Partial<Personal>),
    keepNoBirthday: true,
    wishes: 'all',
  })
  await audit(ctx, act, person, 'own-data-deleted')
}

import { talkPassedText, talksDueText } from '../cards/hr-talks.ts'
import {
  askBirthdayCard,
  birthdayListText,
  checkInCard,
  farewellText,
  samePersonCard,
  termCard,
  welcomeInGroup,
  welcomeText,
  worded,
} from '../cards/moments.ts'
import { birthdaysOf } from '../handlers/moments/birthdays.ts'
import { contactsReport } from '../handlers/moments/contacts-report.ts'
import { talksDue } from '../handlers/moments/hr-talks.ts'
import { momentOf, today } from '../handlers/moments/people.ts'
import { openTerm } from '../handlers/moments/terms.ts'
import { judgeOf } from '../handlers/rights.ts'
import { worksByWeeklyPlan } from '../handlers/weekly/week.ts'
import type { Ctx } from '../src/context.ts'
import { variantOf } from '../src/domain/moments.ts'
import { formatMonth } from '../src/domain/time.ts'
import type { Rendered } from '../src/outbox/notice.ts'
import type { Person } from '../src/store/people.ts'

type Args = Record<string, unknown>
type Render = (to: Person, args: Args, ctx: Ctx) => Promise<Rendered>

const gone = (cancel: string): Rendered => ({ cancel })
const addressOf = (person: Person): string => person.address ?? person.name

async function firstHr(ctx: Ctx, except: Person): Promise<string | undefined> {
  return (await ctx.people.withRole('hr')).find((p) => p._id !== except._id)?.name
}

/** Wording of a wish: everybody's own, by the day and their place on it. */
function wish(ctx: Ctx, name: string, moment: { birthday: boolean; years?: number }, args: Args): string {
  const { moments: m, name: company } = ctx.company()
  const pool = !moment.birthday ? m.anniversary : moment.years === undefined ? m.birthday : m.both
  const wording = pool[variantOf(String(args.day), Number(args.place), pool.length)]!
  return worded(wording, { 称呼: name, 公司: company, ...(moment.years !== undefined && { 年数: moment.years }) })
}

/** Welcome, check-in, wish, farewell: as the facts are at the moment of sending. */
const moment: Render = async (to, args, ctx) => {
  const found = await momentOf(ctx, to, args)
  if (!found) return gone('事由已不存在')
  const company = ctx.company()
  switch (found.kind) {
    case 'wish':
      return { text: wish(ctx, addressOf(to), found, args) }
    case 'welcome': {
      const manager = await judgeOf(ctx, to)
      const hr = await firstHr(ctx, to)
      return {
        text: welcomeText({
          address: addressOf(to),
          company: company.name,
          firstWeek: company.moments.firstWeek,
          ...(manager && { manager: manager.name }),
          ...(hr && { hr }),
          ...(worksByWeeklyPlan(company, to) && { due: `每周六${company.weekly.deadlineTime}前` }),
        }),
      }
    }
    case 'check-in': {
      const manager = await judgeOf(ctx, to)
      return { card: checkInCard(addressOf(to), found.after, manager?.name), subject: found.key }
    }
    case 'farewell':
      return {
        text: farewellText(addressOf(to), company.name, await firstHr(ctx, to), company.retention.personalDays),
      }
  }
}

/** The same before the team, by name; not for those who want it private. */
const momentInGroup: Render = async (to, args, ctx) => {
  const found = await momentOf(ctx, to, args)
  if (found?.kind === 'welcome') return { text: welcomeInGroup(to.name, to.departments.at(-1)) }
  if (found?.kind !== 'wish' || !found.public) return gone('本人不公开')
  return { text: wish(ctx, to.name, found, args) }
}

const term: Render = async (to, args, ctx) => {
  const view = await openTerm(ctx, String(args.id))
  if (!view) return gone('已处理或日期已变更')
  const { found, person, today: day } = view
  const until = found.later[to._id]
  if (until !== undefined && until > day) return gone('已选择稍后处理')
  const contact = await firstHr(ctx, to)
  const card = termCard(found.term, {
    name: person.name,
    department: person.departments[0] ?? '',
    endsOn: found.endsOn,
    today: day,
    ...(contact && { contact: `人力资源${contact}` }),
  })
  return { card, subject: `term/${found._id}`, context: { id: found._id } }
}

const samePerson: Render = async (_to, args, ctx) => {
  const doubt = await ctx.contacts.doubt(String(args.doubtId))
  if (doubt?.state !== 'open') return gone('已确认')
  const people = await ctx.people.many(doubt.candidates)
  const candidates = doubt.candidates.flatMap((id) => people.find((p) => p._id === id) ?? [])
  if (candidates.length !== doubt.candidates.length) return gone('候选人员已变更')
  const platform = doubt.platform === 'wecom' ? '企业微信' : '钉钉'
  const card = samePersonCard({ platform, name: doubt.name, departments: doubt.departments, candidates })
  return { card, subject: `same-person/${doubt._id}`, context: { doubtId: doubt._id } }
}

const askBirthday: Render = async (to, _args, ctx) => {
  const { birthday, wishes, keepNoBirthday } = await ctx.personal.get(to._id)
  if (birthday || keepNoBirthday || wishes === 'none') return gone('已填写或不需要')
  return { card: askBirthdayCard(addressOf(to)), subject: `ask-birthday/${to._id}` }
}

const birthdayList: Render = async (_to, args, ctx) => {
  const month = String(args.month)
  const list = await birthdaysOf(ctx, month)
  return list.length === 0 ? gone('下月没有生日') : { text: birthdayListText(formatMonth(month), list) }
}

const columns: Render = async (to, args, ctx) => {
  if ((await ctx.personal.get(to._id)).noColumns) return gone('本人不接收栏目')
  const parts: string[] = []
  for (const column of Object.keys(ctx.company().columns.texts)) {
    const issue = await ctx.columns.issueOn(column, String(args.day))
    if (issue) parts.push(`【${column}】\n${issue.text}`)
  }
  if (parts.length === 0) return gone('没有内容')
  return { text: [`${addressOf(to)}，一周辛苦了。`, ...parts].join('\n\n') }
}

const columnsWanting: Render = async (_to, args) => {
  const empty = args.empty as string[]
  const usedUp = args.usedUp as string[]
  const quoted = (names: string[]) => names.map((n) => `“${n}”`).join('、')
  return {
    text: [
      ...(empty.length > 0 ? [`栏目${quoted(empty)}没有内容，本周已跳过。`] : []),
      ...(usedUp.length > 0 ? [`栏目${quoted(usedUp)}的内容已全部用过一遍，从本周起会重复。`] : []),
      `补充请直接发给我，例如：添加${(empty[0] ?? usedUp[0])!} 内容。`,
    ].join('\n'),
  }
}

const contacts: Render = async (_to, args, ctx) => {
  const text = await contactsReport(ctx, new Date(String(args.since)))
  return text === undefined ? gone('没有需要处理的问题') : { text }
}

const talksDueNotice: Render = async (to, _args, ctx) => {
  const day = today(ctx)
  const view = await talksDue(ctx, to, day)
  const text = talksDueText(view, day)
  return text === undefined ? gone('没有待谈人员') : { text }
}

/** Confidential: only those it was passed to, and only the proposals. */
const hrTalk: Render = async (to, args, ctx) => {
  const talk = await ctx.hrTalks.get(String(args.talkId))
  const person = talk && (await ctx.people.get(talk.personId))
  if (!talk || !person || !talk.passedTo.includes(to._id)) return gone('记录已不存在')
  const by = await ctx.people.get(talk.by)
  return { text: talkPassedText(person.name, by?.name ?? '人力资源', talk) }
}

const checkInTalk: Render = async (_to, args, ctx) => {
  const person = await ctx.people.get(String(args.personId))
  if (!person?.active) return gone('已离职')
  return {
    text: `新同事${person.name}（${person.departments[0] ?? '未分部门'}）希望和人力资源聊聊，请尽快联系。谈后可发“谈话 ${person.name}”登记。`,
  }
}

const holidaysMissing: Render = async (_to, args, ctx) => {
  const year = Number(args.year)
  if (ctx.company().weeks.knows(year)) return gone('已导入')
  return {
    text: [
      `${year}年放假安排尚未导入。`,
      `在导入之前，${year}年只把法定节假日当作休息日，不推算调休，相关截止时间会注明“放假安排未确认”。`,
      '国务院通知发布后，请把通知全文（或 holiday-cn 格式的 JSON）粘贴发给我，核对后即可启用。',
    ].join('\n'),
  }
}

export const momentNotices: Record<string, Render> = {
  moment,
  'moment-in-group': momentInGroup,
  term,
  'same-person': samePerson,
  'ask-birthday': askBirthday,
  'birthday-list': birthdayList,
  columns,
  'columns-wanting': columnsWanting,
  'contacts-report': contacts,
  'hr-talks-due': talksDueNotice,
  'hr-talk': hrTalk,
  'check-in-talk': checkInTalk,
  'holidays-missing': holidaysMissing,
}

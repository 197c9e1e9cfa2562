import { timeAgreedCard } from '../cards/interview.ts'
import { closedCard } from '../cards/plan-submitted.ts'
import type { Ctx } from '../src/context.ts'
import { isCancel } from '../src/domain/commands.ts'
import { waitsForManager } from '../src/domain/interview.ts'
import { type Appointment, readAppointment } from '../src/domain/parse-appointment.ts'
import { dayOf } from '../src/domain/time.ts'
import type { Answer, CardTurn, FindCommand, OnCard, OnTalk, TextTurn, Turn } from '../src/inbox/handler.ts'
import type { InterviewRow } from '../src/store/interviews.ts'
import type { Person } from '../src/store/people.ts'
import { one } from './hr-words.ts'
import { type ArrangeOutcome, agreeTime, proposeTime } from './interview/arrange.ts'
import { appointmentText, stateText } from './interview/interview.ts'
import { addPlanNote, decideReview } from './interview/record.ts'
import { ownInterviews, teamInterviews, toDo } from './interview/view.ts'
import { mayJudge } from './rights.ts'
import { ask } from './write-week.ts'

const text = {
  gone: '这次面谈已有新的安排，请打开页面查看。',
  notAllowed: '这次面谈没有请您处理。',
  past: '这个时间已经过去了，请换一个时间，例如“周三下午3点 会议室”。',
  tooFar: '请约在三个月以内的时间。',
  unclear: '没有看懂时间，请写明哪天和几点，例如“周三下午3点 会议室”。（回复“取消”放弃）',
  askTime: '请回复您方便的时间和地点，例如“周三下午3点 会议室”。（回复“取消”放弃）',
  cancelled: '已取消，没有改动。',
  proposed: (to: string, when: string) => `已请${to}确认：${when}。`,
  nobody: '目前没有可以联系的上级，请联系人力资源安排。',
  askNote: '请写一写进展或要说的话，会转给对方。（回复“取消”放弃）',
  noted: '已记录并转给对方。',
  noPlan: '这份改进计划已经结束。',
  allowed: '已同意，已请员工确认。',
  refused: '已请上级调整复核日期。',
  none: '目前没有绩效面谈。每季度结束后，我会请上级与您约时间。',
  notAbove: (name: string) => `${name}的绩效面谈由其上级安排。`,
  noneOf: (name: string) => `${name}目前没有待约的绩效面谈。季度面谈在每季度结束后的第一个工作周开始，届时会通知您。`,
  how: '请写明姓名、哪天和几点，例如“约面谈 张三 周三下午3点 会议室”。',
  page: '查看、填写记录和改进计划请打开页面。',
}

interface About {
  row: InterviewRow
  person: Person
}

async function about(turn: CardTurn, ctx: Ctx): Promise<About | undefined> {
  return byId(String(turn.instance.context.id), ctx)
}

async function byId(id: string, ctx: Ctx): Promise<About | undefined> {
  const row = await ctx.interviews.get(id)
  const person = row && (await ctx.people.get(row.personId))
  return row && person?.active ? { row, person } : undefined
}

function said(ctx: Ctx, outcome: ArrangeOutcome, when: { at: Date; place: string }): string {
  switch (outcome.kind) {
    case 'proposed':
    case 'agreed':
      return outcome.to ? text.proposed(outcome.to.name, appointmentText(ctx, when)) : text.nobody
    case 'past':
      return text.past
    case 'too-far':
      return text.tooFar
    case 'not-allowed':
      return text.notAllowed
    case 'over':
    case 'changed':
      return text.gone
  }
}

/** 可以 */
export const onInterviewAgree: OnCard = async (turn, ctx) => {
  const it = await about(turn, ctx)
  const round = Number(turn.instance.context.round)
  if (!it) return [{ text: text.gone }]
  const { row, person } = it
  const { kind } = await agreeTime(ctx, turn, turn.person, person, row.period, round, turn.instance._id)
  if (kind === 'not-allowed') return [{ text: text.notAllowed }]
  if (kind === 'past') return [{ text: text.past }]
  if (kind !== 'agreed' || !row.appointment) return [{ replace: closedCard('绩效面谈', '已有新的安排', text.gone) }]
  return [{ replace: timeAgreedCard(row._id, appointmentText(ctx, row.appointment)) }]
}

/** 换个时间 */
export const onInterviewOther: OnCard = async (turn, ctx) => {
  const it = await about(turn, ctx)
  if (!it) return [{ text: text.gone }]
  await ask(turn, ctx, 'interview-time', { id: it.row._id })
  return [{ text: text.askTime }]
}

const whenIn = (turn: TextTurn, ctx: Ctx, words: string): Appointment | undefined => {
  const { timeZone } = ctx.company()
  return readAppointment(words, dayOf(turn.at, timeZone), timeZone)
}

export const onInterviewTime: OnTalk = async (turn, data, ctx) => {
  if (isCancel(turn.text)) {
    await ctx.talks.end(turn.person._id, turn.id)
    return [{ text: text.cancelled }]
  }
  const when = whenIn(turn, ctx, turn.text)
  if (!when) return [{ text: text.unclear }]
  // Still waiting for a time that can be kept.
  if (when.at <= turn.at) return [{ text: text.past }]
  await ctx.talks.end(turn.person._id, turn.id)
  const it = await byId(String(data.id), ctx)
  if (!it) return [{ text: text.gone }]
  return [{ text: said(ctx, await proposeTime(ctx, turn, turn.person, it.person, it.row.period, when), when) }]
}

/** 填写进展, 回复 */
export const onInterviewNote: OnCard = async (turn, ctx) => {
  const it = await about(turn, ctx)
  if (!it) return [{ text: text.noPlan }]
  await ask(turn, ctx, 'interview-note', { id: it.row._id })
  return [{ text: text.askNote }]
}

const MOST_WORDS = 500

export const onInterviewNoted: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  const it = await byId(String(data.id), ctx)
  if (!it || isCancel(turn.text)) return [{ text: it ? text.cancelled : text.noPlan }]
  const words = [...turn.text.trim()].slice(0, MOST_WORDS).join('')
  const kind = await addPlanNote(ctx, turn, turn.person, it.person, it.row.period, words)
  return [{ text: kind === 'done' ? text.noted : kind === 'over' ? text.noPlan : text.notAllowed }]
}

/** 同意 or 请调整 of HR. */
export const onInterviewAllow: OnCard = async (turn, ctx) => {
  const it = await about(turn, ctx)
  if (!it) return [{ text: text.gone }]
  const allow = turn.arg === 'yes'
  const version = Number(turn.instance.context.version)
  const kind = await decideReview(ctx, turn, turn.person, it.person, it.row.period, version, allow, turn.instance._id)
  if (kind === 'not-allowed') return [{ text: text.notAllowed }]
  const title = `${it.person.name}的改进计划：复核日期`
  if (kind !== 'done') return [{ replace: closedCard(title, '已处理', text.gone) }]
  return [{ replace: closedCard(title, allow ? '已同意' : '已请调整', allow ? text.allowed : text.refused) }]
}

/** 面谈: one's own, and what waits for a superior. */
export async function interviewsByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const [own, team] = await Promise.all([
    ownInterviews(ctx, turn.person, turn.at),
    teamInterviews(ctx, turn.person, turn.at),
  ])
  const waiting = team.filter((s) => waitsForManager(s.state))
  const current = own.filter((s) => !s.row.over)
  if (current.length + team.length === 0) return [{ text: text.none }]
  const lines = [
    ...current.map((s) => `您的绩效面谈：${stateText(ctx, s.row, turn.at)}`),
    ...toDo(waiting).map(({ what, names }) => `${what}：${names.join('、')}`),
    ...(team.length > waiting.length ? [`另有${team.length - waiting.length}位在进行中`] : []),
    text.page,
  ]
  return [
    {
      card: { title: '绩效面谈', text: lines.join('\n'), link: { text: '打开面谈页面', path: '/h5/interviews' } },
      subject: `interviews/${turn.person._id}`,
    },
  ]
}

/** 约面谈 张三 周三下午3点 三楼会议室 */
async function arrangeByWord(turn: TextTurn, ctx: Ctx, rest: string): Promise<Answer[]> {
  const [, ref, words = ''] = /^(\S{1,20})\s*([\s\S]*)$/.exec(rest) ?? []
  if (!ref) return [{ text: text.how }]
  const person = await one(ctx, ref)
  if (Array.isArray(person)) return person
  if (person._id === turn.person._id || !(await mayJudge(ctx, turn.person, person)))
    return [{ text: text.notAbove(person.name) }]
  const open = (await ctx.interviews.runningOf([person._id])).find((r) => !r.record)
  if (!open) return [{ text: text.noneOf(person.name) }]
  if (words.trim() === '') {
    await ask(turn, ctx, 'interview-time', { id: open._id })
    return [{ text: text.askTime }]
  }
  const when = whenIn(turn, ctx, words)
  if (!when) return [{ text: text.how }]
  return [{ text: said(ctx, await proposeTime(ctx, turn, turn.person, person, open.period, when), when) }]
}

/** The words about interviews. */
export const interviewCommand: FindCommand = async (turn, ctx) => {
  const words = turn.text.trim()
  if (/^(?:绩效)?面谈(?:安排|计划|记录|待办)?[。！!?？]?$|^(?:我的)?改进计划[。！!?？]?$/.test(words))
    return () => interviewsByWord(turn, ctx)
  const arranging = /^约(?:面谈|谈)(?:[\s:：]+|$)/.exec(words)
  // With points it is an item of a plan.
  if (!arranging || /\n|(?<!点\s?\d{0,2})\d\s?分(?!钟)/.test(words)) return undefined
  return () => arrangeByWord(turn, ctx, words.slice(arranging[0].length).trim())
}

import { behaviourConfirmCard, behaviourPointsCard, casesText, pointsOfOption, type Shown } from '../cards/behaviour.ts'
import { closedCard } from '../cards/plan-submitted.ts'
import type { Ctx } from '../src/context.ts'
import { caseTitle, signed } from '../src/domain/behaviour.ts'
import { isCancel } from '../src/domain/commands.ts'
import { type Named, namedFirst, rangeText, readBehaviour, recordInPassingOf } from '../src/domain/parse-behaviour.ts'
import { addDays, dayOf, formatDay } from '../src/domain/time.ts'
import type { Answer, Command, OnCard, OnTalk, TextTurn, Turn } from '../src/inbox/handler.ts'
import type { BehaviourRow } from '../src/store/behaviour.ts'
import type { Person } from '../src/store/people.ts'
import {
  acknowledgeBehaviour,
  type BehaviourInput,
  casesFor,
  decideAttendance,
  type RecordOutcome,
  recordBehaviour,
  revokeBehaviour,
} from './month/behaviour.ts'
import { type AttachOutcome, attachPicture, justRecorded } from './month/pictures.ts'
import { judges, mayJudge } from './rights.ts'
import { ask } from './write-week.ts'

const text = {
  nobody: '您没有可以记录日常行为的下属。',
  recorded: (name: string) => `已记录，并告知${name}`,
  waiting: (name: string) => `已记录，待${name}的部门经理确认后计入`,
  doubled: '提醒：如果同一事实已在当月检查表中扣分，两处会分别计入，请核对。',
  cancelled: '已取消，没有记录',
  gone: '这条记录已经处理过了。',
  denied: {
    self: '不能为自己记录日常行为。',
    'not-below': '这位同事不是您的下属，不能记录。',
    'hr-only': '这一情形由人力资源记录。',
    'manager-only': '这一情形由直属上级记录，人力资源不能代为记录。',
  },
  'bad-case': '没有这一情形，请重新输入。',
  future: '日期在今天之后，不能记录尚未发生的事。',
  'before-joining': '日期早于这位同事的入职日期，不能记录。',
  'after-leaving': '日期晚于这位同事的离职日期，不能记录。',
  'not-for-position': '这一情形只适用于驾驶岗位。',
  confirmed: '该月结果已由上级确认，不能再记录或撤销；如确有需要，请确认人先发“撤销确认”。',
  published: '该月结果已发布，不能再记录或撤销；如需更正，请联系人力资源。',
  none: '近60天没有您的日常行为记录。',
  sendPicture: '如有现场照片，请在10分钟内直接发给我，会附在这条记录上。',
  picture: (name: string, what: string) =>
    `照片已附在${name}的记录“${what}”上，仅本人、记录人、上级和人力资源可以查看。再发一张会替换。`,
  pictureLost: '照片没有取到，请再发一次，或在页面“日常行为记录”中上传。',
  'too-big': '照片超过5MB，请压缩后再发。',
  'not-a-picture': '只支持JPG或PNG格式的照片，这张无法识别，请换一张。',
  notYours: '只有记录人可以为这条记录添加照片。',
  askReason: '请回复撤销的原因，会告知本人。（回复“取消”放弃）',
  nothing: '没有可以撤销的记录。',
  notRevoked: '您没有权限撤销这条记录。',
  revoked: '已撤销，并告知本人。记录和原因会保留。',
  read: '已知悉',
  decided: { yes: '已确认，计入当月', no: '未确认，不计入' },
}

/** Everybody whom somebody may record: those below them in the tree, and for HR everybody else. */
async function namedFor(ctx: Ctx, by: Person): Promise<Named[]> {
  const people = (await ctx.people.active()).filter((p) => p._id !== by._id)
  const byId = new Map(people.map((p) => [p._id, p]))
  const judgeOf = await judges(ctx)
  const below = (person: Person): boolean => {
    const seen = new Set<string>()
    for (let at: Person | undefined = person; at && !seen.has(at._id); ) {
      seen.add(at._id)
      const judge = judgeOf(at)
      if (judge === by._id) return true
      at = judge ? byId.get(judge) : undefined
    }
    return false
  }
  const mine = by.roles.includes('hr') ? people : people.filter(below)
  return mine.map((p) => ({
    id: p._id,
    name: p.name,
    aliases: [...p.nicknames, ...(p.address ? [p.address] : [])],
    ...(p.jobNumber && { jobNumber: p.jobNumber }),
    ...(p.departments.at(-1) && { department: p.departments.at(-1)! }),
  }))
}

/** 记 姓名 会议迟到 1次: read, shown back, and nothing counts before it is confirmed. */
export async function recordCommand(
  turn: TextTurn,
  ctx: Ctx,
  { rest, sure }: { rest: string; sure: boolean },
): Promise<Command | undefined> {
  const people = await namedFor(ctx, turn.person)
  // A plan or minutes may begin with 记录…: only who leads people records, and only a name makes it a record.
  const named = namedFirst(rest, people).people.length > 0
  if (people.length === 0 || (!named && (!sure || turn.text.trim().includes('\n')))) return undefined
  return () => recordByWord(turn, ctx, rest, people)
}

async function recordByWord(turn: TextTurn, ctx: Ctx, rest: string, people: Named[]): Promise<Answer[]> {
  const { behaviour, timeZone } = ctx.company()
  const today = dayOf(turn.at, timeZone)
  const read = readBehaviour(rest, people, behaviour, today)
  if (read.kind === 'problem') return [{ text: read.text }]
  const { record } = read
  const person = await ctx.people.get(record.personId)
  if (!person) return [{ text: text.gone }]
  const c = behaviour.find((x) => x.id === record.caseId)!
  const denied = await refusal(ctx, turn.person, person, c.id, record.day, today)
  if (denied) return [{ text: denied }]
  const subject = `record/${turn.id}`
  const shown = { name: person.name, title: caseTitle(c), times: record.times, day: record.day, facts: record.facts }
  if (record.points === undefined)
    return [
      {
        card: behaviourPointsCard(c, { name: person.name, day: record.day, facts: record.facts }),
        subject,
        context: { record },
      },
    ]
  const card = behaviourConfirmCard({ ...shown, points: record.points }, c.positions ? text.doubled : undefined)
  return [{ card, subject, context: { record } }]
}

/** 「扣赵敏2分」, 「赵敏今天开会迟到，扣2分」: the same without the word for it. */
export async function recordInPassing(turn: TextTurn, ctx: Ctx): Promise<Answer[] | undefined> {
  // Before everybody is read: what says neither points nor a word of the kind is something else.
  if (!/[加扣减奖记]|表扬|批评|处罚/.test(turn.text)) return undefined
  const people = await namedFor(ctx, turn.person)
  const rest = recordInPassingOf(turn.text, people, ctx.company().behaviour)
  return rest === undefined ? undefined : recordByWord(turn, ctx, rest, people)
}

/** Why a record cannot be, before anything is asked. */
async function refusal(ctx: Ctx, by: Person, person: Person, caseId: string, day: string, today: string) {
  const c = ctx.company().behaviour.find((x) => x.id === caseId)!
  if (!(await casesFor(ctx, by, person)).some((x) => x.id === caseId)) {
    const judges = await mayJudge(ctx, by, person)
    const why =
      c.by === 'hr' ? 'hr-only' : judges ? 'not-for-position' : by.roles.includes('hr') ? 'manager-only' : 'not-below'
    return why === 'not-for-position' ? text['not-for-position'] : text.denied[why]
  }
  return day > today ? text.future : undefined
}

const recordIn = (context: Record<string, unknown>) => context.record as BehaviourInput & { personId: string }

export const onBehaviourPoints: OnCard = async (turn, ctx) => {
  const record = recordIn(turn.instance.context)
  const person = await ctx.people.get(record.personId)
  const c = ctx.company().behaviour.find((x) => x.id === record.caseId)
  const option = turn.choices.points?.[0]
  if (!person || !c || !option) return [{ text: text.gone }]
  const full = { ...record, points: pointsOfOption(option) }
  const shown = {
    name: person.name,
    title: caseTitle(c),
    points: full.points,
    times: full.times,
    day: full.day,
    facts: full.facts,
  }
  return [{ replace: behaviourConfirmCard(shown, c.positions ? text.doubled : undefined), context: { record: full } }]
}

export const onBehaviourSave: OnCard = async (turn, ctx) => {
  const record = recordIn(turn.instance.context)
  const person = await ctx.people.get(record.personId)
  if (!person) return [{ text: text.gone }]
  const outcome = await recordBehaviour(ctx, turn, turn.person, person, record)
  if (outcome.kind !== 'recorded')
    return [{ replace: closedCard(`${person.name}的日常行为`, '没有记录', explainRecord(outcome)) }]
  const { row } = outcome
  const said = row.state === 'waiting' ? text.waiting(person.name) : text.recorded(person.name)
  const line = `${formatDay(row.day)} ${row.title} ${signed(row.points)}${row.times > 1 ? `×${row.times}次` : ''}`
  const more = outcome.doubled ? `${text.doubled}\n${text.sendPicture}` : text.sendPicture
  return [{ replace: closedCard(`${person.name}：${line}`, said, more) }]
}

/** Why a record did not count, for whoever wrote it. */
export function explainRecord(outcome: Exclude<RecordOutcome, { kind: 'recorded' }>): string {
  switch (outcome.kind) {
    case 'not-allowed':
      return text.denied[outcome.why]
    case 'bad-points':
      return rangeText(outcome.case)
    case 'closed':
      return text[outcome.state]
    default:
      return text[outcome.kind]
  }
}

export const onBehaviourCancel: OnCard = async () => [{ replace: closedCard('日常行为记录', text.cancelled) }]

const recordOf = (turn: { instance: { context: Record<string, unknown> } }): string =>
  String(turn.instance.context.record)

export const onBehaviourRead: OnCard = async (turn, ctx) => {
  const { kind } = await acknowledgeBehaviour(ctx, turn, turn.person, recordOf(turn))
  const row = await ctx.behaviours.get(recordOf(turn))
  if (kind === 'gone' || !row) return [{ text: text.gone }]
  return [{ replace: closedCard(`${formatDay(row.day)} ${row.title} ${signed(row.points)}`, text.read) }]
}

export const onAttendance: OnCard = async (turn, ctx) => {
  const yes = turn.arg === 'yes'
  const outcome = await decideAttendance(ctx, turn, turn.person, recordOf(turn), yes)
  if (outcome.kind !== 'decided') return [{ text: outcome.kind === 'gone' ? text.gone : text.denied['not-below'] }]
  const person = await ctx.people.get(outcome.row.personId)
  return [{ replace: closedCard(`${person?.name ?? ''}的考勤记录`, yes ? text.decided.yes : text.decided.no) }]
}

/** What a card about a record shows. */
export async function shownRecord(ctx: Ctx, row: BehaviourRow): Promise<Shown> {
  const [person, by] = await Promise.all([ctx.people.get(row.personId), ctx.people.get(row.by)])
  const { title, points, times, day, facts } = row
  return { name: person?.name ?? '', by: by?.name ?? '上级', title, points, times, day, facts }
}

/** 我的记录: one's own of the last sixty days. */
export async function ownRecords(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const from = addDays(dayOf(turn.at, ctx.company().timeZone), -60)
  const rows = (await ctx.behaviours.ofPerson(turn.person._id, from)).filter(
    (r) => r.state === 'counts' || r.state === 'revoked',
  )
  if (rows.length === 0) return [{ text: text.none }]
  const line = (r: BehaviourRow) =>
    `· ${formatDay(r.day)} ${r.title} ${signed(r.points)}${r.times > 1 ? `×${r.times}次` : ''}${r.state === 'revoked' ? '（已撤销）' : ''}`
  return [{ text: `您近60天的日常行为记录：\n${rows.slice(0, 20).map(line).join('\n')}` }]
}

/** A picture sent right after recording: it belongs to that record. @returns undefined when it is about something else */
export async function pictureSent(turn: Turn, ref: string | undefined, ctx: Ctx): Promise<Answer[] | undefined> {
  const row = await justRecorded(ctx, turn.person, turn.at)
  if (!row) return undefined
  const got = ref === undefined ? undefined : await ctx.platforms[turn.platform]?.picture?.(ref)
  if (!got) return [{ text: text.pictureLost }]
  const outcome =
    'tooBig' in got ? { kind: 'too-big' as const } : await attachPicture(ctx, turn, turn.person, row._id, got.bytes)
  return [{ text: explainPicture(outcome, (await shownRecord(ctx, row)).name) }]
}

/** What became of a picture, for whoever sent it. */
export function explainPicture(outcome: AttachOutcome | { kind: 'too-big' }, name = ''): string {
  switch (outcome.kind) {
    case 'attached':
      return text.picture(name, `${formatDay(outcome.row.day)} ${outcome.row.title}`)
    case 'closed':
      return text[outcome.state]
    case 'not-allowed':
      return text.notYours
    default:
      return text[outcome.kind]
  }
}

/** 行为情形: what one may record, with its points. */
export async function casesByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const hr = turn.person.roles.includes('hr')
  const leads = (await namedFor(ctx, { ...turn.person, roles: [] })).length > 0
  const cases = ctx.company().behaviour.filter((c) => (leads && c.by !== 'hr') || (hr && c.by !== 'manager'))
  return [{ text: cases.length > 0 ? casesText(cases) : text.nobody }]
}

/** 撤销记录: the last one this person made; the reason is asked for. */
export async function revokeByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const last = await ctx.behaviours.lastBy(turn.person._id)
  if (!last || last.state === 'revoked' || last.state === 'refused') return [{ text: text.nothing }]
  const shown = await shownRecord(ctx, last)
  await ask(turn, ctx, 'behaviour-revoke', { record: last._id })
  return [{ text: `${shown.name} ${formatDay(last.day)} ${last.title} ${signed(last.points)}。${text.askReason}` }]
}

export const onRevokeReason: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  if (isCancel(turn.text)) return [{ text: '已取消。' }]
  const outcome = await revokeBehaviour(ctx, turn, turn.person, String(data.record), turn.text)
  switch (outcome.kind) {
    case 'revoked':
      return [{ text: text.revoked }]
    case 'not-allowed':
      return [{ text: text.notRevoked }]
    case 'closed':
      return [{ text: text[outcome.state] }]
    case 'gone':
    case 'no-reason':
      return [{ text: text.gone }]
  }
}

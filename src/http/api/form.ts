import { z } from 'zod'
import { addNote, returnWeek } from '../../../handlers/weekly/judge.ts'
import type { Act, Ctx } from '../../context.ts'
import { formatWeek, isWeek, type Week } from '../../domain/time.ts'
import type { CardInstance } from '../../store/cards.ts'
import type { Person } from '../../store/people.ts'
import { ApiError } from './body.ts'
import { closeCards } from './cards.ts'
import type { FormPage } from './contract.ts'
import { type Call, type Endpoint, endpoint } from './endpoint.ts'
import { noQuery, requestId, saying } from './fields.ts'

interface About {
  person: Person
  week: Week
}

/** What a card asks for in free text, by the first word of its subject (src/store/cards.ts). */
interface Form {
  page(about: About): FormPage
  /** Undefined: done; otherwise why not. */
  submit(ctx: Ctx, act: Act, me: Person, about: About, text: string): Promise<string | undefined>
  closed: string
}

const MOST = 500

const notReturned = {
  settled: '该周所在月份的结果已确认，不能再退回',
  scored: '已评分，不能再退回',
  excused: '这一周已免计，不需要补充',
  'not-submitted': '还没有提交，无法退回',
  'not-allowed': '您没有处理的权限',
}

const forms: Record<string, Form> = {
  note: {
    page: ({ person, week }) => ({
      title: '回复留言',
      about: `${person.name} ${formatWeek(week)}的周总结`,
      label: '回复内容',
      placeholder: '请填写回复内容',
      most: MOST,
      button: '发送',
    }),
    async submit(ctx, act, me, { person, week }, text) {
      const { kind } = await addNote(ctx, act, me, person, week, text)
      return kind === 'sent' ? undefined : '没有可以接收回复的人，请联系人力资源'
    },
    closed: '已在页面回复',
  },
  score: {
    page: ({ person, week }) => ({
      title: '退回补充',
      about: `${person.name} ${formatWeek(week)}的周总结和计划`,
      label: '需要补充什么',
      placeholder: '例如：第2项请写明完成的份数',
      most: MOST,
      button: '退回',
    }),
    async submit(ctx, act, me, { person, week }, text) {
      const { kind } = await returnWeek(ctx, act, me, person, week, text)
      return kind === 'returned' ? undefined : notReturned[kind]
    },
    closed: '已退回',
  },
}

/** The card of a form, for the one it was sent to only. */
async function formOf({ ctx, me, now, params }: Call<never, never>) {
  const id = params.card ?? ''
  const card = /^[0-9A-Za-z_@-]{1,100}$/.test(id) ? await ctx.cards.get(id) : null
  if (!card || card.personId !== me._id) throw new ApiError(403, 'forbidden', '没有这项内容或您没有权限')
  const form = forms[card.subject.split('/')[0]!]
  const about = form && (await aboutOf(ctx, card))
  if (!form || !about) throw new ApiError(404, 'not-found', '这张卡片不需要填写内容')
  return { card, form, about, over: card.state === 'closed' || card.expiresAt <= now }
}

async function aboutOf(ctx: Ctx, card: CardInstance): Promise<About | undefined> {
  const { personId, week } = card.context
  if (typeof personId !== 'string' || typeof week !== 'string' || !isWeek(week)) return undefined
  const person = await ctx.people.get(personId)
  return person ? { person, week } : undefined
}

const OVER = '这项内容已处理或已过期'

export const formEndpoints: Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/api/form/:card',
    query: noQuery,
    async run(call): Promise<FormPage> {
      const { form, about, over } = await formOf(call as Call<never, never>)
      if (over) throw new ApiError(410, 'over', OVER)
      return form.page(about)
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/form/:card',
    query: noQuery,
    body: z.strictObject({ requestId, text: saying(MOST) }),
    async run(call): Promise<{ done: true }> {
      const { ctx, me, act, body } = call
      const { card, form, about } = await formOf(call as Call<never, never>)
      // The second try of the same act finds its own doing, not a closed card.
      const problem = await form.submit(ctx, act, me, about, body.text)
      if (problem) throw new ApiError(422, 'refused', problem)
      await closeCards(call, [card.subject], form.closed, form.page(about).title)
      return { done: true }
    },
  }),
]

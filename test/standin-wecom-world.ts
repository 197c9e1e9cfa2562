import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'
import { decrypt, encrypt, sign } from '../sandbox/wecom/crypto.ts'
import { startWecomStandIn, type WecomStandInOptions } from '../sandbox/wecom/stand-in.ts'
import { childText, parseXml, toXml, type XmlElement, type XmlNode } from '../sandbox/wecom/xml.ts'

export const CORP = 'wx5823bf96d3bd56c7'
export const AGENT = 1000002
export const KEYS = { token: 'QDG6eK', aesKey: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C' }

type Json = Record<string, unknown>
type Answer = Json & { errcode: number; errmsg: string }

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A clock that stands still until it is moved. */
export function stillClock(at = '2026-11-25T09:00:00+08:00') {
  let now = new Date(at)
  return {
    now: () => now,
    forward: (ms: number) => {
      now = new Date(now.getTime() + ms)
    },
  }
}

export const SECOND = 1000
export const MINUTE = 60_000
export const HOUR = 3600_000
export const DAY = 24 * HOUR

const person = (userId: string, name: string, departments: string[], more: Json = {}) => ({
  ...{ userId, name, departments, title: '员工', ...more },
})

/** A stand-in with five people and the calls of a client that checks nothing. */
export async function makeWecom(options: Partial<WecomStandInOptions> = {}) {
  const clock = stillClock()
  const wecom = await startWecomStandIn({
    ...{ clock, corpId: CORP, agentId: AGENT, secret: 'app-secret', contactsSecret: 'contacts-secret' },
    people: [
      person('Zhao', '赵敏', ['研发部'], { leader: true, jobNumber: '0001', hiredOn: '2019-03-05' }),
      person('qian', '钱进', ['研发部', '平台组'], {
        managerUserId: 'Zhao',
        hiredOn: '2021-07-01',
        extra: { 生日: '腊月初八' },
      }),
      person('sun', '孙丽', ['食堂'], { hiredOn: '2022-01-09' }),
      person('li', '李想', ['食堂'], { hiredOn: '2023-12-31' }),
      person('zhou', '周正', ['行政部'], { hiredOn: '2024-02-29' }),
    ],
    ...{ retryDelayMs: 1, deadlineMs: 150, verifyDeadlineMs: 150, ...options },
  })
  closing.push(() => wecom.stop())
  const get = async (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    (await fetch(`${wecom.apiBase}/cgi-bin/${path}`, { headers })).json() as Promise<Answer>
  const post = async (path: string, body: unknown): Promise<Answer> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    return (await fetch(`${wecom.apiBase}/cgi-bin/${path}`, { method: 'POST', body: text })).json() as Promise<Answer>
  }
  const token = async (secret = 'app-secret'): Promise<string> =>
    (await get(`gettoken?corpid=${CORP}&corpsecret=${secret}`)).access_token as string
  const app = await token()
  const send = (body: Json): Promise<Answer> =>
    post(`message/send?access_token=${app}`, { touser: 'qian', agentid: AGENT, ...body })
  const sendText = (content: string, body: Json = {}): Promise<Answer> =>
    send({ msgtype: 'text', text: { content }, ...body })
  const sendCard = (card: unknown, body: Json = {}): Promise<Answer> =>
    send({ msgtype: 'template_card', template_card: card, ...body })
  const update = (body: Json): Promise<Answer> =>
    post(`message/update_template_card?access_token=${app}`, { agentid: AGENT, ...body })
  return { wecom, clock, get, post, token, app, send, sendText, sendCard, update }
}

export interface Received {
  query: URLSearchParams
  body: string
  outer: XmlElement
  /** The decrypted XML. */
  inner: XmlElement
  plain: string
}

type Respond = (received: Received) => { status?: number; body?: string; delayMs?: number } | undefined

/** A bot that verifies nothing but decrypts: what the stand-in really sends. Answers 200 with nothing by default. */
export async function makeBot(respond: Respond = () => undefined) {
  const received: Received[] = []
  const open = new Set<NodeJS.Timeout>()
  const server: Server = createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://bot')
    let body = ''
    for await (const chunk of request) body += chunk
    if (request.method === 'GET') {
      response.end(decrypt(KEYS.aesKey, url.searchParams.get('echostr')!).message)
      return
    }
    const one = read(url.searchParams, body)
    received.push(one)
    const { status = 200, body: answer = '', delayMs = 0 } = respond(one) ?? {}
    if (delayMs === 0) response.writeHead(status).end(answer)
    else open.add(setTimeout(() => response.writeHead(status).end(answer), delayMs))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  closing.push(async () => {
    for (const timer of open) clearTimeout(timer)
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/wecom/callback`, received }
}

function read(query: URLSearchParams, body: string): Received {
  const outer = parseXml(body)
  const encrypted = childText(outer, 'Encrypt')!
  const signed = sign(KEYS.token, query.get('timestamp')!, query.get('nonce')!, encrypted)
  if (signed !== query.get('msg_signature')) throw new Error('the stand-in signed wrongly')
  const { message, receiveId } = decrypt(KEYS.aesKey, encrypted)
  if (receiveId !== CORP) throw new Error('the stand-in sent a wrong receiveid')
  return { query, body, outer, inner: parseXml(message), plain: message }
}

/** A passive reply, encrypted and signed. */
export function reply(fields: XmlNode, keys = KEYS): string {
  const xml = toXml(fields, { cdata: true, gap: '' })
  const Encrypt = encrypt(keys.aesKey, xml, CORP)
  const envelope = {
    Encrypt,
    MsgSignature: sign(keys.token, '1764032400', 'n1', Encrypt),
    TimeStamp: 1764032400,
    Nonce: 'n1',
  }
  return toXml(envelope, { cdata: true, gap: '' })
}

export async function makeWecomWithBot(respond?: Respond, options: Partial<WecomStandInOptions> = {}) {
  const bot = await makeBot(respond)
  const world = await makeWecom(options)
  await world.wecom.setCallback({ ...KEYS, url: bot.url })
  return { ...world, bot }
}

export const buttonCard = (taskId: string, more: Json = {}): Json => ({
  card_type: 'button_interaction',
  main_title: { title: '周计划待审批' },
  task_id: taskId,
  button_list: [
    { text: '同意', style: 1, key: 'approve' },
    { text: '退回', style: 3, key: 'reject' },
  ],
  ...more,
})

export const voteCard = (taskId: string, more: Json = {}): Json => ({
  card_type: 'vote_interaction',
  main_title: { title: '食堂评价' },
  task_id: taskId,
  checkbox: {
    question_key: 'q',
    mode: 1,
    option_list: ['a', 'b', 'c'].map((id) => ({ id, text: `选项${id}`, is_checked: false })),
  },
  submit_button: { text: '提交', key: 'vote' },
  ...more,
})

const options = ['1', '2', '3'].map((id) => ({ id, text: `第${id}项` }))
export const multipleCard = (taskId: string, more: Json = {}): Json => ({
  card_type: 'multiple_interaction',
  main_title: { title: '评分' },
  task_id: taskId,
  select_list: [
    { question_key: 'quality', title: '质量', option_list: options, selected_id: '2' },
    { question_key: 'speed', title: '进度', option_list: options },
  ],
  submit_button: { text: '提交', key: 'score' },
  ...more,
})

export const textCard = (more: Json = {}): Json => ({
  card_type: 'text_notice',
  main_title: { title: '本月结果' },
  card_action: { type: 1, url: 'https://bot.example.com/h5/results' },
  ...more,
})

export const newsCard = (more: Json = {}): Json => ({
  card_type: 'news_notice',
  main_title: { title: '生日快乐' },
  card_image: { url: 'https://bot.example.com/cake.png', aspect_ratio: 2.25 },
  card_action: { type: 1, url: 'https://bot.example.com/h5/birthday' },
  ...more,
})

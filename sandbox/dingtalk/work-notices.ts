import { beijingDay, type Core } from './core.ts'
import { isRecord, isText, type Json, parseJson } from './json.ts'
import { drawWebhookMessage, linkCard } from './messages.ts'
import type { NewMessage, Phones } from './phones.ts'
import { refuseOld } from './refusal.ts'
import type { Call, Route } from './server.ts'
import { ROOT_DEPARTMENT, type World } from './world.ts'

const MOST_PEOPLE = 100
const MOST_DEPARTMENTS = 20
const MOST_BYTES = 2_048
const MOST_A_DAY = 500
const RESULT_MS = 86_400_000
const PER_DAY = 143105
const DUPLICATE = 143106

interface Task {
  at: number
  reached: string[]
  invalid: string[]
  forbidden: { code: number; userid: string }[]
}

/**
 * Work notifications (dingtalk.md §5.6). What is over a limit is answered with errcode 0 and not delivered: only
 * `getsendresult` tells of it.
 */
export function createWorkNotices(core: Core, world: World, phones: Phones): { routes: Route[] } {
  const tasks = new Map<number, Task>()
  const sentToday = new Map<string, { day: string; count: number; contents: Set<string> }>()
  let nextTask = 100_000_001

  function receivers(body: Json): { userIds: string[]; invalid: string[] } {
    if (String(body.to_all_user ?? false) === 'true') return { userIds: [...world.people.keys()], invalid: [] }
    const listOf = (text: unknown) => (isText(text) ? text.split(',').filter(Boolean) : [])
    const named = listOf(body.userid_list)
    const departments = listOf(body.dept_id_list).map(Number)
    if (named.length === 0 && departments.length === 0) throw refuseOld(400002, '接收人不能为空')
    if (named.length > MOST_PEOPLE || departments.length > MOST_DEPARTMENTS) throw refuseOld(400002, '接收人过多')
    const members = [...world.people.values()].filter((p) => departments.some((id) => isBelow(p.departments, id)))
    const wanted = [...new Set([...named, ...members.map((p) => p.userId)])]
    return { userIds: wanted.filter(world.inScope), invalid: wanted.filter((id) => !world.inScope(id)) }
  }

  function isBelow(path: readonly string[], department: number): boolean {
    for (let at: number | undefined = world.departmentOf(path); at; at = world.departments.get(at)?.parentId)
      if (at === department) return true
    return department === ROOT_DEPARTMENT
  }

  /** Why the platform drops it, if it does. */
  function refusalFor(userId: string, content: string): number | undefined {
    const day = beijingDay(core.now())
    const known = sentToday.get(userId)
    const today = known?.day === day ? known : { day, count: 0, contents: new Set<string>() }
    sentToday.set(userId, today)
    if (today.contents.has(content)) return DUPLICATE
    if (today.count >= MOST_A_DAY) return PER_DAY
    today.contents.add(content)
    today.count++
    return undefined
  }

  function send({ body }: Call) {
    checkAgent(body)
    const msg = isRecord(body.msg) ? body.msg : parseJson(body.msg)
    const content = isRecord(msg) ? drawNotice(msg) : undefined
    if (!content) throw refuseOld(400002, 'msg不合法')
    const text = JSON.stringify(msg)
    if (Buffer.byteLength(text) > MOST_BYTES) throw refuseOld(400002, 'msg超过2048字节')
    const { userIds, invalid } = receivers(body)
    const task: Task = { at: core.now(), reached: [], invalid, forbidden: [] }
    for (const userid of userIds) {
      const code = refusalFor(userid, text)
      if (code !== undefined) {
        task.forbidden.push({ code, userid })
        continue
      }
      phones.add({ userId: userid }, { id: core.random.hex(24), at: new Date(core.now()), from: 'bot', ...content })
      task.reached.push(userid)
    }
    const taskId = nextTask++
    tasks.set(taskId, task)
    return { errcode: 0, errmsg: 'ok', task_id: taskId }
  }

  function result({ body }: Call) {
    checkAgent(body)
    const task = tasks.get(Number(body.task_id))
    if (!task || core.now() - task.at > RESULT_MS) throw refuseOld(400002, 'task_id不存在或已超过24小时')
    const send_result = {
      invalid_user_id_list: task.invalid,
      invalid_dept_id_list: [],
      failed_user_id_list: [],
      forbidden_user_id_list: task.forbidden.map((f) => f.userid),
      forbidden_list: task.forbidden.map(({ code, userid }) => ({ code: String(code), count: 1, userid })),
      read_user_id_list: [],
      unread_user_id_list: task.reached,
    }
    return { errcode: 0, errmsg: 'ok', send_result }
  }

  function checkAgent(body: Json) {
    if (String(body.agent_id ?? '') !== core.app.agentId) throw refuseOld(400002, '不合法的agent_id')
  }

  const base = { method: 'POST', host: 'oapi', counted: true } as const
  return {
    routes: [
      { ...base, path: '/topapi/message/corpconversation/asyncsend_v2', handle: send },
      { ...base, path: '/topapi/message/corpconversation/getsendresult', handle: result },
    ],
  }
}

function drawNotice(msg: Json): Pick<NewMessage, 'kind' | 'text' | 'card' | 'raw'> | undefined {
  const part = isText(msg.msgtype) ? msg[msg.msgtype] : undefined
  if (!isRecord(part)) return undefined
  const raw = { channel: '工作通知', msg }
  if (msg.msgtype === 'action_card') {
    if (!isText(part.title) || !isText(part.markdown)) return undefined
    const listed = Array.isArray(part.btn_json_list) ? part.btn_json_list.filter(isRecord) : []
    const buttons = listed.map((b) => ({ text: String(b.title ?? ''), url: String(b.action_url ?? '') }))
    if (isText(part.single_title)) buttons.push({ text: part.single_title, url: String(part.single_url ?? '') })
    return { kind: 'card', card: linkCard(part.title, part.markdown, buttons), raw }
  }
  if (msg.msgtype === 'oa') {
    const body = isRecord(part.body) ? part.body : {}
    return { kind: 'link', text: `${String(body.title ?? '')}\n${String(part.message_url ?? '')}`, raw }
  }
  if (msg.msgtype === 'image' || msg.msgtype === 'voice' || msg.msgtype === 'file')
    return isText(part.media_id) ? { kind: msg.msgtype, text: part.media_id, raw } : undefined
  if (msg.msgtype === 'text' || msg.msgtype === 'markdown' || msg.msgtype === 'link') {
    const content = drawWebhookMessage(msg)
    return content && { ...content, raw }
  }
  return undefined
}

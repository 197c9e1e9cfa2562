import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Member } from '../port.ts'
import type { Api, Reply } from './api.ts'
import { addStaffFields, wantedFields } from './staff-fields.ts'

/** How many calls of the walk are under way at once. */
const PARALLEL = 8
const TRIES = 4
/** The root of the tree carries the company's name, which is no department. */
const ROOT = 1
const TOO_BIG = 45029

const Simple = z.object({ department_id: z.array(z.object({ id: z.number(), parentid: z.number() })) })
const Department = z.object({ department: z.object({ name: z.string() }) })
const Attribute = z.object({ name: z.string(), text: z.object({ value: z.string() }).optional() })
const User = z.object({
  userid: z.string().min(1),
  name: z.string().optional(),
  department: z.array(z.number()).optional(),
  main_department: z.number().optional(),
  is_leader_in_dept: z.array(z.number()).optional(),
  direct_leader: z.array(z.string()).optional(),
  position: z.string().optional(),
  status: z.number().optional(),
  extattr: z.object({ attrs: z.array(Attribute).optional() }).optional(),
})
const Users = z.object({ userlist: z.array(User) })
const Agent = z.object({
  allow_userinfos: z.object({ user: z.array(z.object({ userid: z.string().min(1) })) }).optional(),
})
const IdPage = z.object({
  dept_user: z.array(z.object({ userid: z.string().min(1) })),
  next_cursor: z.string().optional(),
})
const UserIds = z.object({ userlist: z.array(z.object({ userid: z.string().min(1) })) })

type User = z.infer<typeof User>
interface Node {
  name: string
  parentId: number
}

/**
 * Reads every member in the app's visible range with the app's own token (wecom.md §9.1): the ids of all departments,
 * each department's name and direct members, and the members who were put into the range one by one
 * (agent/get, developer.work.weixin.qq.com/document/path/90227).
 *
 * All or nothing: half a list would make the other half look as if they had left.
 *
 * @throws Error with the platform's reason in Chinese when any part cannot be read
 */
export async function readMembers(api: Api, agentId: number): Promise<Member[]> {
  const wanted = await wantedFields(api)
  const { department_id: nodes } = Simple.parse(await insist(() => api.get('/cgi-bin/department/simplelist')))
  const departments = new Map<number, Node>()
  const users = new Map<string, User>()
  await inParallel(nodes, async ({ id, parentid }) => {
    const { department } = Department.parse(await insist(() => api.get('/cgi-bin/department/get', { id })))
    departments.set(id, { name: department.name, parentId: parentid })
    for (const user of await usersOf(api, id)) users.set(user.userid, user)
  })
  const agent = Agent.parse(await insist(() => api.get('/cgi-bin/agent/get', { agentid: agentId })))
  const alone = (agent.allow_userinfos?.user ?? []).filter(({ userid }) => !users.has(userid))
  await inParallel(alone, async ({ userid }) => {
    users.set(userid, User.parse(await insist(() => api.get('/cgi-bin/user/get', { userid }))))
  })
  const members = [...users.values()].map((user) => toMember(user, departments))
  if (wanted) await addStaffFields(api, wanted, members)
  return members
}

/**
 * How many people of the company the app cannot see, by the ids that the contact assistant may list (wecom.md §9.3).
 *
 * @param contacts the API under the contact assistant's token
 * @throws Error with the platform's reason in Chinese
 */
export async function countUnseen(contacts: Api, members: Member[]): Promise<number> {
  // User ids differ in case only for show (wecom.md §13 row 15).
  const seen = new Set(members.map((member) => member.userId.toLowerCase()))
  const unseen = new Set<string>()
  let cursor = ''
  do {
    const body = { limit: 10_000, ...(cursor !== '' && { cursor }) }
    const page = IdPage.parse(await insist(() => contacts.post('/cgi-bin/user/list_id', body)))
    for (const { userid } of page.dept_user) if (!seen.has(userid.toLowerCase())) unseen.add(userid.toLowerCase())
    cursor = page.next_cursor ?? ''
  } while (cursor !== '')
  return unseen.size
}

async function usersOf(api: Api, departmentId: number): Promise<User[]> {
  const query = { department_id: departmentId }
  let reply: Reply | undefined
  const body = await insist(async () => {
    reply = await api.get('/cgi-bin/user/list', query)
    return reply.kind === 'failed' && reply.code === TOO_BIG ? { kind: 'ok', body: { userlist: [] } } : reply
  })
  if (reply?.kind === 'ok') return Users.parse(body).userlist
  const { userlist } = UserIds.parse(await insist(() => api.get('/cgi-bin/user/simplelist', query)))
  const users: User[] = []
  for (const { userid } of userlist)
    users.push(User.parse(await insist(() => api.get('/cgi-bin/user/get', { userid }))))
  return users
}

function toMember(user: User, departments: Map<number, Node>): Member {
  const ids = user.department ?? []
  const main = user.main_department ?? ids[0]
  const extra: Record<string, string> = {}
  for (const { name, text } of user.extattr?.attrs ?? [])
    if (text && text.value !== '' && name !== '__proto__') extra[name] = text.value
  const jobNumber = extra.工号 ?? extra.员工编号
  const hiredOn = dateOf(extra.入职日期 ?? extra.入职时间)
  const leads = main === undefined ? undefined : user.is_leader_in_dept?.[ids.indexOf(main)]
  return {
    userId: user.userid,
    name: user.name ?? user.userid,
    departments: departmentNames(main, ids, departments),
    // 2 disabled, 5 left; 4 has not opened WeCom yet and is an employee all the same.
    active: user.status !== 2 && user.status !== 5,
    ...(user.position && { title: user.position }),
    ...(jobNumber && { jobNumber }),
    ...(user.direct_leader?.[0] && { managerUserId: user.direct_leader[0] }),
    ...(leads !== undefined && { leader: leads === 1 }),
    ...(hiredOn && { hiredOn }),
    ...(Object.keys(extra).length > 0 && { extra }),
  }
}

/** The way from the top to the main department, then the names of the others that are not on it. */
function departmentNames(main: number | undefined, ids: number[], departments: Map<number, Node>): string[] {
  const names: string[] = []
  for (const id of main === undefined ? ids : [main, ...ids]) {
    const way: string[] = []
    const seen = new Set<number>()
    for (let at = id; at !== ROOT && !seen.has(at); ) {
      seen.add(at)
      const node = departments.get(at)
      if (!node) break
      way.unshift(node.name)
      at = node.parentId
    }
    for (const name of way) if (!names.includes(name)) names.push(name)
  }
  return names
}

/** The platform has no dates, only text that people typed (wecom.md §9.4): 2024-03-01, 2024/3/1, 2024年3月1日, 20240301. */
function dateOf(text: string | undefined): string | undefined {
  const parts = /^\s*(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?\s*$/.exec(text ?? '')
  if (!parts) return undefined
  const [year, month, day] = [parts[1]!, parts[2]!.padStart(2, '0'), parts[3]!.padStart(2, '0')]
  const at = new Date(`${year}-${month}-${day}T00:00:00Z`)
  return Number.isNaN(at.getTime()) || at.getUTCDate() !== Number(day) ? undefined : `${year}-${month}-${day}`
}

/** Reading can be repeated: a busy platform or a lost answer must not spoil a walk of hundreds of calls. */
async function insist(call: () => Promise<Reply>): Promise<Record<string, unknown>> {
  for (let attempt = 1; ; attempt++) {
    const reply = await call()
    if (reply.kind === 'ok') return reply.body
    const { failure } = reply
    const brief = failure.kind === 'unknown' || (failure.kind === 'later' && failure.afterMs <= 5_000)
    if (!brief || attempt === TRIES)
      throw new Error(
        `读取企业微信通讯录失败：${failure.reason}${failure.kind === 'refused' ? `。${failure.advice}` : ''}`,
      )
    await sleep(200 * 2 ** attempt)
  }
}

async function inParallel<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const run = async () => {
    while (next < items.length) await work(items[next++]!)
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, run))
}

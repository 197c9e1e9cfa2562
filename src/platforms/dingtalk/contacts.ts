import { z } from 'zod'
import type { Member } from '../port.ts'
import type { Api } from './api.ts'
import { verdictOf } from './codes.ts'
import { type Answer, DingtalkError } from './failure.ts'
import { beijingDay } from './quota.ts'

const ROOT = '1'
const PAGE = 100
/** Departments are asked for side by side; the limiter keeps the pace. */
const AT_A_TIME = 6
const TRIES = 4

/** Numbers arrive as strings now and then (dingtalk.md §12). */
const id = z.union([z.string(), z.number()]).transform(String)
const flag = z.union([z.boolean(), z.string()]).transform((value) => String(value) === 'true')
const optionalText = z.string().optional().catch(undefined)

const scopes = z.object({
  auth_org_scopes: z.object({ authed_dept: z.array(id).catch([]), authed_user: z.array(id).catch([]) }),
})
const subDepartments = z.object({
  result: z.array(z.object({ dept_id: id, name: z.string(), parent_id: id.optional() })).catch([]),
})
const oneDepartment = z.object({ result: z.object({ name: z.string() }) })
const user = z.object({
  userid: id,
  name: z.string().catch(''),
  title: optionalText,
  job_number: optionalText,
  manager_userid: optionalText,
  dept_id_list: z.array(id).catch([]),
  leader_in_dept: z.array(z.object({ dept_id: id, leader: flag })).catch([]),
  active: flag.catch(true),
  hired_date: z.union([z.string(), z.number()]).transform(Number).optional().catch(undefined),
  extension: optionalText,
})
type User = z.infer<typeof user>
const userPage = z.object({
  result: z.object({ has_more: flag.catch(false), next_cursor: id.optional(), list: z.array(user) }),
})
const oneUser = z.object({ result: user })

/**
 * Everybody the app may see: departments from the top (or from those in scope), united by userid (dingtalk.md §8).
 * Rejects with {@link DingtalkError} when any part cannot be read: a list with holes would look like people leaving.
 *
 * @param pauseMs between tries of a busy platform
 */
export async function readMembers(api: Api, pauseMs = 1_000): Promise<Member[]> {
  async function read<T>(schema: z.ZodType<T>, path: string, body?: object): Promise<T> {
    const answer = await patiently(
      () => api.old(path, body, { method: body ? 'POST' : 'GET', waitMs: 60_000 }),
      pauseMs,
    )
    if (!answer.ok) throw new DingtalkError('读取通讯录失败', answer.failure)
    const parsed = schema.safeParse(answer.data)
    if (parsed.success) return parsed.data
    throw new DingtalkError('读取通讯录失败', {
      host: 'oapi',
      status: 200,
      code: 'bad-answer',
      message: `${path}: ${parsed.error.issues[0]?.path.join('.') ?? ''}`,
      requestId: '',
      scopes: [],
    })
  }

  const scope = (await read(scopes, '/auth/scopes')).auth_org_scopes
  const roots = scope.authed_dept.length > 0 || scope.authed_user.length > 0 ? scope.authed_dept : [ROOT]
  /** Names from the top; the company itself has no place in them. */
  const paths = new Map<string, string[]>()
  const users = new Map<string, User>()

  await inParallel(roots, async (root, add) => {
    if (paths.has(root)) return
    // A department whose parents are out of scope begins its own path.
    const name = root === ROOT ? undefined : await departmentName(api, root)
    paths.set(root, name ? [name] : [])
    add(root)
  })
  await inParallel([...paths.keys()], async (department, add) => {
    const subs = await read(subDepartments, '/topapi/v2/department/listsub', { dept_id: Number(department) })
    for (const { dept_id, name } of subs.result) {
      const known = paths.get(dept_id)
      const path = [...(paths.get(department) ?? []), name]
      if (!known) add(dept_id)
      if (!known || known.length < path.length) paths.set(dept_id, path)
    }
    let cursor: string | undefined = '0'
    while (cursor !== undefined) {
      const page: z.infer<typeof userPage> = await read(userPage, '/topapi/v2/user/list', {
        dept_id: Number(department),
        cursor: Number(cursor),
        size: PAGE,
      })
      for (const one of page.result.list) users.set(one.userid, one)
      const next: string | undefined = page.result.has_more ? page.result.next_cursor : undefined
      cursor = next === cursor ? undefined : next
    }
  })
  await inParallel(
    scope.authed_user.filter((userid) => !users.has(userid)),
    async (userid) => {
      users.set(userid, (await read(oneUser, '/topapi/v2/user/get', { userid })).result)
    },
  )
  return [...users.values()].map((one) => memberOf(one, paths))
}

/** Fields of 智能人事 (§8.2), with the names under which they are kept beside a company's own attributes. */
const ROSTER_FIELDS: Record<string, string> = {
  'sys02-birthTime': '出生日期',
  'sys01-planRegularTime': '转正日期',
  'sys05-nowContractEndTime': '合同到期日',
}
/** The day on which 转正 was carried out: where it stands, the planned one is over and done with. */
const CARRIED_OUT = 'sys01-regularTime'
const HIRED = 'sys00-confirmJoinTime'
const rosterPage = z.object({
  result: z.array(
    z.object({
      userId: id,
      fieldDataList: z
        .array(
          z.object({
            fieldCode: z.string(),
            fieldValueList: z.array(z.object({ value: optionalText, label: optionalText })).catch([]),
          }),
        )
        .catch([]),
    }),
  ),
})

/**
 * Adds what the company keeps in 智能人事: birth date, ends of probation and contract, hire date (§8.2). Many companies do not
 * use it, or do not let the app read it: that is no fault, the members stay as they are then. What an administrator wrote into
 * the contacts themselves stands before the roster.
 *
 * @returns whether the roster could be read
 */
export async function addRoster(api: Api, agentId: string, members: Member[]): Promise<boolean> {
  const byId = new Map(members.map((member) => [member.userId, member]))
  const ids = [...byId.keys()]
  for (let from = 0; from < ids.length; from += PAGE) {
    const answer = await api.call(
      '/v1.0/hrm/rosters/lists/query',
      {
        userIdList: ids.slice(from, from + PAGE),
        fieldFilterList: [...Object.keys(ROSTER_FIELDS), CARRIED_OUT, HIRED],
        appAgentId: Number(agentId),
        text2SelectConvert: true,
      },
      { waitMs: 60_000 },
    )
    const parsed = answer.ok ? rosterPage.safeParse(answer.data) : undefined
    if (!parsed?.success) return false
    for (const { userId, fieldDataList } of parsed.data.result) {
      const member = byId.get(userId)
      if (!member) continue
      const values = new Map(
        fieldDataList.map(({ fieldCode, fieldValueList: [first] }) => {
          return [fieldCode, (first?.value ?? first?.label ?? '').trim()] as const
        }),
      )
      const carriedOut = values.get(CARRIED_OUT)
      if (carriedOut) values.set('sys01-planRegularTime', values.get('sys01-planRegularTime') ? '' : carriedOut)
      for (const [code, name] of Object.entries(ROSTER_FIELDS)) {
        const text = values.get(code)
        if (text) member.extra = { [name]: text, ...member.extra }
      }
      const hired = values.get(HIRED)
      if (hired && !member.hiredOn && /^\d{4}-\d{2}-\d{2}/.test(hired)) member.hiredOn = hired.slice(0, 10)
    }
  }
  return true
}

/** Redeems a login code of a page (§9.1). `undefined`: wrong, used, expired, or nobody of this company. */
export async function redeemLoginCode(api: Api, code: string): Promise<{ userId: string } | undefined> {
  const answer = await api.old('/topapi/v2/user/getuserinfo', { code })
  if (!answer.ok) {
    if (['40078', '40079', '41026', '33012', '60121', '40035', '400002'].includes(answer.failure.code)) return undefined
    throw new DingtalkError('登录失败', answer.failure)
  }
  const parsed = z.object({ result: z.object({ userid: id }) }).safeParse(answer.data)
  return parsed.success && parsed.data.result.userid !== '' ? { userId: parsed.data.result.userid } : undefined
}

export function memberOf(one: User, paths: Map<string, string[]>): Member {
  const [main] = one.dept_id_list
  const departments = [...new Set(one.dept_id_list.flatMap((department) => paths.get(department) ?? []))]
  const leader = one.leader_in_dept.find(({ dept_id }) => dept_id === main)?.leader
  const extra = extensionOf(one.extension)
  return {
    userId: one.userid,
    name: one.name,
    departments,
    active: one.active,
    ...(one.title && { title: one.title }),
    ...(one.job_number && { jobNumber: one.job_number }),
    ...(one.manager_userid && { managerUserId: one.manager_userid }),
    ...(leader !== undefined && { leader }),
    ...(one.hired_date && one.hired_date > 0 && { hiredOn: beijingDay(new Date(one.hired_date)) }),
    ...(extra && { extra }),
  }
}

/** Custom fields of the company, by their names: a JSON object in a string (§8.1). */
function extensionOf(text: string | undefined): Record<string, string> | undefined {
  if (!text) return undefined
  try {
    const parsed = z.record(z.string(), z.unknown()).parse(JSON.parse(text))
    const entries = Object.entries(parsed).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' ? [[name, String(value)] as const] : [],
    )
    return entries.length > 0 ? Object.fromEntries(entries) : undefined
  } catch {
    return undefined
  }
}

async function departmentName(api: Api, department: string): Promise<string | undefined> {
  const answer = await api.old('/topapi/v2/department/get', { dept_id: Number(department) }, { waitMs: 60_000 })
  const parsed = answer.ok ? oneDepartment.safeParse(answer.data) : undefined
  return parsed?.success ? parsed.data.result.name : undefined
}

/** Reading changes nothing, so that what is busy or unanswered is simply asked again. */
async function patiently(ask: () => Promise<Answer>, pauseMs: number): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask()
    if (answer.ok || attempt === TRIES || verdictOf(answer.failure).kind === 'refused') return answer
    if (answer.failure.code === 'banned') return answer
    await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 ** (attempt - 1)))
  }
}

/** Works off a list that may grow meanwhile; the first failure ends it. */
async function inParallel<T>(items: T[], work: (item: T, add: (item: T) => void) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const running = new Set<Promise<void>>()
  while (waiting.length > 0 || running.size > 0) {
    while (waiting.length > 0 && running.size < AT_A_TIME) {
      const one: Promise<void> = work(waiting.shift()!, (item) => waiting.push(item)).finally(() => running.delete(one))
      running.add(one)
    }
    await Promise.race(running)
  }
}

import type { SandboxPerson } from '../stand-in.ts'
import type { Core } from './core.ts'
import { isText, isTextList, type Json } from './json.ts'
import { refuse, refuseOld } from './refusal.ts'
import type { Call, Route } from './server.ts'
import { ROOT_DEPARTMENT, type World } from './world.ts'

const PAGE_MOST = 100
const ok = (result: unknown): Json => ({ errcode: 0, errmsg: 'ok', result })

/** Fields that are shown only with a permission of their own (dingtalk.md §8.1). */
export interface ContactPermissions {
  mobile: boolean
  /** email, work_place, remark, extension. */
  personal: boolean
}

/**
 * Contacts and the HR roster (dingtalk.md §8). Numbers come as strings now and then; people out of the app's reach and
 * those who have left are refused with their own codes.
 */
export function createContacts(core: Core, world: World, permissions: ContactPermissions): { routes: Route[] } {
  const looseNumber = (n: number): number | string =>
    core.random.chance(core.variants.numbersAsStrings) ? String(n) : n

  function departmentIn(body: Json): number {
    const given = body.dept_id ?? ROOT_DEPARTMENT
    const id = Number(given)
    if (!Number.isSafeInteger(id) || id < 1) throw refuseOld(400002, '无效的参数')
    if (!world.departments.has(id)) throw refuseOld(60003, '部门不存在')
    if (!world.departmentInScope(id)) throw refuseOld(50004, '请求的部门id不在授权范围内')
    return id
  }

  function userIn(body: Json): SandboxPerson {
    if (!isText(body.userid)) throw refuseOld(33012, '无效的USERID')
    const person = world.people.get(body.userid)
    if (!person) throw refuseOld(60121, '找不到该用户')
    if (!world.inScope(person.userId)) throw refuseOld(50002, '请求的员工userid不在授权范围内')
    return person
  }

  const directMembers = (id: number) =>
    [...world.people.values()].filter((p) => world.departmentOf(p.departments) === id && world.inScope(p.userId))

  function page(call: Call): { people: SandboxPerson[]; rest: Json } {
    const id = departmentIn(call.body)
    const size = Number(call.body.size)
    const cursor = Number(call.body.cursor)
    if (!Number.isInteger(size) || size < 1 || size > PAGE_MOST) throw refuseOld(400002, 'size的取值范围是1到100')
    if (!Number.isInteger(cursor) || cursor < 0) throw refuseOld(400002, '无效的cursor')
    const all = directMembers(id)
    const next = cursor + size
    const rest = next < all.length ? { has_more: true, next_cursor: looseNumber(next) } : { has_more: false }
    return { people: all.slice(cursor, next), rest }
  }

  function describe(p: SandboxPerson): Json {
    const dept = world.departmentOf(p.departments)
    return {
      userid: p.userId,
      unionid: world.unionIdOf(p.userId),
      name: p.name,
      title: p.title,
      active: true,
      real_authed: true,
      senior: false,
      admin: false,
      boss: false,
      hide_mobile: false,
      exclusive_account: false,
      dept_id_list: [looseNumber(dept)],
      dept_order_list: [{ dept_id: looseNumber(dept), order: 1 }],
      leader_in_dept: [{ dept_id: looseNumber(dept), leader: p.leader === true }],
      ...(p.jobNumber && { job_number: p.jobNumber }),
      ...(p.managerUserId && { manager_userid: p.managerUserId }),
      ...(p.hiredOn && { hired_date: Date.parse(`${p.hiredOn}T00:00:00+08:00`) }),
      ...(permissions.mobile && { mobile: '13800000000', state_code: '86' }),
      ...(permissions.personal && p.extra && { extension: JSON.stringify(p.extra) }),
    }
  }

  const subs = (id: number) =>
    [...world.departments.values()].filter((d) => d.parentId === id && world.departmentInScope(d.id))

  const routes: Route[] = [
    {
      method: 'GET',
      path: '/auth/scopes',
      host: 'oapi',
      handle: () => ({
        errcode: 0,
        errmsg: 'ok',
        auth_user_field: ['name', 'title'],
        condition_field: [],
        auth_org_scopes: world.visible
          ? { authed_dept: world.visible.departmentIds, authed_user: world.visible.userIds }
          : { authed_dept: [ROOT_DEPARTMENT], authed_user: [] },
      }),
    },
    {
      method: 'POST',
      path: '/topapi/v2/user/get',
      host: 'oapi',
      scope: 'qyapi_get_member',
      handle: (call) => ok(describe(userIn(call.body))),
    },
    {
      method: 'POST',
      path: '/topapi/v2/user/list',
      host: 'oapi',
      scope: 'qyapi_get_department_member',
      handle(call) {
        const { people, rest } = page(call)
        return ok({ ...rest, list: people.map(describe) })
      },
    },
    {
      method: 'POST',
      path: '/topapi/user/listsimple',
      host: 'oapi',
      scope: 'qyapi_get_department_member',
      handle(call) {
        const { people, rest } = page(call)
        return ok({ ...rest, list: people.map(({ userId, name }) => ({ userid: userId, name })) })
      },
    },
    {
      method: 'POST',
      path: '/topapi/user/listid',
      host: 'oapi',
      scope: 'qyapi_get_member',
      handle: (call) => ok({ userid_list: directMembers(departmentIn(call.body)).map((p) => p.userId) }),
    },
    {
      method: 'POST',
      path: '/topapi/v2/department/listsub',
      host: 'oapi',
      scope: 'qyapi_get_department_list',
      handle: (call) =>
        ok(
          subs(departmentIn(call.body)).map((d) => ({
            dept_id: looseNumber(d.id),
            name: d.name,
            parent_id: looseNumber(d.parentId),
            create_dept_group: false,
            auto_add_user: false,
          })),
        ),
    },
    {
      method: 'POST',
      path: '/topapi/v2/department/listsubid',
      host: 'oapi',
      scope: 'qyapi_get_department_list',
      handle: (call) => ok({ dept_id_list: subs(departmentIn(call.body)).map((d) => looseNumber(d.id)) }),
    },
    {
      method: 'POST',
      path: '/topapi/v2/department/get',
      host: 'oapi',
      scope: 'qyapi_get_department_list',
      handle(call) {
        const d = world.departments.get(departmentIn(call.body))!
        return ok({ dept_id: looseNumber(d.id), name: d.name, parent_id: looseNumber(d.parentId) })
      },
    },
    {
      method: 'POST',
      path: '/v1.0/hrm/rosters/lists/query',
      host: 'api',
      scope: 'qyapi_hrm_read_user',
      handle(call) {
        const { userIdList, fieldFilterList = [], appAgentId } = call.body
        if (!isTextList(userIdList) || userIdList.length < 1 || userIdList.length > 100)
          throw refuse('param.invalid', 'userIdList')
        if (!isTextList(fieldFilterList) || fieldFilterList.length > 100)
          throw refuse('param.invalid', 'fieldFilterList')
        if (String(appAgentId ?? '') !== core.app.agentId) throw refuse('param.invalid', 'appAgentId')
        return { result: userIdList.flatMap((userId) => roster(userId, fieldFilterList)) }
      },
    },
  ]

  function roster(userId: string, only: string[]): Json[] {
    const person = world.people.get(userId)
    if (!person) return []
    const fields: [string, string, string | undefined][] = [
      ['sys00-name', '姓名', person.name],
      ['sys00-confirmJoinTime', '入职时间', person.hiredOn],
      ['sys02-birthTime', '出生日期', person.extra?.出生日期],
      ['sys01-regularTime', '实际转正日期', person.extra?.转正日期],
      ['sys05-nowContractEndTime', '现合同到期日', person.extra?.合同到期日],
    ]
    const fieldDataList = fields
      .filter(([code, , value]) => value && (only.length === 0 || only.includes(code)))
      .map(([fieldCode, fieldName, value]) => ({
        fieldCode,
        fieldName,
        groupId: fieldCode.slice(0, 5),
        fieldValueList: [{ itemIndex: 0, label: value, value }],
      }))
    return [{ corpId: core.app.corpId, userId, fieldDataList }]
  }

  return { routes }
}

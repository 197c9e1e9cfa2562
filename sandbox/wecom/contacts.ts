import { departmentsBelow, ROOT } from './people.ts'
import { type Json, refuse } from './refusal.ts'
import type { Call, Route } from './server.ts'
import { type Department, type Member, memberOf, reachable, type World } from './state.ts'

/** Reading the contacts (wecom.md §9). Writing them belongs to the administrator, so it is refused to the app. */
export function contactRoutes(world: World): Record<string, Route> {
  const details = (run: (call: Call) => Json): Route => ({
    ...{ method: 'GET', tokens: ['app', 'contacts'] },
    run(call) {
      // The assistant reads ids only, from any address added since 2022-08-15 (§9.3).
      if (call.kind === 'contacts' && !world.quirks.legacyContactsIp)
        refuse(48009, 'api forbidden for contacts assistant')
      return run(call)
    },
  })
  const write: Route = {
    ...{ method: 'POST', tokens: ['contacts'] },
    run: () => refuse(48002, 'the sandbox changes its people itself'),
  }
  return {
    '/cgi-bin/department/simplelist': {
      ...{ method: 'GET', tokens: ['app', 'contacts'] },
      run: (call) => ({
        ...ok(),
        department_id: departmentsIn(world, call).map(({ id, parentId, order }) => ({ id, parentid: parentId, order })),
      }),
    },
    '/cgi-bin/department/list': details((call) => ({
      ...ok(),
      department: departmentsIn(world, call).map((department) => shownDepartment(world, department)),
    })),
    '/cgi-bin/department/get': details((call) => {
      const [department] = departmentsIn(world, call, true)
      return { ...ok(), department: shownDepartment(world, department!) }
    }),
    '/cgi-bin/user/simplelist': details((call) => ({
      ...ok(),
      userlist: membersIn(world, call).map(({ userId, person, departmentIds }) => ({
        ...{ userid: userId, name: person.name, department: departmentIds, open_userid: '' },
      })),
    })),
    '/cgi-bin/user/list': details((call) => ({
      ...ok(),
      userlist: membersIn(world, call).map((member) => shownMember(world, member)),
    })),
    '/cgi-bin/user/get': details((call) => {
      const userId = call.query.get('userid') ?? refuse(40063, 'userid is missing')
      const member = memberOf(world, userId) ?? refuse(60111, 'userid not found')
      if (call.kind === 'app' && !member.visible) refuse(60011, 'no privilege to access/modify contact/party/agent')
      return { ...ok(), ...shownMember(world, member) }
    }),
    '/cgi-bin/user/list_id': {
      ...{ method: 'POST', tokens: ['contacts'], run: (call) => listIds(world, call.body) },
    },
    '/cgi-bin/user/create': write,
    '/cgi-bin/user/update': write,
    '/cgi-bin/user/delete': { ...write, method: 'GET' },
  }
}

function ok(): Json {
  return { errcode: 0, errmsg: 'ok' }
}

/** The asked department and all below it, as far as this token sees. */
function departmentsIn(world: World, call: Call, alone = false): Department[] {
  const text = call.query.get('id')
  if (alone && !text) refuse(40063, 'id is missing')
  const id = text ? Number(text) : ROOT
  if (!Number.isInteger(id)) refuse(60123, 'invalid party id')
  const below = departmentsBelow(world, id)
  if (below.length === 0) refuse(60123, 'invalid party id')
  if (call.kind === 'contacts') return below
  const seen = visibleDepartments(world)
  const inRange = below.filter((department) => seen.has(department.id))
  if (text && !seen.has(id)) refuse(60011, 'no privilege to access/modify contact/party/agent')
  return inRange
}

/** Everything when everybody is inside the range, else the departments of those who are. */
function visibleDepartments(world: World): Set<number> {
  const members = [...world.members.values()]
  if (members.every((member) => member.visible)) return new Set(world.departments.map(({ id }) => id))
  return new Set(members.filter((member) => member.visible).flatMap((member) => member.departmentIds))
}

function membersIn(world: World, call: Call): Member[] {
  const text = call.query.get('department_id') ?? refuse(40063, 'department_id is missing')
  const id = Number(text)
  if (!world.departments.some((department) => department.id === id)) refuse(60123, 'invalid party id')
  if (call.kind === 'app' && !visibleDepartments(world).has(id))
    refuse(60011, 'no privilege to access/modify contact/party/agent')
  return [...world.members.values()].filter(
    (member) => member.departmentIds.includes(id) && (call.kind === 'contacts' || member.visible),
  )
}

function shownDepartment(world: World, department: Department): Json {
  const leaders = [...world.members.values()].filter(
    (member) => member.person.leader && member.departmentIds[0] === department.id && reachable(member),
  )
  return {
    ...{ id: department.id, name: department.name, name_en: '', parentid: department.parentId },
    ...{ order: department.order, department_leader: leaders.map((member) => member.userId) },
  }
}

/** What an app reads of a member (wecom.md §9.2). */
function shownMember(world: World, member: Member): Json {
  const { person, departmentIds } = member
  const manager = person.managerUserId === undefined ? undefined : memberOf(world, person.managerUserId)
  const restricted = {
    ...{ gender: '0', mobile: fakeMobile(member), email: '', biz_mail: '', avatar: '', qr_code: '', address: '' },
  }
  return {
    ...{ userid: member.userId, name: person.name, department: departmentIds, order: departmentIds.map(() => 0) },
    ...{ position: person.title, status: member.status, enable: member.status === 2 ? 0 : 1, isleader: 0 },
    ...{ main_department: departmentIds[0], telephone: '', alias: '', external_position: '' },
    is_leader_in_dept: departmentIds.map((_, i) => (person.leader && i === 0 ? 1 : 0)),
    direct_leader: manager ? [manager.userId] : [],
    extattr: { attrs: attributes(world, member) },
    ...(world.quirks.legacyFields ? restricted : {}),
  }
}

function fakeMobile(member: Member): string {
  const number = [...member.userId].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 10 ** 8, 7)
  return `199${String(number).padStart(8, '0')}`
}

/** Custom attributes are free text: people write dates in many ways, one way each (wecom.md §9.4). */
function attributes(world: World, member: Member): Json[] {
  const { person } = member
  const index = [...world.members.values()].indexOf(member)
  const values: Record<string, string | undefined> = {
    工号: person.jobNumber,
    入职日期: person.hiredOn === undefined ? undefined : messyDate(person.hiredOn, index),
    ...person.extra,
  }
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ type: 0, name, text: { value: [...value!].slice(0, 64).join('') } }))
}

function messyDate(date: string, index: number): string {
  const [year, month, day] = date.split('-').map(Number)
  if (!year || !month || !day) return date
  const two = (n: number): string => String(n).padStart(2, '0')
  const ways = [
    date,
    `${year}年${month}月${day}日`,
    `${year}/${month}/${day}`,
    `${year}.${two(month)}.${two(day)}`,
    `${year}${two(month)}${two(day)}`,
    ` ${year}-${month}-${day} `,
  ]
  return ways[index % ways.length]!
}

/** Pages of (member, department) pairs; the cursor is opaque. */
function listIds(world: World, body: Json): Json {
  const limit = body.limit ?? 10_000
  if (!Number.isInteger(limit) || Number(limit) < 1 || Number(limit) > 10_000) refuse(40035, 'invalid parameter limit')
  const cursor = body.cursor ?? ''
  const start = cursor === '' ? 0 : Number(/^c(\d+)$/.exec(Buffer.from(String(cursor), 'base64url').toString())?.[1])
  if (!Number.isInteger(start)) refuse(40035, 'invalid parameter cursor')
  const pairs = [...world.members.values()].flatMap((member) =>
    member.departmentIds.map((department) => ({ userid: member.userId, department })),
  )
  const end = start + Number(limit)
  const next = end < pairs.length ? Buffer.from(`c${end}`).toString('base64url') : ''
  return { ...ok(), next_cursor: next, dept_user: pairs.slice(start, end) }
}

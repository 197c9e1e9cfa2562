import { type Json, refuse } from './refusal.ts'
import type { Call, Route } from './server.ts'
import { memberOf, type World } from './state.ts'

/** The fields of a company, as its administrator has set them up; numbers are the platform's. 3: a time. */
const GROUPS = [
  {
    ...{ group_id: 1001, group_name: '个人信息' },
    fields: [
      { fieldid: 11001, field_name: '姓名', field_type: 1 },
      { fieldid: 11005, field_name: '出生日期', field_type: 3 },
      { fieldid: 11006, field_name: '农历生日', field_type: 1 },
      { fieldid: 11010, field_name: '身份证号码', field_type: 1 },
    ],
  },
  {
    ...{ group_id: 1002, group_name: '在职信息' },
    fields: [
      { fieldid: 12024, field_name: '工号', field_type: 1 },
      { fieldid: 12003, field_name: '入职时间', field_type: 3 },
      { fieldid: 12005, field_name: '转正日期', field_type: 3 },
    ],
  },
  {
    ...{ group_id: 1005, group_name: '合同信息' },
    fields: [{ fieldid: 20003, field_name: '合同到期日', field_type: 3 }],
  },
]
const FIELDS = new Map(GROUPS.flatMap((g) => g.fields.map((f) => [f.fieldid, { ...f, group: g.group_name }])))

const ok = () => ({ errcode: 0, errmsg: 'ok' })

/** The HR roster 人事助手 (wecom.md §9.4), for apps that are listed there only. */
export function staffFieldRoutes(world: World): Record<string, Route> {
  const listed = (run: (call: Call) => Json): Route['run'] => {
    return (call) => (world.quirks.staffFields ? run(call) : refuse(48002, 'api forbidden'))
  }
  return {
    '/cgi-bin/hr/get_fields': {
      ...{ method: 'GET', tokens: ['app'] },
      run: listed(() => ({
        ...ok(),
        group_list: GROUPS.map(({ fields, ...group }) => ({
          ...group,
          field_list: fields.map((f) => ({ ...f, value_type: f.field_type === 3 ? 4 : 1, is_must: false })),
        })),
      })),
    },
    '/cgi-bin/hr/get_staff_info': {
      ...{ method: 'POST', tokens: ['app'] },
      run: listed(({ body }) => {
        const { userid, get_all: all, fieldids } = body
        if (typeof userid !== 'string' || userid === '') refuse(40063, 'userid is missing')
        const member = memberOf(world, userid as string) ?? refuse(60111, 'userid not found')
        if (!member.visible) refuse(60011, 'no privilege to access/modify contact/party/agent')
        if (all !== true && (!Array.isArray(fieldids) || fieldids.length === 0)) refuse(40058, 'fieldids is empty')
        const asked = all === true ? [...FIELDS.keys()].map((fieldid) => ({ fieldid })) : (fieldids as Json[])
        return { ...ok(), field_info: asked.map((one) => fieldInfo(member.person.staff ?? {}, one)) }
      }),
    },
  }
}

/** Entries of a repeatable group stand in one text, with commas between. */
function fieldInfo(staff: Record<string, string>, asked: Json): Json {
  const { fieldid, sub_idx = 0 } = asked
  if (typeof fieldid !== 'number' || !Number.isInteger(sub_idx)) refuse(40058, 'fieldid is no number')
  const field = FIELDS.get(fieldid as number)
  const values = field ? (staff[field.field_name]?.split(',') ?? []) : []
  if (!field || (sub_idx !== 0 && field.group !== '合同信息')) return { fieldid, sub_idx, result: 2 } as Json
  const value = values[sub_idx as number]
  if (value === undefined) return { fieldid, sub_idx, result: 2 } as Json
  if (field.field_type === 1) return { fieldid, sub_idx, result: 1, value_type: 1, value_string: value } as Json
  const at = Date.parse(`${value}T00:00:00+08:00`) / 1000
  return { fieldid, sub_idx, result: 1, value_type: 4, value_int64: at } as Json
}

import { z } from 'zod'
import type { Member } from '../port.ts'
import type { Api } from './api.ts'

/** How many people are asked about at once; each takes a call of its own. */
const PARALLEL = 4
/** What was read is good for so long: contacts are read again with every change, the HR roster once a night. */
const KEPT_MS = 12 * 3_600_000
/** A repeatable group (合同信息) is asked for so many of its entries. */
const REPEATED = [0, 1, 2, 3, 4]

/**
 * Which fields of the HR roster are asked for, by their names: a company names and numbers them itself. Nothing else is read;
 * identity cards, bank accounts and families are in there too.
 */
const WANTED =
  /^(?:工号|员工编号)$|生日|出生日期|入职(?:日期|时间)|转正日期|试用期.*(?:结束|到期)|合同.*(?:到期|结束|终止)/
/** Dates that come under other names than the contacts' (company.yaml, `moments.fields`). */
const SAME_AS: [RegExp, string][] = [
  [/农历.*生日|阴历.*生日/, '农历生日'],
  [/生日|出生日期/, '出生日期'],
  [/转正日期|试用期/, '转正日期'],
  [/合同/, '合同到期日'],
]

const Field = z.object({ fieldid: z.number(), field_name: z.string(), field_type: z.number() })
const Fields = z.object({
  group_list: z.array(z.object({ group_name: z.string(), field_list: z.array(Field).default([]) })),
})
const seconds = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
])
const Info = z.object({
  field_info: z
    .array(
      z.object({
        fieldid: z.number(),
        result: z.number(),
        value_string: z.string().optional(),
        value_uint64: seconds.optional(),
        value_int64: seconds.optional(),
      }),
    )
    .default([]),
})

type StaffFields = Record<string, string>

/** By the API they were read with. */
const kept = new WeakMap<Api, Map<string, { at: number; fields: StaffFields }>>()

/** Which fields there are that serve us; undefined where the roster is not for us. */
export type Wanted = { names: Map<number, string>; fieldids: { fieldid: number; sub_idx: number }[] }

/**
 * Asks for the fields of 人事助手 (wecom.md §9.4). Most companies do not use it, or have not listed the app under 人事助手 →
 * 可调用接口的应用: that is no fault. Asked before the contacts are read, so that a refusal is not the last word of the platform on
 * whether the app works.
 */
export async function wantedFields(api: Api): Promise<Wanted | undefined> {
  const reply = await api.get('/cgi-bin/hr/get_fields')
  const parsed = reply.kind === 'ok' ? Fields.safeParse(reply.body) : undefined
  if (!parsed?.success) return undefined
  const wanted = parsed.data.group_list.flatMap(({ group_name, field_list }) =>
    field_list.filter((f) => WANTED.test(f.field_name)).map((f) => ({ ...f, repeated: group_name.includes('合同') })),
  )
  const fieldids = wanted.flatMap(({ fieldid, repeated }) =>
    (repeated ? REPEATED : [0]).map((sub_idx) => ({ fieldid, sub_idx })),
  )
  return { names: new Map(wanted.map((f) => [f.fieldid, f.field_name])), fieldids }
}

/**
 * Adds what the company keeps in 人事助手: birthdays, dates of hire, 转正 and contract, and 工号. What an administrator wrote into the
 * contacts stands before it.
 *
 * @param nowMs milliseconds of the machine's clock
 */
export async function addStaffFields(
  api: Api,
  { names, fieldids }: Wanted,
  members: Member[],
  nowMs = Date.now(),
): Promise<void> {
  if (fieldids.length === 0) return
  const known = kept.get(api) ?? new Map<string, { at: number; fields: StaffFields }>()
  kept.set(api, known)
  const waiting = members.filter(({ userId }) => nowMs - (known.get(userId)?.at ?? 0) >= KEPT_MS)
  const run = async () => {
    for (let one = waiting.pop(); one; one = waiting.pop()) {
      const answer = await api.post('/cgi-bin/hr/get_staff_info', { userid: one.userId, get_all: false, fieldids })
      const info = answer.kind === 'ok' ? Info.safeParse(answer.body) : undefined
      // Asked again with the next reading; what is known of somebody stays until then.
      if (info?.success) known.set(one.userId, { at: nowMs, fields: read(info.data.field_info, names) })
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, run))
  for (const member of members) add(member, known.get(member.userId)?.fields ?? {})
}

/** Of a field that comes several times, as the end of each contract, the last day. */
function read(infos: z.infer<typeof Info>['field_info'], names: Map<number, string>): StaffFields {
  const fields: StaffFields = {}
  for (const info of infos) {
    const name = names.get(info.fieldid)
    const at = info.value_int64 ?? info.value_uint64
    // 0 is what an empty date is.
    const value = info.value_string?.trim() || (at ? beijingDay(at) : undefined)
    if (info.result !== 1 || name === undefined || value === undefined) continue
    if (fields[name] === undefined || value > fields[name]) fields[name] = value
  }
  return fields
}

const beijingDay = (epochSeconds: number): string =>
  new Date((epochSeconds + 8 * 3_600) * 1000).toISOString().slice(0, 10)

function add(member: Member, fields: StaffFields): void {
  for (const [name, value] of Object.entries(fields)) {
    if (/工号|员工编号/.test(name)) member.jobNumber ??= value
    else if (/入职/.test(name)) {
      if (/^\d{4}-\d{2}-\d{2}$/.test(value)) member.hiredOn ??= value
    } else {
      const same = SAME_AS.find(([pattern]) => pattern.test(name))?.[1] ?? name
      member.extra = { [same]: value, ...member.extra }
    }
  }
}

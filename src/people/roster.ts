import type { Company } from '../company.ts'
import type { Act } from '../context.ts'
import { readBirthday } from '../domain/read-birthday.ts'
import { type Day, dayOf, isDay } from '../domain/time.ts'
import type { Audit } from '../store/audit.ts'
import { type People, type Person, personIdOf } from '../store/people.ts'
import type { PersonalStore, SaidFacts } from '../store/personal.ts'

/** One line of HR's roster (features.md 5.3), as read from a sheet. Days are `YYYY-MM-DD`; absent: not told, stays as it is. */
export interface RosterRow {
  name: string
  /** As written, with leading zeros. */
  jobNumber?: string
  /** Names from the top. */
  departments?: string[]
  position?: string
  /** 工号, or a name that only one person has. */
  manager?: string
  joinedOn?: Day
  probationEndsOn?: Day
  contractEndsOn?: Day
  /** As written: 1990-05-03, 农历八月十五. A column that says 农历 for it has the word put in front. */
  birthday?: string
  /** Form of address, features.md 5.1. */
  address?: string
  /** Last day of employment, may lie ahead. */
  leftOn?: Day
  wecom?: string
  dingtalk?: string
}

export interface RosterDeps {
  people: People
  personal: PersonalStore
  audit: Audit
  company(): Company
}

export type RosterResult =
  | { kind: 'created' | 'updated' | 'unchanged'; personId: string }
  /** Nobody of this name, and no 工号 to make a new record by. */
  | { kind: 'unknown' }
  /** Several may be meant: HR has to add the 工号. */
  | { kind: 'doubt'; candidates: Person[] }
  /** Cells that cannot be; nothing of the row was taken. Sentences for HR. */
  | { kind: 'wrong'; problems: string[] }

/**
 * Takes in one row of the imported roster: the person is found by 工号, then by account, then by name and department; HR's
 * word is stronger than the platforms', and weaker than a person's own about their birthday. Applying a row again changes
 * nothing. Someone with a 工号 who is in no contacts yet gets a record that their account joins later.
 *
 * Checks no rights: whoever imports has done that.
 */
export async function applyRosterRow(deps: RosterDeps, act: Act, by: Person, row: RosterRow): Promise<RosterResult> {
  const { people, personal, audit, company } = deps
  const today = dayOf(act.at, company().timeZone)
  const everybody = (await people.all()).filter((p) => p.joinedInto === undefined)
  const { facts, problems } = factsOfRow(row, today)
  const manager = row.manager === undefined ? undefined : findManager(everybody, row.manager)
  if (manager === null) problems.push(`直属上级“${row.manager}”未找到，或有多人同名，请填写工号。`)
  if (problems.length > 0) return { kind: 'wrong', problems }

  const found = findPerson(everybody, row)
  if (Array.isArray(found)) return { kind: 'doubt', candidates: found }
  if (!found && !row.jobNumber) return { kind: 'unknown' }
  const before: Person = found ?? {
    _id: personIdOf(`number/${row.jobNumber}`),
    name: row.name,
    position: '',
    departments: [],
    roles: [],
    nicknames: [],
    active: true,
  }
  if (manager && manager._id === before._id)
    return { kind: 'wrong', problems: [`${row.name}的直属上级不能是本人，请更正。`] }
  const after: Person = {
    ...before,
    name: row.name,
    ...(row.jobNumber && { jobNumber: row.jobNumber }),
    ...(row.departments && row.departments.length > 0 && { departments: row.departments }),
    ...(row.position && { position: row.position }),
    ...(manager && { managerId: manager._id }),
    ...(row.joinedOn && { joinedOn: row.joinedOn }),
    ...(row.address && { rosterAddress: row.address, address: row.address }),
    ...(row.wecom && !before.wecom && { wecom: row.wecom }),
    ...(row.dingtalk && !before.dingtalk && { dingtalk: row.dingtalk }),
  }
  if (row.leftOn) lastDay(after, row.leftOn, today)
  const changed = JSON.stringify(after) !== JSON.stringify(before)
  if (changed || !found) await people.save(after, found)
  const said = await personal.takeIn(after._id, facts, 'hr')
  if (!found || changed || said.length > 0) {
    const what = (Object.keys(after) as (keyof Person)[]).filter(
      (key) => JSON.stringify(after[key]) !== JSON.stringify(before[key]),
    )
    // Which fields, never what they say.
    await audit.add({
      _id: `${act.id}/roster/${after._id}`,
      at: act.at,
      by: by._id,
      what: 'roster-row',
      to: `person/${after._id}`,
      detail: { fields: [...what, ...said] },
    })
  }
  return { kind: found ? (changed || said.length > 0 ? 'updated' : 'unchanged') : 'created', personId: after._id }
}

/** Gives somebody a last day: it still counts, the day after they are out, whatever the contacts say. */
export function lastDay(person: Person, leftOn: Day, today: Day): void {
  person.leftOn = leftOn
  person.leftBy = 'roster'
  person.active = leftOn >= today
}

function factsOfRow(row: RosterRow, today: Day): { facts: SaidFacts; problems: string[] } {
  const problems: string[] = []
  const facts: SaidFacts = {}
  if (row.name.trim() === '') problems.push('姓名不能为空。')
  for (const [label, day] of [
    ['入职日期', row.joinedOn],
    ['转正日期', row.probationEndsOn],
    ['合同到期日', row.contractEndsOn],
    ['离职日期', row.leftOn],
  ] as const)
    if (day !== undefined && !isDay(day)) problems.push(`${label}“${day}”不是有效日期。`)
  const { joinedOn, probationEndsOn, contractEndsOn, leftOn } = row
  if (joinedOn && probationEndsOn && probationEndsOn < joinedOn) problems.push('转正日期早于入职日期。')
  if (joinedOn && contractEndsOn && contractEndsOn < joinedOn) problems.push('合同到期日早于入职日期。')
  if (joinedOn && leftOn && leftOn < joinedOn) problems.push('离职日期早于入职日期。')
  if (probationEndsOn) facts.probationEndsOn = probationEndsOn
  if (contractEndsOn) facts.contractEndsOn = contractEndsOn
  if (row.birthday?.trim()) {
    const read = readBirthday(row.birthday, today)
    if (read.kind === 'read')
      facts.birthday = { birthday: read.birthday, ...(read.year !== undefined && { year: read.year }) }
    else if (read.kind === 'impossible') problems.push(`出生日期“${row.birthday}”：${read.why}`)
    else if (read.kind === 'which-calendar') problems.push(`出生日期“${row.birthday}”请注明公历或农历。`)
    else problems.push(`出生日期“${row.birthday}”无法识别，请写成1990-05-03或农历八月十五。`)
  }
  return { facts, problems }
}

function findPerson(everybody: Person[], row: RosterRow): Person | Person[] | undefined {
  const sameName = (p: Person) => p.name === row.name
  if (row.jobNumber) {
    const owners = everybody.filter((p) => p.jobNumber === row.jobNumber)
    const named = owners.filter(sameName)
    if (named.length === 1) return named[0]
    // The number is somebody else's here: a typing mistake, or a number given again.
    if (owners.some((p) => p.active)) return owners
  }
  const account = everybody.find(
    (p) => (row.wecom && p.wecom === row.wecom) || (row.dingtalk && p.dingtalk === row.dingtalk),
  )
  if (account) return sameName(account) ? account : [account]
  const names = everybody.filter(
    (p) => p.active && sameName(p) && !(p.jobNumber && row.jobNumber && p.jobNumber !== row.jobNumber),
  )
  if (names.length === 0) return undefined
  const department = row.departments?.at(-1)
  const near = department === undefined ? names : names.filter((p) => p.departments.includes(department))
  if (near.length === 1 && (names.length === 1 || department !== undefined)) return near[0]
  return names
}

/** `null`: not found, or several. */
function findManager(everybody: Person[], ref: string): Person | null {
  const active = everybody.filter((p) => p.active)
  const byNumber = active.filter((p) => p.jobNumber === ref)
  if (byNumber.length === 1) return byNumber[0]!
  const byName = active.filter((p) => p.name === ref)
  return byName.length === 1 ? byName[0]! : null
}

import { type Day, daysBetween } from '../domain/time.ts'
import type { Member, PlatformName } from '../platforms/port.ts'
import { type Person, personIdOf } from '../store/people.ts'

/** Somebody who may be a person that is known already: HR decides, until then they are two. */
export interface Doubt {
  _id: string
  platform: PlatformName
  userId: string
  name: string
  departments: string[]
  candidates: string[]
}

/** Something HR should know, once; `key` is the fact. */
export interface Note {
  key: string
  text: string
}

export interface Merged {
  people: Person[]
  doubts: Doubt[]
  notes: Note[]
}

/** What HR decided: the person somebody is, or `null` for somebody new. */
export type Decisions = ReadonlyMap<string, string | null>

/** Away for longer than this and then there again is a new employment (features.md T18): a visible range flaps for less. */
const AWAY_DAYS = 30

/** More people than this at once without a hire date are a widened visible range, not newcomers (wecom.md §2.3). */
const MOST_NEWCOMERS = 5

const other = (name: PlatformName): PlatformName => (name === 'wecom' ? 'dingtalk' : 'wecom')
const at = (p: { departments: string[] }) => p.departments[0] ?? ''

/**
 * Brings what is known in step with one platform's whole list. One person is one employee: known by 工号, then by account,
 * then by name and department where that is beyond doubt. Where it is not, two records are kept apart and HR is asked, so that
 * nobody ever gets what is meant for another.
 *
 * @param members active ones only
 * @param first the very first reading: nobody of it is a newcomer
 */
export function mergeMembers(
  known: Person[],
  platform: PlatformName,
  members: Member[],
  today: Day,
  { decided = new Map(), first = false }: { decided?: Decisions; first?: boolean } = {},
): Merged {
  const people = known.map((p) => ({ ...p }))
  const doubts: Doubt[] = []
  const notes: Note[] = []
  const here = new Set(members.map((m) => m.userId.toLowerCase()))
  const before = new Map(known.map((p) => [p._id, p]))
  const accounts = new Map(people.flatMap((p) => (p[platform] ? [[p[platform].toLowerCase(), p] as const] : [])))
  // A record that was joined to another is nobody any more.
  const own = people.filter((p) => p.joinedInto === undefined)
  const numbers = groupBy(own, (p) => p.jobNumber)
  const names = groupBy(own, (p) => p.name)
  const memberNumbers = groupBy(members, (m) => m.jobNumber)
  const memberNames = groupBy(members, (m) => m.name)
  const ids = new Set(people.map((p) => p._id))
  const seen = new Set<string>()
  const free = (p: Person) => !seen.has(p._id) && (p[platform] === undefined || !here.has(p[platform].toLowerCase()))
  const note = (key: string, text: string) => notes.push({ key, text })
  const number = (p: { jobNumber?: string }) => (p.jobNumber ? `（工号${p.jobNumber}）` : '')

  function ask(m: Member, candidates: Person[]): Person | undefined {
    const _id = `${platform}:${m.userId}:${m.name}`
    const decision = decided.get(_id)
    if (decision !== undefined) return candidates.find((p) => p._id === decision)
    const { userId, name, departments } = m
    doubts.push({ _id, platform, userId, name, departments, candidates: candidates.slice(0, 4).map((p) => p._id) })
    return undefined
  }

  /** Whose account it is; an account that was given to somebody else is taken from its former owner. */
  function byAccount(m: Member): Person | undefined {
    const owner = accounts.get(m.userId.toLowerCase())
    if (!owner) return undefined
    if (owner.jobNumber && m.jobNumber && owner.jobNumber !== m.jobNumber) {
      if (owner.name === m.name) {
        note(`number/${owner._id}/${m.jobNumber}`, `${m.name}的工号由${owner.jobNumber}变为${m.jobNumber}，已更新。`)
        return owner
      }
    } else if (owner.name === m.name) return owner
    else if (owner.jobNumber && owner.jobNumber === m.jobNumber) return owner
    else if (owner.active && at(owner) === at(m)) {
      note(`name/${owner._id}/${m.name}`, `${owner.name}的姓名变为${m.name}，已更新；如不是同一人，请告知管理员。`)
      return owner
    } else if (owner.active) {
      const same = ask(m, [owner])
      if (same) return same
    }
    note(
      `reused/${platform}/${owner._id}/${m.name}`,
      `账号“${m.userId}”原属${owner.name}${number(owner)}，现属${m.name}${number(m)}，已作为另一位员工处理。`,
    )
    delete owner[platform]
    accounts.delete(m.userId.toLowerCase())
    return undefined
  }

  function byNumber(m: Member): Person | undefined {
    if (!m.jobNumber) return undefined
    const owners = (numbers.get(m.jobNumber) ?? []).filter((p) => !seen.has(p._id))
    if ((memberNumbers.get(m.jobNumber)?.length ?? 0) > 1 || owners.length > 1) {
      note(`twice/${m.jobNumber}`, `工号${m.jobNumber}有多人使用（含${m.name}），请在通讯录中更正。`)
      return undefined
    }
    const [owner] = owners
    // With the same name it is the same person, whatever became of the account.
    if (!owner || owner.name === m.name) return owner
    if (!free(owner)) return undefined
    // The number of somebody who left was given to somebody else.
    return owner.active ? ask(m, [owner]) : undefined
  }

  function byName(m: Member): Person | undefined {
    const fits = (p: Person) => free(p) && !(p.jobNumber && m.jobNumber && p.jobNumber !== m.jobNumber)
    const candidates = (names.get(m.name) ?? []).filter(fits)
    if (candidates.length === 0) return undefined
    const twins = memberNames.get(m.name)!.filter((o) => at(o) === at(m))
    const near = candidates.filter((p) => p.active && at(p) === at(m))
    if (near.length === 1 && twins.length === 1 && candidates.length === 1) return near[0]
    return ask(m, candidates)
  }

  const undated: Person[] = []
  for (const m of members) {
    let person = byAccount(m) ?? byNumber(m) ?? byName(m)
    if (!person) {
      person = create(ids, platform, m)
      ids.add(person._id)
      if (!first && !m.hiredOn) undated.push(person)
      people.push(person)
    }
    seen.add(person._id)
    update(person, m)
  }
  if (undated.length <= MOST_NEWCOMERS) for (const person of undated) person.appearedOn = today
  else
    note(
      `many/${platform}/${today}/${undated.length}`,
      `通讯录一次新增${undated.length}人且没有入职日期，未自动发送欢迎；如有新员工，请补充入职日期。`,
    )
  return { people: people.map((p) => (seen.has(p._id) ? p : absent(p))), doubts, notes }

  function update(person: Person, m: Member): void {
    const account = person[platform]
    if (account !== undefined && accounts.get(account.toLowerCase()) === person) accounts.delete(account.toLowerCase())
    person[platform] = m.userId
    accounts.set(m.userId.toLowerCase(), person)
    if (!person.active) comeBack(person, m)
    // With both platforms WeCom's word on name and department counts, or they would change with every reading.
    if (platform === 'wecom' || !person.wecom) {
      person.name = m.name
      person.departments = m.departments
    } else if (account === undefined || at(person) !== at(m)) {
      if (at(person) !== at(m))
        note(
          `department/${person._id}/${at(m)}`,
          `${person.name}在企业微信属于“${at(person) || '未分部门'}”，在钉钉属于“${at(m) || '未分部门'}”，暂以企业微信为准。`,
        )
    }
    if (m.title) person.position = m.title
    if (m.jobNumber) person.jobNumber = m.jobNumber
    if (m.hiredOn) person.joinedOn = m.hiredOn
  }

  function comeBack(person: Person, m: Member): void {
    const rehired = m.hiredOn !== undefined && person.leftOn !== undefined && m.hiredOn > person.leftOn
    if (person.leftBy === 'roster' && !rehired) {
      note(`still-here/${person._id}/${person.leftOn}`, `${person.name}已过最后工作日，但仍在通讯录中，请及时移除。`)
      return
    }
    const away = person.leftOn === undefined ? 0 : daysBetween(person.leftOn, today)
    if (rehired || away > AWAY_DAYS) {
      person.stint = (person.stint ?? 1) + 1
      person.appearedOn = today
      delete person.joinedOn
      note(`back/${person._id}/${person.stint}`, `${person.name}曾离职，现重新出现在通讯录中，已恢复为在职。`)
    }
    person.active = true
    delete person.leftOn
    delete person.leftBy
  }

  function absent(person: Person): Person {
    const had = before.get(person._id)?.[platform]
    if (had === undefined) return person
    if (!person.active) return person.leftBy === 'roster' ? { ...person, leftBy: 'platform' } : person
    return withoutAccount(person, platform, today)
  }
}

/** Off one platform; off the last one means out of the company. */
export function withoutAccount(person: Person, platform: PlatformName, today: Day): Person {
  if (person[other(platform)]) {
    const rest = { ...person }
    delete rest[platform]
    return rest
  }
  // The account stays known, so that somebody who comes back is the same person.
  const last = person.leftOn !== undefined && person.leftOn < today ? person.leftOn : today
  return { ...person, active: false, leftOn: last, leftBy: 'platform' }
}

function create(taken: ReadonlySet<string>, platform: PlatformName, m: Member): Person {
  const person: Person = {
    _id: personIdOf(m.jobNumber ? `number/${m.jobNumber}` : `${platform}/${m.userId}`),
    name: m.name,
    position: m.title ?? '',
    departments: m.departments,
    roles: [],
    nicknames: [],
    active: true,
  }
  // A number or an account that somebody else had before.
  for (let n = 0; taken.has(person._id); n++)
    person._id = personIdOf(`${platform}/${m.userId}${n === 0 ? '' : `/${m.name}/${n}`}`)
  return person
}

/** By a key; what has none is left out. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

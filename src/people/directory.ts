import { findByRef } from '../../handlers/rights.ts'
import type { Clock } from '../clock.ts'
import type { Company } from '../company.ts'
import { dayOf } from '../domain/time.ts'
import type { Log } from '../log.ts'
import type { Member, Platform, PlatformName } from '../platforms/port.ts'
import { type People, type Person, personIdOf, type Role } from '../store/people.ts'

export interface DirectoryDeps {
  people: People
  platforms: Partial<Record<PlatformName, Platform>>
  company(): Company
  clock: Clock
  log: Log
}

/**
 * Keeps our people in step with the platforms' contacts. One person on both platforms is one employee: known by 工号, or by
 * name and department where that is beyond doubt.
 */
export function createDirectory({ people, platforms, company, clock, log }: DirectoryDeps) {
  const running = new Map<PlatformName, Promise<void>>()

  async function read(name: PlatformName): Promise<void> {
    const members = (await platforms[name]!.members()).filter((m) => m.active)
    if (members.length === 0) {
      log.warn({ platform: name }, 'the platform shows no members; nobody was changed')
      return
    }
    const known = await people.all()
    const merged = merge(known, name, members, dayOf(clock.now(), company().timeZone))
    assignManagers(merged, name, members)
    assignRoles(merged, company())
    const before = new Map(known.map((p) => [p._id, JSON.stringify(p)]))
    for (const person of merged) if (JSON.stringify(person) !== before.get(person._id)) await people.save(person)
    log.info({ platform: name, members: members.length }, 'contacts read')
  }

  /** A burst of changes is one reading, and one more for what came during it. */
  async function refresh(name: PlatformName): Promise<void> {
    if (!platforms[name]) return
    await running.get(name)
    let mine = running.get(name)
    if (!mine) {
      mine = read(name).finally(() => running.delete(name))
      running.set(name, mine)
    }
    await mine
  }

  return {
    refresh,
    async refreshAll(): Promise<void> {
      for (const name of Object.keys(platforms) as PlatformName[]) await refresh(name)
    },
    async left(name: PlatformName, userId: string, at: Date): Promise<void> {
      const person = await people.byAccount(name, userId)
      if (!person) return
      const gone = withoutAccount(person, name, dayOf(at, company().timeZone))
      await people.save(gone)
      log.info({ person: person._id, platform: name, active: gone.active }, 'left')
    },
    async renamed(name: PlatformName, from: string, to: string): Promise<void> {
      const person = await people.byAccount(name, from)
      if (person) await people.save({ ...person, [name]: to })
    },
  }
}

/** Off one platform; off the last one means out of the company. */
function withoutAccount(person: Person, name: PlatformName, today: string): Person {
  if (person[name === 'wecom' ? 'dingtalk' : 'wecom']) {
    const rest = { ...person }
    delete rest[name]
    return rest
  }
  // The account stays known, so that somebody who comes back is the same person.
  return { ...person, active: false, leftOn: person.leftOn ?? today }
}

function merge(known: Person[], name: PlatformName, members: Member[], today: string): Person[] {
  const people = known.map((p) => ({ ...p }))
  const present = new Set<string>()
  for (const m of members) {
    const person = match(people, name, m, members) ?? create(people, name, m)
    present.add(person._id)
    person[name] = m.userId
    if (!person.active) {
      person.active = true
      delete person.leftOn
    }
    person.name = m.name
    person.departments = m.departments
    if (m.title) person.position = m.title
    if (m.jobNumber) person.jobNumber = m.jobNumber
    if (m.hiredOn) person.joinedOn = m.hiredOn
  }
  return people.map((p) => (p[name] && !present.has(p._id) && p.active ? withoutAccount(p, name, today) : p))
}

function match(people: Person[], name: PlatformName, m: Member, members: Member[]): Person | undefined {
  const same = (p: Person) => p[name]?.toLowerCase() === m.userId.toLowerCase()
  const byAccount = people.find(same)
  if (byAccount) return byAccount
  if (m.jobNumber) return people.find((p) => p.jobNumber === m.jobNumber && !p[name])
  const twins = members.filter((o) => o.name === m.name && o.departments[0] === m.departments[0])
  const candidates = people.filter(
    (p) => !p[name] && p.active && p.name === m.name && p.departments[0] === m.departments[0],
  )
  return twins.length === 1 && candidates.length === 1 ? candidates[0] : undefined
}

function create(people: Person[], name: PlatformName, m: Member): Person {
  const person: Person = {
    _id: personIdOf(m.jobNumber ? `number/${m.jobNumber}` : `${name}/${m.userId}`),
    name: m.name,
    position: m.title ?? '',
    departments: m.departments,
    roles: [],
    nicknames: [],
    active: true,
  }
  // Two people with one 工号 on one platform: the number decides nothing then.
  if (people.some((p) => p._id === person._id)) person._id = personIdOf(`${name}/${m.userId}`)
  people.push(person)
  return person
}

/** The direct superior as the platform tells it; else the leader of the nearest department that has one. */
function assignManagers(people: Person[], name: PlatformName, members: Member[]): void {
  const byUser = new Map(people.filter((p) => p[name]).map((p) => [p[name]!.toLowerCase(), p]))
  const leaders = members.filter((m) => m.leader)
  for (const m of members) {
    const person = byUser.get(m.userId.toLowerCase())
    if (!person) continue
    const told = m.managerUserId ? byUser.get(m.managerUserId.toLowerCase()) : undefined
    const leads = (d: string[]) => leaders.find((l) => l.userId !== m.userId && l.departments.join('/') === d.join('/'))
    let leader: Member | undefined
    for (let depth = m.departments.length; !leader && depth > 0; depth--) leader = leads(m.departments.slice(0, depth))
    const manager = told ?? (leader && byUser.get(leader.userId.toLowerCase()))
    if (manager && manager._id !== person._id) person.managerId = manager._id
    else if (!person[name === 'wecom' ? 'dingtalk' : 'wecom']) delete person.managerId
  }
}

function assignRoles(people: Person[], company: Company): void {
  const active = people.filter((p) => p.active)
  const holders = (role: Role) => new Set(company.roles[role].map((ref) => findByRef(active, ref)?._id))
  const sets = { hr: holders('hr'), gm: holders('gm'), admin: holders('admin') }
  for (const p of people) {
    p.roles = (['hr', 'gm', 'admin'] as const).filter((r) => sets[r].has(p._id))
    const own = company.people[p.jobNumber ?? ''] ?? company.people[p.name]
    p.nicknames = own?.nicknames ?? []
    if (own?.address) p.address = own.address
    else delete p.address
  }
}

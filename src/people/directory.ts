import { findByRef } from '../../handlers/rights.ts'
import type { Clock } from '../clock.ts'
import type { Company } from '../company.ts'
import { type Day, dayOf } from '../domain/time.ts'
import type { Log } from '../log.ts'
import type { Member, Platform, PlatformName } from '../platforms/port.ts'
import type { Contacts } from '../store/contacts.ts'
import type { Lock } from '../store/lock.ts'
import type { People, Person, Role } from '../store/people.ts'
import type { PersonalStore } from '../store/personal.ts'
import { factsOf } from './facts.ts'
import { mergeMembers, type Note, withoutAccount } from './merge.ts'

export interface DirectoryDeps {
  people: People
  platforms: Partial<Record<PlatformName, Platform>>
  company(): Company
  clock: Clock
  log: Log
  /** Who may be whom, and what HR should know. */
  contacts: Contacts
  personal: PersonalStore
  /** One reading at a time, of whichever platform and replica: two could not know of each other's newcomers. */
  alone: Lock['alone']
  /** Called when a reading is done. */
  afterRead?(platform: PlatformName): Promise<void>
}

/**
 * Keeps our people in step with the platforms' contacts. One person on both platforms is one employee: known by 工号, or by
 * name and department where that is beyond doubt (see merge.ts); HR decides the rest.
 */
export function createDirectory(deps: DirectoryDeps) {
  const { people, platforms, company, clock, log, contacts, personal, alone } = deps
  const running = new Map<PlatformName, Promise<void>>()

  async function read(name: PlatformName): Promise<void> {
    const members = (await platforms[name]!.members()).filter((m) => m.active)
    if (members.length === 0) {
      log.warn({ platform: name }, 'the platform shows no members; nobody was changed')
      return
    }
    const known = await people.all()
    const today = dayOf(clock.now(), company().timeZone)
    const first = !known.some((p) => p[name] !== undefined)
    const decided = await contacts.decisions()
    const { people: merged, doubts, notes } = mergeMembers(known, name, members, today, { decided, first })
    assignManagers(merged, name, members)
    assignRoles(merged, company())
    const before = new Map(known.map((p) => [p._id, p]))
    const changed = merged.filter((p) => JSON.stringify(p) !== JSON.stringify(before.get(p._id)))
    // An account that goes from one person to another is free before it is taken: it is unique.
    const moved = changed.filter(
      (p) => before.get(p._id)?.[name] !== undefined && before.get(p._id)?.[name] !== p[name],
    )
    await people.dropAccounts(
      moved.map((p) => p._id),
      name,
    )
    await people.saveAll(changed.map((person) => ({ person, before: before.get(person._id) })))
    const byUser = new Map(merged.map((p) => [p[name]?.toLowerCase(), p]))
    for (const doubt of doubts) {
      const fresh = byUser.get(doubt.userId.toLowerCase())
      if (fresh) await contacts.open(doubt, fresh._id, clock.now())
    }
    const unread = await takeFacts(name, members, byUser, today)
    await contacts.note([...notes, ...unread], clock.now())
    log.info({ platform: name, members: members.length, doubts: doubts.length }, 'contacts read')
    await deps.afterRead?.(name)
  }

  /** Birthdays and ends of probation and contract out of what people or the HR application wrote on the platform. */
  async function takeFacts(
    name: PlatformName,
    members: Member[],
    byUser: Map<string | undefined, Person>,
    today: Day,
  ): Promise<Note[]> {
    const notes: Note[] = []
    const ids = members.flatMap((m) => byUser.get(m.userId.toLowerCase())?._id ?? [])
    const known = await personal.many(ids)
    const taken = members.map(async (member) => {
      const person = byUser.get(member.userId.toLowerCase())
      if (!person?.active || !member.extra) return
      const { facts, unread } = factsOf(member, company().moments.fields, today)
      for (const field of unread)
        notes.push({
          key: `unread/${name}/${person._id}/${field}`,
          text: `${person.name}在通讯录中的“${field}”无法识别为日期，请更正（例如 2024-03-01 或 农历八月十五）。`,
        })
      if (Object.keys(facts).length > 0) await personal.takeIn(person._id, facts, name, known.get(person._id))
    })
    await Promise.all(taken)
    return notes
  }

  /** A burst of changes is one reading, and one more for what came during it. */
  async function refresh(name: PlatformName): Promise<void> {
    if (!platforms[name]) return
    await running.get(name)
    let mine = running.get(name)
    if (!mine) {
      mine = alone(() => read(name)).finally(() => running.delete(name))
      running.set(name, mine)
    }
    await mine
  }

  return {
    refresh,
    /** @throws what the first platform that could not be read threw; the others have been read all the same */
    async refreshAll(): Promise<void> {
      const failures: unknown[] = []
      for (const name of Object.keys(platforms) as PlatformName[])
        await refresh(name).catch((err) => {
          log.error({ err, platform: name }, 'contacts not read')
          failures.push(err)
        })
      if (failures.length > 0) throw failures[0]
    },
    async left(name: PlatformName, userId: string, at: Date): Promise<void> {
      const person = await people.byAccount(name, userId)
      if (!person) return
      const gone = withoutAccount(person, name, dayOf(at, company().timeZone))
      await people.save(gone, person)
      log.info({ person: person._id, platform: name, active: gone.active }, 'left')
    },
    async renamed(name: PlatformName, from: string, to: string): Promise<void> {
      const person = await people.byAccount(name, from)
      // A reading may have been quicker than the event.
      if (person && !(await people.byAccount(name, to))) await people.save({ ...person, [name]: to }, person)
    },
  }
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
    const address = own?.address ?? p.rosterAddress
    if (address) p.address = address
    else delete p.address
  }
}

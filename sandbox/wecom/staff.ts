import type { SandboxPerson } from '../stand-in.ts'
import { deliver, type Sender } from './callback.ts'
import { contactEvent, rangeEvent } from './events.ts'
import { departmentAt, newMember } from './people.ts'
import { type Member, memberOf, mustKnow, type World } from './state.ts'
import type { XmlNode } from './xml.ts'

/** What an administrator changes of a member. `newUserId`: possible once, for ids that the system made. */
export interface MemberPatch {
  name?: string
  title?: string
  departments?: string[]
  managerUserId?: string
  leader?: boolean
  newUserId?: string
  hiredOn?: string
  extra?: Record<string, string>
}

export function shownPerson({ userId, person }: Member) {
  return { userId, name: person.name, title: person.title, departments: person.departments }
}

/** Joins the company inside the app's range: `create_user` to the assistant, `subscribe` to the app (wecom.md §2.3). */
export async function join(sender: Sender, person: SandboxPerson): Promise<void> {
  const { world } = sender
  if (memberOf(world, person.userId)) throw new Error(`${person.userId} is a member already`)
  const member = newMember(world.departments, person)
  world.members.set(person.userId.toLowerCase(), member)
  world.changed(member.userId)
  await Promise.all([
    deliver(sender, 'contacts', contactEvent(world, 'create_user', userFields(world, member))),
    deliver(sender, 'app', rangeEvent(world, member, true)),
  ])
}

export async function leave(sender: Sender, userId: string): Promise<void> {
  const { world } = sender
  const member = mustKnow(world, userId)
  world.members.delete(userId.toLowerCase())
  world.changed(member.userId)
  await Promise.all([
    deliver(sender, 'contacts', contactEvent(world, 'delete_user', { UserID: member.userId })),
    member.visible ? deliver(sender, 'app', rangeEvent(world, member, false)) : undefined,
  ])
}

export async function change(sender: Sender, userId: string, patch: MemberPatch): Promise<void> {
  const { world } = sender
  const member = mustKnow(world, userId)
  const oldId = member.userId
  const { newUserId, ...rest } = patch
  member.person = { ...member.person, ...rest }
  if (patch.departments) member.departmentIds = [departmentAt(world.departments, patch.departments)]
  if (newUserId !== undefined) {
    if (memberOf(world, newUserId)) throw new Error(`${newUserId} is taken`)
    world.members.delete(oldId.toLowerCase())
    member.userId = newUserId
    member.person.userId = newUserId
    world.members.set(newUserId.toLowerCase(), member)
  }
  world.changed(member.userId)
  const told = patch.departments || patch.managerUserId !== undefined || patch.leader !== undefined || newUserId
  if (!told && !world.quirks.legacyContactEvents) return
  const fields = { ...userFields(world, member), UserID: oldId, ...(newUserId ? { NewUserID: newUserId } : {}) }
  await deliver(sender, 'contacts', contactEvent(world, 'update_user', fields))
}

export function addDepartment(world: World, userId: string, path: string[]): void {
  const member = mustKnow(world, userId)
  const id = departmentAt(world.departments, path)
  if (!member.departmentIds.includes(id)) member.departmentIds.push(id)
}

export async function setDisabled(sender: Sender, userId: string, disabled: boolean): Promise<void> {
  const member = mustKnow(sender.world, userId)
  if ((member.status === 2) === disabled) return
  member.status = disabled ? 2 : 1
  if (member.visible) await tellRange(sender, member, !disabled)
}

/** Everybody who enters or leaves the range raises an event of their own, veterans too. */
export async function setVisible(sender: Sender, userIds: string[] | 'everybody'): Promise<void> {
  const { world } = sender
  const inside = userIds === 'everybody' ? undefined : new Set(userIds.map((userId) => mustKnow(world, userId)))
  const moved = [...world.members.values()].filter((member) => member.visible !== (inside?.has(member) ?? true))
  for (const member of moved) member.visible = !member.visible
  await Promise.all(moved.map((member) => tellRange(sender, member, member.visible)))
}

async function tellRange(sender: Sender, member: Member, entered: boolean): Promise<void> {
  await deliver(sender, 'app', rangeEvent(sender.world, member, entered))
}

/** Ids only, unless the contact-sync URL is older than 2022-08-15 (wecom.md §2.5). */
function userFields(world: World, member: Member): XmlNode {
  const ids: XmlNode = { UserID: member.userId, Department: member.departmentIds.join(',') }
  if (!world.quirks.legacyContactEvents) return ids
  const { person } = member
  return {
    ...ids,
    Name: person.name,
    MainDepartment: member.departmentIds[0]!,
    IsLeaderInDept: member.departmentIds.map((_, i) => (person.leader && i === 0 ? 1 : 0)).join(','),
    ...(person.managerUserId ? { DirectLeader: person.managerUserId } : {}),
    Position: person.title,
    Gender: 0,
    Status: member.status,
  }
}

import type { SandboxPerson } from '../stand-in.ts'
import type { Core } from './core.ts'
import type { Deliveries } from './deliveries.ts'
import type { Json } from './json.ts'
import type { World } from './world.ts'

export interface Organisation {
  /** Also changes somebody who is there already. Resolves when the event is acknowledged or given up. */
  join(person: SandboxPerson): Promise<void>
  leave(userId: string): Promise<void>
  addToGroup(groupId: string, userIds: string[]): Promise<void>
  removeFromGroup(groupId: string, userIds: string[]): Promise<void>
  disbandGroup(groupId: string): Promise<void>
  /** Takes the bot out of a group, or puts it in again. No event tells of it. */
  setBotInGroup(groupId: string, isIn: boolean): void
}

/** Changes of contacts and groups, with the events that tell of them (dingtalk.md §7). */
export function createOrganisation(core: Core, world: World, deliveries: Deliveries): Organisation {
  function groupOf(groupId: string) {
    const group = world.groups.get(groupId)
    if (!group || group.disbanded) throw new Error(`no group ${groupId}`)
    return group
  }

  async function tell(eventType: string, groupId: string, userIds: string[]): Promise<void> {
    if (!groupOf(groupId).hasBot) return
    await deliveries.event(eventType, {
      timeStamp: core.now(),
      eventType,
      chatId: `chat${groupId}`,
      corpId: core.app.corpId,
      openConversationId: groupId,
      operator: userIds[0] ?? '',
      operatorUnionId: userIds[0] ? world.unionIdOf(userIds[0]) : '',
      userId: userIds,
      unionId: userIds.map(world.unionIdOf),
    })
  }

  return {
    async join(person) {
      const before = world.people.get(person.userId)
      world.people.set(person.userId, person)
      world.left.delete(person.userId)
      world.departmentOf(person.departments)
      const payload = { timeStamp: String(core.now()), userId: [person.userId] }
      if (!before) await deliveries.event('user_add_org', payload)
      else await deliveries.event('user_modify_org', { ...payload, diffInfo: difference(before, person) })
    },
    async leave(userId) {
      const person = world.people.get(userId)
      if (!person) throw new Error(`${userId} is not in the organisation`)
      world.people.delete(userId)
      world.left.set(userId, person)
      for (const group of world.groups.values()) group.members.delete(userId)
      await deliveries.event('user_leave_org', { timeStamp: String(core.now()), userId: [userId] })
    },
    async addToGroup(groupId, userIds) {
      for (const id of userIds) groupOf(groupId).members.add(id)
      await tell('chat_add_member', groupId, userIds)
    },
    async removeFromGroup(groupId, userIds) {
      for (const id of userIds) groupOf(groupId).members.delete(id)
      await tell('chat_remove_member', groupId, userIds)
    },
    async disbandGroup(groupId) {
      const group = groupOf(groupId)
      const told = tell('chat_disband', groupId, [])
      group.disbanded = true
      await told
    },
    setBotInGroup(groupId, isIn) {
      groupOf(groupId).hasBot = isIn
    },
  }
}

/** Only these fields are told of, and a cleared one is absent (dingtalk.md §7). */
function difference(before: SandboxPerson, after: SandboxPerson): Json {
  const fields = (p: SandboxPerson): Record<string, string | undefined> => ({
    name: p.name,
    jobNumber: p.jobNumber,
    hiredDate: p.hiredOn,
    managerUserid: p.managerUserId,
  })
  const [old, now] = [fields(before), fields(after)]
  const changed = Object.keys(old).filter((key) => old[key] !== now[key])
  const only = (from: Record<string, string | undefined>) =>
    Object.fromEntries(changed.filter((key) => from[key] !== undefined).map((key) => [key, from[key]]))
  return { userid: after.userId, prev: only(old), curr: only(now) }
}

import type { SandboxPerson } from '../stand-in.ts'
import type { Department, Member, World } from './state.ts'

export const ROOT = 1

/** Finds the department at the end of this path of names below the root, creating what is missing. */
export function departmentAt(departments: Department[], path: string[]): number {
  let parentId = ROOT
  for (const name of path) {
    let found = departments.find((department) => department.parentId === parentId && department.name === name)
    if (!found) {
      const id = Math.max(...departments.map((department) => department.id)) + 1
      found = { id, name, parentId, order: 100_000_000 - id * 1000 }
      departments.push(found)
    }
    parentId = found.id
  }
  return parentId
}

export function newMember(departments: Department[], person: SandboxPerson): Member {
  if (!/^[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}$/.test(person.userId)) throw new RangeError(`bad userid ${person.userId}`)
  return {
    userId: person.userId,
    person,
    departmentIds: [departmentAt(departments, person.departments)],
    status: 1,
    visible: true,
    chat: [],
    arrivals: [],
  }
}

/** The department and all below it; empty when it does not exist. */
export function departmentsBelow(world: World, id: number): Department[] {
  const top = world.departments.find((department) => department.id === id)
  if (!top) return []
  const children = world.departments.filter((department) => department.parentId === id)
  return [top, ...children.flatMap((child) => departmentsBelow(world, child.id))]
}

export function membersBelow(world: World, departmentId: number): Member[] {
  const ids = new Set(departmentsBelow(world, departmentId).map((department) => department.id))
  return [...world.members.values()].filter((member) => member.departmentIds.some((id) => ids.has(id)))
}

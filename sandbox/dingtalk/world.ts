import type { SandboxPerson } from '../stand-in.ts'
import { opaque } from './random.ts'

export interface Department {
  id: number
  name: string
  parentId: number
}

export interface Group {
  groupId: string
  name: string
  members: Set<string>
  hasBot: boolean
  disbanded: boolean
}

/** The organisation: who belongs to it and how it is built. */
export interface World {
  people: Map<string, SandboxPerson>
  left: Map<string, SandboxPerson>
  departments: Map<number, Department>
  groups: Map<string, Group>
  /** What the app may see; everything when undefined. Departments with all below them. */
  visible: { departmentIds: number[]; userIds: string[] } | undefined
  /** Number of the department with this path of names, made when it does not exist. */
  departmentOf(path: readonly string[]): number
  inScope(userId: string): boolean
  departmentInScope(id: number): boolean
  unionIdOf(userId: string): string
  /** By userId (type 1) or unionId (type 2). */
  resolve(id: string, userIdType: number): string | undefined
}

export const ROOT_DEPARTMENT = 1

export function createWorld(
  people: readonly SandboxPerson[],
  groups: readonly { groupId: string; name: string; members: string[] }[],
  onNewDepartment: (id: number) => void,
): World {
  const departments = new Map<number, Department>([
    [ROOT_DEPARTMENT, { id: ROOT_DEPARTMENT, name: '本公司', parentId: 0 }],
  ])
  let nextDepartment = 100_001

  const world: World = {
    people: new Map(people.map((p) => [p.userId, p])),
    left: new Map(),
    departments,
    groups: new Map(
      groups.map((g) => [g.groupId, { ...g, members: new Set(g.members), hasBot: true, disbanded: false }]),
    ),
    visible: undefined,
    departmentOf(path) {
      let parentId = ROOT_DEPARTMENT
      for (const name of path) {
        const known = [...departments.values()].find((d) => d.name === name && d.parentId === parentId)
        const id = known?.id ?? nextDepartment++
        if (!known) {
          departments.set(id, { id, name, parentId })
          onNewDepartment(id)
        }
        parentId = id
      }
      return parentId
    },
    inScope(userId) {
      const person = world.people.get(userId)
      if (!person || !world.visible) return person !== undefined
      return world.visible.userIds.includes(userId) || world.departmentInScope(world.departmentOf(person.departments))
    },
    departmentInScope(id) {
      if (!world.visible) return true
      for (let at: number | undefined = id; at; at = departments.get(at)?.parentId)
        if (world.visible.departmentIds.includes(at)) return true
      return false
    },
    unionIdOf: (userId) => opaque('union', userId),
    resolve(id, userIdType) {
      if (userIdType !== 2) return world.people.has(id) ? id : undefined
      return [...world.people.keys()].find((userId) => world.unionIdOf(userId) === id)
    },
  }
  for (const person of people) world.departmentOf(person.departments)
  return world
}

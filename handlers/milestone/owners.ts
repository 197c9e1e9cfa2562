import { departmentLeaders } from '../../src/domain/support.ts'
import type { Person } from '../../src/store/people.ts'
import { findByRef } from '../rights.ts'
import { colleague } from '../weekly/support.ts'

export interface Owners {
  people: Person[]
  /** Names of the settings that mean nobody. */
  unknown: string[]
}

/** The same one each day. */
const byNumber = (a: Person, b: Person) => (keyOf(a) < keyOf(b) ? -1 : 1)
const keyOf = (p: Person) => `${p.jobNumber ?? '~'}/${p._id}`

const EACH_DEPARTMENT = /^(?:各部门|各科室|全部门)(?:负责人)?$/

/** Whom the owners and accepters of the settings mean, of everybody at work. */
export function resolver(people: Person[]): (refs: readonly string[]) => Owners {
  const leaderOf = departmentLeaders(people.map(colleague))
  const byId = new Map(people.map((p) => [p._id, p]))
  const departments = [...new Set(people.flatMap((p) => p.departments))].sort()
  const heads = () => departments.flatMap((d) => byId.get(leaderOf(d)?.id ?? '') ?? [])

  const one = (ref: string): Person[] => {
    if (ref === 'hr' || ref === 'gm')
      return people
        .filter((p) => p.roles.includes(ref))
        .sort(byNumber)
        .slice(0, 1)
    if (EACH_DEPARTMENT.test(ref)) return heads()
    const named = findByRef(people, ref)
    const head = named ?? byId.get(leaderOf(ref)?.id ?? '')
    return head ? [head] : []
  }

  return (refs) => {
    const found = refs.map((ref) => ({ ref, people: one(ref) }))
    const all = found.flatMap((f) => f.people)
    return {
      people: [...new Map(all.map((p) => [p._id, p])).values()],
      unknown: found.filter((f) => f.people.length === 0).map((f) => f.ref),
    }
  }
}

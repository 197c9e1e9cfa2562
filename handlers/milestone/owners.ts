import { departmentLeaders } from '../../src/domain/support.ts'
import type { Person } from '../../src/store/people.ts'
import { findByRef } from '../rights.ts'
import { colleague } from '../weekly/support.ts'

/** Whom an owner or accepter of the settings means at present: a number, a name, hr, gm, or a department for whoever leads it. */
export interface Seat {
  seat: string
  person?: Person
}

/** The same one each day. */
const byNumber = (a: Person, b: Person) => (keyOf(a) < keyOf(b) ? -1 : 1)
const keyOf = (p: Person) => `${p.jobNumber ?? '~'}/${p._id}`

const EACH_DEPARTMENT = /^(?:各部门|各科室|全部门)(?:负责人)?$/

export interface Owners {
  /** One for each department where all of them are meant. */
  seats: Seat[]
  /** Names of the settings that mean nobody. */
  unknown: string[]
}

export type Resolve = (refs: readonly string[]) => Owners

/** Whom the owners and accepters of the settings mean, of everybody at work. */
export function resolver(people: Person[]): Resolve {
  const leaderOf = departmentLeaders(people.map(colleague))
  const byId = new Map(people.map((p) => [p._id, p]))
  const departments = [...new Set(people.flatMap((p) => p.departments))].sort()
  const headOf = (department: string) => byId.get(leaderOf(department)?.id ?? '')
  const seatOf = (seat: string, person: Person | undefined): Seat => (person ? { seat, person } : { seat })

  const seats = (ref: string): Seat[] => {
    if (EACH_DEPARTMENT.test(ref)) return departments.map((d) => seatOf(d, headOf(d)))
    if (ref === 'hr' || ref === 'gm')
      return [seatOf(ref, people.filter((p) => p.roles.includes(ref)).sort(byNumber)[0])]
    return [seatOf(ref, findByRef(people, ref) ?? headOf(ref))]
  }

  return (refs) => {
    const found = refs.map((ref) => ({ ref, seats: seats(ref) }))
    return {
      seats: found.flatMap((f) => f.seats),
      unknown: found.filter((f) => !f.seats.some((s) => s.person)).map((f) => f.ref),
    }
  }
}

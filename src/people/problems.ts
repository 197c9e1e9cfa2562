import type { Person } from '../store/people.ts'
import type { Note } from './merge.ts'

/**
 * What is wrong with the tree of managers: nobody above somebody, a manager who has left, people who are above each other in
 * a circle. Each would leave a score or a notice without an owner.
 *
 * @param settled people who need no manager: the general manager, and those with a stand-in in the settings
 */
export function treeProblems(people: Person[], settled: ReadonlySet<string>): Note[] {
  const byId = new Map(people.map((p) => [p._id, p]))
  const notes: Note[] = []
  const active = people.filter((p) => p.active)
  const sameName = new Map<string, number>()
  for (const { name } of active) sameName.set(name, (sameName.get(name) ?? 0) + 1)
  /** By name, and by more where several are called so. */
  const called = (p: Person): string => {
    if ((sameName.get(p.name) ?? 0) < 2) return p.name
    return `${p.name}（${p.departments.at(-1) ?? '未分部门'}${p.jobNumber ? `，工号${p.jobNumber}` : ''}）`
  }
  const inCircle = new Set<string>()
  for (const person of active) {
    const circle = circleFrom(person, byId)
    if (circle && !inCircle.has(person._id)) {
      for (const p of circle) inCircle.add(p._id)
      const ids = circle.map((p) => p._id).sort()
      const names = [...circle, circle[0]!].map(called).join(' → ')
      notes.push({ key: `circle/${ids.join('/')}`, text: `上下级关系成环：${names}，请更正其中一人的直属上级。` })
    }
    if (settled.has(person._id)) continue
    const manager = person.managerId === undefined ? undefined : byId.get(person.managerId)
    if (!manager) notes.push({ key: `no-manager/${person._id}`, text: `${called(person)}没有直属上级，请补充。` })
    else if (!manager.active)
      notes.push({
        key: `manager-left/${person._id}/${manager._id}`,
        text: `${called(person)}的直属上级${manager.name}已离职，请更新。`,
      })
  }
  return notes
}

/** The circle a person stands in, beginning with them; undefined when their way up ends. */
function circleFrom(person: Person, byId: Map<string, Person>): Person[] | undefined {
  const way: Person[] = []
  for (let p: Person | undefined = person; p && !way.includes(p); ) {
    way.push(p)
    p = p.managerId === undefined ? undefined : byId.get(p.managerId)
    if (p === person) return way
  }
  return undefined
}

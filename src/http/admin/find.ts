import type { People, Person } from '../../store/people.ts'

const MOST_FOUND = 200

/**
 * The people that a text may mean: part of a name, a job number, an account or an id. Nobody: an empty list, which must find
 * nothing.
 */
export async function peopleMeant(people: People, text: string): Promise<string[]> {
  const wanted = text.trim().toLowerCase()
  const is = (value: string | undefined) => value?.toLowerCase() === wanted
  const meant = (p: Person) =>
    p.name.toLowerCase().includes(wanted) || is(p.jobNumber) || is(p.wecom) || is(p.dingtalk) || is(p._id)
  return (await people.all())
    .filter(meant)
    .slice(0, MOST_FOUND)
    .map((p) => p._id)
}

import { halfWidth, trimMarks } from './chat-text.ts'
import { formsOfName } from './parse-score.ts'

/** Somebody who may be named in 需支持. */
export interface Colleague {
  id: string
  name: string
  aliases: readonly string[]
  departments: readonly string[]
  managerId?: string
}

const SUPERIOR = /^(?:我的?|直接|直属|部门)?(?:上级|领导|主管|经理|老板)$/
/** 王经理: a surname and what somebody is who leads others. */
const TITLED = /^([\u4e00-\u9fff]{1,2}?)(?:副?总|副?总经理|副?经理|主任|部长|主管|队长|组长|科长|厂长|老板)$/
const SEVERAL = /[、,;/&\s]+|和|及|与/

const plain = (text: string): string => trimMarks(halfWidth(text)).toLowerCase()

/** Who leads others of a department and is led by nobody of it; of a department of one, that one. */
export function departmentLeaders(people: readonly Colleague[]): (department: string) => Colleague | undefined {
  const members = grouped(people, (p) => p.departments.map(plain))
  return (department) => {
    const all = ['', '部', '科', '室'].flatMap((end) => members.get(plain(department) + end) ?? [])
    const above = all.filter((p) => !all.some((m) => m.id === p.managerId))
    const leaders = above.filter((p) => all.some((m) => m.managerId === p.id))
    return leaders.length === 1 ? leaders[0] : all.length === 1 ? all[0] : undefined
  }
}

export type FindSupporters = (who: string | undefined, asker: Colleague) => string[]

/**
 * Whom the words behind 需支持 mean (features.md B6): a name, a nickname, 王经理, 财务部 (whoever leads it), 上级; several of them.
 * Who cannot be told from others of the same name is nobody: a wrong person is not asked.
 *
 * @param people everybody at work, the asker among them
 * @returns a search that gives ids, without the asker's
 */
export function supporterFinder(people: readonly Colleague[]): FindSupporters {
  const named = grouped(people, (p) => formsOfName(nameable(p)).map(plain))
  const leaderOf = departmentLeaders(people)
  const leading = new Set(people.flatMap((p) => p.managerId ?? []))
  const surnamed = grouped(
    people.filter((p) => leading.has(p.id)),
    (p) => [p.name.slice(0, 1), p.name.slice(0, 2)],
  )

  function one(who: string, asker: Colleague): string | undefined {
    const said = plain(who)
    if (said === '') return undefined
    if (SUPERIOR.test(said)) return asker.managerId
    const known = named.get(said)
    if (known) return oneOf(known, asker)
    const surname = TITLED.exec(said)?.[1]
    return leaderOf(said)?.id ?? (surname && oneOf(surnamed.get(surname) ?? [], asker))
  }

  return (who = '', asker) => {
    const whole = one(who, asker)
    const found = whole === undefined ? who.split(SEVERAL).map((part) => one(part, asker)) : [whole]
    return [...new Set(found.filter((id): id is string => id !== undefined && id !== asker.id))]
  }
}

const nameable = ({ id, name, aliases, departments }: Colleague) => ({
  ...{ id, name, aliases: [...aliases] },
  ...(departments.length > 0 && { department: departments.at(-1)! }),
})

function grouped(people: readonly Colleague[], keysOf: (p: Colleague) => string[]): Map<string, Colleague[]> {
  const groups = new Map<string, Colleague[]>()
  for (const p of people)
    for (const key of new Set(keysOf(p))) {
      const group = groups.get(key)
      if (group) group.push(p)
      else groups.set(key, [p])
    }
  return groups
}

/** The only one, or the only one of the asker's own department. */
function oneOf(found: readonly Colleague[], asker: Colleague): string | undefined {
  const near = found.filter((p) => p.departments.at(-1) === asker.departments.at(-1))
  return found.length === 1 ? found[0]!.id : near.length === 1 ? near[0]!.id : undefined
}

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

/**
 * Whom the words behind 需支持 mean (features.md B6): a name, a nickname, 王经理, 财务部 (whoever leads it), 上级; several of them.
 * Who cannot be told from others of the same name is nobody: a wrong person is not asked.
 *
 * @param people everybody at work, the asker among them
 * @returns ids, without the asker's
 */
export function supportersOf(who: string | undefined, asker: Colleague, people: readonly Colleague[]): string[] {
  if (who === undefined || plain(who) === '') return []
  const whole = supporterOf(who, asker, people)
  const found = whole === undefined ? who.split(SEVERAL).map((part) => supporterOf(part, asker, people)) : [whole]
  return [...new Set(found.filter((id): id is string => id !== undefined && id !== asker.id))]
}

function supporterOf(who: string, asker: Colleague, people: readonly Colleague[]): string | undefined {
  const said = plain(who)
  if (said === '') return undefined
  if (SUPERIOR.test(said)) return asker.managerId
  const named = people.filter((p) => formsOfName(nameable(p)).some((form) => plain(form) === said))
  if (named.length > 0) return oneOf(named, asker)
  const led = leaderOf(said, people)
  if (led) return led.id
  const surname = TITLED.exec(said)?.[1]
  return (
    surname &&
    oneOf(
      people.filter((p) => p.name.startsWith(surname) && leads(p, people)),
      asker,
    )
  )
}

const nameable = ({ id, name, aliases, departments }: Colleague) => ({
  ...{ id, name, aliases: [...aliases] },
  ...(departments.length > 0 && { department: departments.at(-1)! }),
})

/** The only one, or the only one of the asker's own department. */
function oneOf(found: readonly Colleague[], asker: Colleague): string | undefined {
  const near = found.filter((p) => p.departments.at(-1) === asker.departments.at(-1))
  return found.length === 1 ? found[0]!.id : near.length === 1 ? near[0]!.id : undefined
}

const leads = (person: Colleague, people: readonly Colleague[]): boolean =>
  people.some((p) => p.managerId === person.id)

/** Who leads others of a department and is led by nobody of it; of a department of one, that one. */
function leaderOf(department: string, people: readonly Colleague[]): Colleague | undefined {
  const names = [department, `${department}部`, `${department}科`, `${department}室`]
  const members = people.filter((p) => p.departments.some((d) => names.includes(plain(d))))
  const above = members.filter((p) => !members.some((m) => m.id === p.managerId))
  const leaders = above.filter((p) => leads(p, members))
  if (leaders.length === 1) return leaders[0]
  return members.length === 1 ? members[0] : undefined
}

import type { MomentsFile } from '../company-moments.ts'
import { readBirthday, readDate } from '../domain/read-birthday.ts'
import type { Day } from '../domain/time.ts'
import type { Member } from '../platforms/port.ts'
import type { SaidFacts } from '../store/personal.ts'

export interface ReadFacts {
  facts: SaidFacts
  /** What stands there and is no date, by the name of the attribute; the text itself is not kept. */
  unread: string[]
}

/**
 * Personal facts out of a member's text attributes, which people typed by hand (wecom.md §9.4). A birthday is taken only when
 * it has one reading.
 */
export function factsOf(member: Member, fields: MomentsFile['fields'], today: Day): ReadFacts {
  const extra = member.extra ?? {}
  const facts: SaidFacts = {}
  const unread: string[] = []
  const first = (names: string[]) =>
    names.flatMap((name) => (extra[name]?.trim() ? [{ name, text: extra[name] }] : []))[0]

  const lunar = first(fields.lunarBirthday)
  const written = lunar ?? first(fields.birthday)
  if (written) {
    const read = readBirthday(lunar ? `农历${written.text}` : written.text, today)
    if (read.kind === 'read') {
      facts.birthday = { birthday: read.birthday, ...(read.year !== undefined && { year: read.year }) }
    } else unread.push(written.name)
  }
  for (const [key, names] of [
    ['probationEndsOn', fields.probationEnds],
    ['contractEndsOn', fields.contractEnds],
  ] as const) {
    const found = first(names)
    if (!found) continue
    const day = readDate(found.text)
    if (day) facts[key] = day
    // 无固定期限 is an answer, not a mistake.
    else if (!/无固定|长期|无|^[-—/]+$/.test(found.text)) unread.push(found.name)
  }
  return { facts, unread }
}

import type { ListedBirthday } from '../../cards/moments.ts'
import type { Ctx } from '../../src/context.ts'
import { birthdayOn, inBothCalendars } from '../../src/domain/birthday.ts'
import { rulesOf } from '../../src/domain/moments.ts'
import { addDays, lastDayOf, type Month } from '../../src/domain/time.ts'
import { knownPeople } from './people.ts'

/** The birthdays of a month, by day, without years; who wants no wishes is not on it (features.md B13). */
export async function birthdaysOf(ctx: Ctx, month: Month): Promise<ListedBirthday[]> {
  const people = await knownPeople(ctx)
  const settings = ctx.company().moments
  const list: ListedBirthday[] = []
  for (let day = `${month}-01`; day <= lastDayOf(month); day = addDays(day, 1)) {
    const on = inBothCalendars(day)
    for (const { person, personal, facts } of people) {
      const { birthday } = facts
      if (!birthday || personal.wishes === 'none' || (person.leftOn !== undefined && day > person.leftOn)) continue
      if (birthdayOn(birthday, on, rulesOf(facts, settings)) === undefined) continue
      const department = person.departments[0] ?? ''
      list.push({ day, name: person.name, department, private: personal.wishes === 'private' })
    }
  }
  return list
}

/**
 * Asks those whose birthday is unknown, privately and once in their time here; not people who have said no, had it deleted, or
 * are in their first days.
 */
export async function askBirthdays(ctx: Ctx, day: string, cause: string): Promise<void> {
  const newSince = addDays(day, -3)
  const asked = (await knownPeople(ctx)).filter(({ person, personal }) => {
    const began = person.joinedOn ?? person.appearedOn
    return (
      !personal.birthday &&
      !personal.keepNoBirthday &&
      !personal.askedAt &&
      personal.wishes !== 'none' &&
      (began === undefined || began <= newSince)
    )
  })
  await ctx.outbox.add(
    asked.map(({ person }) => ({
      key: `ask-birthday/${person._id}`,
      to: person._id,
      mode: 'push' as const,
      cause,
      content: { kind: 'notice' as const, name: 'ask-birthday', args: {} },
    })),
  )
  await Promise.all(asked.map(({ person }) => ctx.personal.set(person._id, { askedAt: ctx.clock.now() })))
}

import { isObject, type Json } from './refusal.ts'
import { memberOf, type World } from './state.ts'

/** Replaces `$userName=ID$` and `$departmentName=ID$`; what cannot be resolved stays as typed (wecom.md §3.1). */
export function translateIds(world: World, text: string): string {
  return text
    .replace(/\$(?:userName|userAlias|userAliasOrName)=([0-9A-Za-z_.@-]{1,64})\$/g, (typed, id: string) => {
      return memberOf(world, id)?.person.name ?? typed
    })
    .replace(/\$departmentName=(\d+)\$/g, (typed, id: string) => {
      return world.departments.find((department) => department.id === Number(id))?.name ?? typed
    })
}

/** The members of a card that translate; a copy. */
export function translateCard(world: World, card: Json): Json {
  const copy = structuredClone(card)
  for (const [path, names] of [
    ['source', ['desc']],
    ['main_title', ['title', 'desc']],
  ] as const) {
    const part = copy[path]
    if (isObject(part)) for (const name of names) if (part[name]) part[name] = translateIds(world, String(part[name]))
  }
  if (copy.sub_title_text) copy.sub_title_text = translateIds(world, String(copy.sub_title_text))
  for (const row of (copy.horizontal_content_list as Json[] | undefined) ?? [])
    if (row.value) row.value = translateIds(world, String(row.value))
  return copy
}

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

/**
 * How a click says what was meant: a button's id carries the action (and the chosen option), the field names of a form
 * carry the action too, because nothing else of ours comes back from a template (dingtalk.md §6.6, §6.10).
 */
export interface Click {
  action: string
  choices: Record<string, string[]>
}

const ACTION = /^[a-z0-9-]{1,40}(:[A-Za-z0-9_-]{1,60})?$/

/** Button id of one option of a single choice: `action.inputId.optionId`. */
export function optionButtonId(action: string, inputId: string, optionId: string): string {
  return `${action}.${inputId}.${optionId}`
}

/** Form field name: `base__<length of the argument>_<argument><inputId>`; letters, digits, `_` and `-` only. */
export function fieldName(action: string, inputId: string): string {
  const [base, argument = ''] = action.split(':', 2) as [string, string?]
  return `${base}__${argument.length}_${argument}${inputId}`
}

export function readFieldName(name: string): { action: string; inputId: string } | undefined {
  const match = /^([a-z0-9-]{1,40})__(\d{1,2})_(.+)$/.exec(name)
  if (!match) return undefined
  const [, base, length, rest] = match
  const argument = rest!.slice(0, Number(length))
  const inputId = rest!.slice(Number(length))
  if (inputId === '') return undefined
  return { action: argument ? `${base}:${argument}` : base!, inputId }
}

/**
 * @param known button ids of this card, when this process sent it: DingTalk may append to an id, so the longest one that
 *              begins it is meant
 */
export function readButtonId(id: string, known: readonly string[] = []): Click | undefined {
  const meant = known.filter((one) => id.startsWith(one)).sort((a, b) => b.length - a.length)[0] ?? id
  const first = meant.indexOf('.')
  const last = meant.lastIndexOf('.')
  const action = first < 0 ? meant : meant.slice(0, first)
  if (!ACTION.test(action)) return undefined
  if (first < 0) return { action, choices: {} }
  if (last === first) return undefined
  return { action, choices: { [meant.slice(first + 1, last)]: [meant.slice(last + 1)] } }
}

/** Values of a submitted form (dingtalk.md §6.8): a string, a list, or `{index, value}` of one or of many. */
export function readForm(form: Record<string, unknown>): Click | undefined {
  let action: string | undefined
  const choices = new Map<string, string[]>()
  for (const [name, value] of Object.entries(form)) {
    const field = readFieldName(name)
    if (!field) continue
    if (action !== undefined && action !== field.action) return undefined
    action = field.action
    choices.set(field.inputId, optionIds(value))
  }
  return action === undefined ? undefined : { action, choices: Object.fromEntries(choices) }
}

function optionIds(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)]
  if (Array.isArray(value)) return value.flatMap(optionIds)
  if (typeof value === 'object' && value !== null && 'value' in value) return optionIds(value.value)
  return []
}

import { isRecord, isText, parseJson } from './json.ts'

export interface FormField {
  name: string
  label: string
  type: string
  required: boolean
  requiredMsg: string
  hidden: boolean
  readOnly: boolean
  defaultValue: unknown
  options: { value: string; text: string }[]
}

const TYPES: readonly string[] = [
  'TEXT',
  'TEXT_AREA',
  'TEXT_ARRAY',
  'NUMBER',
  'SELECT',
  'MULTI_SELECT',
  'DATE',
  'TIME',
  'DATETIME',
  'CHECKBOX',
  'SWITCH',
  'CHECKBOX_GROUP',
  'MULTI_CHECKBOX_GROUP',
]
const WITH_OPTIONS: readonly string[] = ['SELECT', 'MULTI_SELECT', 'CHECKBOX_GROUP', 'MULTI_CHECKBOX_GROUP']

/** The fields of a form variable (dingtalk.md §6.8); `undefined` when the client could not draw it. */
export function readForm(json: string | undefined): FormField[] | undefined {
  const form = parseJson(json)
  if (!isRecord(form) || !Array.isArray(form.fields) || form.fields.length === 0) return undefined
  const fields: FormField[] = []
  for (const f of form.fields) {
    if (!isRecord(f) || !isText(f.name) || !isText(f.type) || !TYPES.includes(f.type)) return undefined
    const options: FormField['options'] = []
    for (const o of Array.isArray(f.options) ? f.options : []) {
      if (!isRecord(o) || !isText(o.value) || !isText(o.text)) return undefined
      options.push({ value: o.value, text: o.text })
    }
    if (WITH_OPTIONS.includes(f.type) && options.length === 0) return undefined
    fields.push({
      name: f.name,
      label: isText(f.label) ? f.label : '',
      type: f.type,
      required: f.required === true,
      requiredMsg: isText(f.requiredMsg) ? f.requiredMsg : `请填写${isText(f.label) ? f.label : f.name}`,
      hidden: f.hidden === true,
      readOnly: f.readOnly === true,
      defaultValue: f.defaultValue,
      options,
    })
  }
  return new Set(fields.map((f) => f.name)).size === fields.length ? fields : undefined
}

/**
 * What the client sends for what was filled in, in the shapes of dingtalk.md §6.8.
 *
 * @param filled field name to texts or option values
 * @throws Error with the words the client shows when a required field is empty or a value cannot be entered
 */
export function fillForm(fields: readonly FormField[], filled: Record<string, string[]>): Record<string, unknown> {
  for (const name of Object.keys(filled)) {
    const field = fields.find((f) => f.name === name)
    if (!field || field.hidden || field.readOnly) throw new Error(`no field ${name} to fill in`)
  }
  const values: Record<string, unknown> = {}
  for (const field of fields) {
    const given = filled[field.name]
    if (given === undefined || given.length === 0) {
      if (field.defaultValue !== undefined) values[field.name] = field.defaultValue
      else if (field.required && !field.hidden) throw new Error(field.requiredMsg)
      continue
    }
    values[field.name] = fieldValue(field, given)
  }
  return values
}

function fieldValue(field: FormField, given: string[]): unknown {
  const indexOf = (value: string) => {
    const index = field.options.findIndex((o) => o.value === value)
    if (index < 0) throw new Error(`${field.name} has no option ${value}`)
    return index
  }
  const first = given[0]!
  const matching = (shape: RegExp) => {
    if (!shape.test(first)) throw new Error(`${field.name} cannot be ${first}`)
    return first
  }
  switch (field.type) {
    case 'TEXT_ARRAY':
      return given
    case 'NUMBER':
      return Number(matching(/^-?\d+(\.\d+)?$/))
    case 'SELECT':
      return { index: indexOf(first), value: first }
    case 'MULTI_SELECT':
      return { index: given.map(indexOf), value: given }
    case 'CHECKBOX_GROUP':
      indexOf(first)
      return first
    case 'MULTI_CHECKBOX_GROUP':
      given.forEach(indexOf)
      return given
    case 'CHECKBOX':
    case 'SWITCH':
      return first === 'true'
    case 'DATE':
      return matching(/^\d{4}-\d\d-\d\d$/)
    case 'TIME':
      return matching(/^\d\d:\d\d$/)
    case 'DATETIME':
      return matching(/^\d{4}-\d\d-\d\d \d\d:\d\d$/)
    default:
      return first
  }
}

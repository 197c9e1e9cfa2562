import { halfWidth } from './chat-text.ts'
import type { DayContext } from './parse-day.ts'
import { type ReadItem, takeCell } from './parse-item.ts'

/** What a column of a pasted sheet holds. */
export type Column = 'number' | 'text' | 'kind' | 'points' | 'due' | 'support' | 'who' | 'other'

const NAMES: [RegExp, Column][] = [
  [/^(?:序号|编号|序|no\.?|#)$/i, 'number'],
  [/^(?:类别|类型|性质|分类|重点\/日常|工作类别|工作类型)$/, 'kind'],
  [/(?:分值|分数|计划分|标准分|权重|^分$|得分)/, 'points'],
  [/(?:完成时间|完成日期|截止|完成时限|期限|预计完成|时间|日期)/, 'due'],
  [/(?:支持人|协助人|配合人|支持部门|配合部门|协助部门)/, 'who'],
  [/(?:支持|协助|配合)/, 'support'],
  [/(?:内容|计划|任务|事项|工作|项目)/, 'text'],
]

/** The columns of a heading row; undefined when the row is none. */
export function columnsOf(cells: readonly string[]): Column[] | undefined {
  const columns = cells.map((cell) => {
    const half = halfWidth(cell).replace(/[\s:]/g, '')
    if (half.length > 14 || /\d/.test(half)) return 'other'
    return NAMES.find(([pattern]) => pattern.test(half))?.[1] ?? 'other'
  })
  const known = columns.filter((one) => one !== 'other')
  return columns.filter((one) => one === 'text').length === 1 && known.length >= 2 ? columns : undefined
}

/**
 * One row of a pasted sheet. Without known columns each cell is taken for what it looks like; the longest of the others
 * is the text. Cells that fit nowhere are joined to the text, in brackets, and named in `assumed`. Undefined: no text in it.
 */
export function readRow(
  cells: readonly string[],
  columns: Column[] | undefined,
  row: number,
  context: DayContext,
): ReadItem | undefined {
  const item: ReadItem = { text: '', assumed: [] }
  const others: string[] = []
  const numbers: number[] = []
  let support = ''
  let who = ''
  for (const [index, raw] of cells.entries()) {
    const cell = raw.trim()
    if (cell === '') continue
    const column = columns?.[index]
    if (column === 'number') continue
    if (column === 'text') item.text = cell
    else if (column === 'support') support = cell
    else if (column === 'who') who = cell
    else if ((column === 'points' || column === 'due' || column === 'kind') && takeCell(cell, item, context, column))
      continue
    else if (columns === undefined && /^\d{1,4}(?:\.\d{1,6})?$/.test(halfWidth(cell))) numbers.push(index)
    else if (columns === undefined && (takeCell(cell, item, context, 'due') || takeCell(cell, item, context, 'kind')))
      continue
    else others.push(cell)
  }
  takeNumbers(cells, numbers, row, item, others, context)
  if (item.text === '') {
    const longest = others.toSorted((a, b) => b.length - a.length)[0]
    if (longest === undefined) return undefined
    item.text = longest
    others.splice(others.indexOf(longest), 1)
  }
  if (support !== '' || who !== '') {
    if (!/^(?:无|没有|不需要|-|\/)$/.test(support || who))
      item.support = { ...(who === '' ? {} : { who }), what: support === '' ? '支持' : support }
  }
  const left = others.filter((one) => !/^(?:无|-|\/)$/.test(one))
  if (left.length > 0) {
    item.text = `${item.text}（${left.join('，')}）`
    item.assumed.push(`“${left.join('”“')}”并入工作内容`)
  }
  return item
}

/** Lone numbers: the first cell that counts the rows is a number of the row, the last one is points. */
function takeNumbers(
  cells: readonly string[],
  numbers: number[],
  row: number,
  item: ReadItem,
  others: string[],
  context: DayContext,
) {
  const left = [...numbers]
  const value = (index: number) => halfWidth(cells[index]!).trim()
  const counted = left.length > 1 || item.points !== undefined
  if (left[0] === 0 && (Number(value(0)) === row || (counted && Number(value(0)) <= 30))) left.shift()
  // Of two numbers one may be a day, 12.4; the day stands last, as in most sheets.
  if (
    left.length > 1 &&
    /^\d{1,2}\.\d{1,2}$/.test(value(left.at(-1)!)) &&
    takeCell(cells[left.at(-1)!]!, item, context, 'due')
  )
    left.pop()
  const points = left.pop()
  if (points !== undefined && !takeCell(cells[points]!, item, context, 'points')) others.push(cells[points]!.trim())
  for (const index of left) others.push(cells[index]!.trim())
}

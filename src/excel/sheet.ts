import { type Cell, type CellStyle, readXlsx, type WriteSheet, writeXlsx } from 'hucre/xlsx'

/** What a cell holds when it is written: text stays text whatever it begins with, numbers are numbers. */
export type Value = string | number | null | Formula

/** A formula of ours over the sheet's own cells, with what it gives now; never what somebody typed. */
export interface Formula {
  formula: string
  value: number | null
}

export interface Column {
  title: string
  /** In characters. */
  width: number
  /** `text` keeps leading zeros, and a formula that somebody typed as a name stays words (formula injection); `count`: whole. */
  kind: 'text' | 'number' | 'count'
}

export interface TableSheet {
  name: string
  title: string
  /** One line under the title. */
  note: string
  columns: Column[]
  rows: Value[][]
  /** Lines for signatures at the foot, side by side: 制表, 审核, 批准. */
  signatures: string[]
  landscape?: boolean
}

const TEXT: CellStyle = { numFmt: '@', alignment: { vertical: 'center', wrapText: true } }
/** Two decimals, and more where a grade needs them (domain.md §11.18). */
const NUMBER: CellStyle = { numFmt: '0.00##########', alignment: { vertical: 'center', horizontal: 'right' } }
const COUNT: CellStyle = { ...NUMBER, numFmt: '0' }
const STYLES = { text: TEXT, number: NUMBER, count: COUNT }
const line = { style: 'thin' as const }
const HEAD: CellStyle = {
  font: { bold: true },
  fill: { type: 'pattern', pattern: 'solid', fgColor: { rgb: 'FFE8EEF7' } },
  alignment: { horizontal: 'center', vertical: 'center', wrapText: true },
  border: { top: line, bottom: line, left: line, right: line },
  numFmt: '@',
}
const TITLE: CellStyle = { font: { bold: true, size: 14 }, alignment: { horizontal: 'center' }, numFmt: '@' }
const QUIET: CellStyle = { font: { size: 9 }, alignment: { horizontal: 'left' }, numFmt: '@' }

/** Heading rows above the data: title, note, columns. They stay on screen and on every printed page. */
export const HEADING_ROWS = 3

type Plain = Exclude<Value, Formula>
const isFormula = (value: Value): value is Formula => typeof value === 'object' && value !== null

/** Without control characters, which a workbook must not hold, and within what a cell can take. */
const clean = (value: Value): Plain =>
  typeof value === 'string' ? value.replace(/\p{Cc}/gu, ' ').slice(0, 32_000) : isFormula(value) ? value.value : value

/** A workbook of tables as HR prints and files them: frozen heading, A4, page numbers, signature lines (features.md 5.3). */
export async function writeTables(
  sheets: TableSheet[],
  about: { title: string; company: string },
): Promise<Uint8Array> {
  return writeXlsx({
    sheets: sheets.map(tableSheet),
    properties: { title: about.title, company: about.company, creator: about.company },
  })
}

function tableSheet(t: TableSheet): WriteSheet {
  const width = t.columns.length
  const pad = (values: Plain[]): Plain[] => [...values, ...Array<Plain>(Math.max(0, width - values.length)).fill(null)]
  const body = t.rows.map((row) => row.map(clean))
  const foot = HEADING_ROWS + body.length + 1
  const share = Math.max(1, Math.floor(width / Math.max(1, t.signatures.length)))
  const signing: Plain[] = Array<Plain>(width).fill(null)
  for (const [n, who] of t.signatures.entries()) if (n * share < width) signing[n * share] = `${who}：＿＿＿＿＿＿`
  const rows = [
    pad([t.title]),
    pad([t.note]),
    t.columns.map((c) => c.title),
    ...body,
    ...(t.signatures.length > 0 ? [pad([]), signing] : []),
  ]
  const cells = new Map<string, Partial<Cell>>()
  for (const [r, row] of t.rows.entries())
    for (const [c, value] of row.entries())
      if (isFormula(value))
        cells.set(`${HEADING_ROWS + r},${c}`, {
          ...{ type: 'formula', formula: value.formula, value: value.value, formulaResult: value.value },
          style: NUMBER,
        })
  for (let column = 0; column < width; column++) {
    cells.set(`0,${column}`, { style: TITLE })
    cells.set(`1,${column}`, { style: QUIET })
    cells.set(`2,${column}`, { style: HEAD })
    if (t.signatures.length > 0) cells.set(`${foot},${column}`, { style: QUIET })
  }
  const merges = width > 1 ? [0, 1].map((row) => ({ startRow: row, startCol: 0, endRow: row, endCol: width - 1 })) : []
  if (t.signatures.length > 0 && share > 1)
    for (const n of t.signatures.keys()) {
      if (n * share < width)
        merges.push({
          startRow: foot,
          startCol: n * share,
          endRow: foot,
          endCol: Math.min(width - 1, (n + 1) * share - 1),
        })
    }
  return {
    name: t.name,
    columns: t.columns.map((c) => ({ width: c.width, style: STYLES[c.kind] })),
    rows,
    cells,
    merges,
    freezePane: { rows: HEADING_ROWS },
    pageSetup: {
      paperSize: 'a4',
      orientation: t.landscape === false ? 'portrait' : 'landscape',
      fitToPage: true,
      fitToWidth: 1,
      fitToHeight: 0,
      horizontalCentered: true,
      printTitlesRow: `$1:$${HEADING_ROWS}`,
    },
    headerFooter: { oddFooter: '&L&F&C第 &P 页，共 &N 页&R&D' },
  }
}

/** A cell as it was read: text, number, date or nothing, with its number format where it has one. */
export interface ReadCell {
  value: string | number | boolean | Date | null
  format?: string
}

export interface ReadSheet {
  name: string
  /** Row by row; merged cells repeat the value of their first one. */
  rows: ReadCell[][]
}

/** Files beyond this are no roster. */
const MOST_BYTES = 20 * 1024 * 1024
const MOST_ROWS = 200_000

/** @throws Error with a sentence for people when it is no workbook, or too large */
export async function readSheets(bytes: Uint8Array): Promise<ReadSheet[]> {
  if (bytes.length > MOST_BYTES) throw new Error('文件超过20MB，请拆分后导入')
  let book: Awaited<ReturnType<typeof readXlsx>>
  try {
    book = await readXlsx(bytes, { readStyles: true, maxRows: MOST_ROWS })
  } catch {
    throw new Error('文件不是可以读取的Excel工作簿（.xlsx），请另存为.xlsx后重试')
  }
  return book.sheets.map((sheet) => {
    const rows = sheet.rows.map((values, r) =>
      values.map((value, c): ReadCell => {
        const format = sheet.cells?.get(`${r},${c}`)?.style?.numFmt
        return { value: value as ReadCell['value'], ...(format !== undefined && { format }) }
      }),
    )
    // A merge may reach over 16,384 columns of which the sheet uses ten.
    const width = rows.reduce((most, row) => Math.max(most, row.length), 0)
    for (const { startRow, startCol, endRow, endCol } of sheet.merges ?? [])
      for (let r = startRow; r <= Math.min(endRow, rows.length - 1); r++)
        for (let c = startCol; c <= Math.min(endCol, width - 1); c++) {
          const from = rows[startRow]?.[startCol]
          const row = rows[r]
          if (from && row && (r !== startRow || c !== startCol)) row[c] = { ...from }
        }
    return { name: sheet.name, rows }
  })
}

/** 1 → A, 27 → AA. */
export function columnName(number: number): string {
  let name = ''
  for (let n = number; n > 0; n = Math.floor((n - 1) / 26)) name = String.fromCharCode(65 + ((n - 1) % 26)) + name
  return name
}

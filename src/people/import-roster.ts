import type { Company } from '../company.ts'
import type { Act } from '../context.ts'
import type { CellProblem, ReadRoster } from '../excel/roster.ts'
import type { Audit } from '../store/audit.ts'
import type { People, Person } from '../store/people.ts'
import type { PersonalStore } from '../store/personal.ts'
import { applyRosterRow, type RosterDeps, type RosterRow } from './roster.ts'

export interface ImportDeps {
  people: People
  personal: PersonalStore
  audit: Audit
  company(): Company
}

export interface ImportReport {
  rows: number
  created: number
  updated: number
  unchanged: number
  problems: CellProblem[]
  /** Whether anything was written. */
  applied: boolean
}

/** Who imports when HR does it at the server: named so in the audit. */
export const IMPORTER: Person = {
  _id: 'roster-import',
  name: '花名册导入',
  position: '',
  departments: [],
  roles: ['hr'],
  nicknames: [],
  active: true,
}

/**
 * Takes in a roster that was read, or tries it without writing (`apply: false`, the dry run). Superiors may stand anywhere
 * in the file. Nothing is written while any row is wrong.
 *
 * @param onRow told how many rows are done, for showing progress
 */
export async function importRoster(
  deps: ImportDeps,
  act: Act,
  read: ReadRoster,
  { apply, onRow = () => {} }: { apply: boolean; onRow?: (done: number) => void },
): Promise<ImportReport> {
  const trial = await run(await rehearsal(deps), act, read, onRow)
  if (!apply || trial.problems.length > 0) return { ...trial, applied: false }
  const everybody = await deps.people.all()
  const people = {
    ...deps.people,
    all: async () => everybody,
    save: keeping(everybody, deps.people.save),
  } as never as People
  return { ...(await run({ ...deps, people }, act, read, onRow)), applied: true }
}

const keeping =
  (everybody: Person[], save: People['save']): People['save'] =>
  async (person, before) => {
    await save(person, before)
    const index = everybody.findIndex((p) => p._id === person._id)
    if (index >= 0) everybody[index] = person
    else everybody.push(person)
  }

/** The same people in memory: a row later in the file sees what the rows before it would have done. */
async function rehearsal(deps: ImportDeps): Promise<RosterDeps> {
  const everybody = await deps.people.all()
  const people = {
    ...deps.people,
    all: async () => everybody,
    save: keeping(everybody, async () => {}),
  } as never as People
  const personal = {
    ...deps.personal,
    takeIn: async (personId: string, said: object) => {
      const before = await deps.personal.get(personId)
      const facts = said as Record<string, unknown>
      return Object.keys(facts).filter(
        (k) =>
          JSON.stringify(facts[k]) !==
          JSON.stringify((before as never as Record<string, { value: unknown }>)[k]?.value),
      )
    },
  }
  return { ...deps, people, personal: personal as PersonalStore, audit: { ...deps.audit, add: async () => {} } }
}

async function run(
  deps: RosterDeps,
  act: Act,
  read: ReadRoster,
  onRow: (done: number) => void,
): Promise<Omit<ImportReport, 'applied'>> {
  const problems: CellProblem[] = [...read.problems]
  const counts = { created: 0, updated: 0, unchanged: 0 }
  const apply = (row: RosterRow, n: number) => applyRosterRow(deps, { ...act, id: `${act.id}/${n}` }, IMPORTER, row)
  let done = 0
  for (const { row, value } of read.rows) {
    // Superiors first become known by their own row, so they are set in a second pass.
    const { manager: _, ...own } = value
    const result = await apply(own, row)
    switch (result.kind) {
      case 'wrong':
        problems.push(...result.problems.map((message) => ({ row, message })))
        break
      case 'unknown':
        problems.push({ row, message: `没有找到“${value.name}”，新员工请填写工号` })
        break
      case 'doubt': {
        const names = result.candidates.map(
          (p) => `${p.name}（${p.departments.join('/')}，工号${p.jobNumber ?? '无'}）`,
        )
        problems.push({ row, message: `“${value.name}”可能是${names.join('或')}，请填写正确的工号` })
        break
      }
      default:
        counts[result.kind]++
    }
    onRow(++done)
  }
  for (const { row, value } of read.rows) {
    if (value.manager === undefined || problems.some((p) => p.row === row)) continue
    const { name, jobNumber, manager, departments, wecom, dingtalk } = value
    const result = await apply(
      {
        name,
        manager,
        ...(jobNumber && { jobNumber }),
        ...(departments && { departments }),
        ...(wecom && { wecom }),
        ...(dingtalk && { dingtalk }),
      },
      row + 0.5,
    )
    if (result.kind === 'wrong') problems.push(...result.problems.map((message) => ({ row, message })))
  }
  problems.sort((a, b) => a.row - b.row)
  return { rows: read.rows.length, ...counts, problems }
}

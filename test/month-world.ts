import type { SandboxPerson } from '../sandbox/stand-in.ts'
import { saturdayOf, type Week } from '../src/domain/time.ts'
import { type WeekRow, weekRowId } from '../src/store/weeks.ts'
import { companyOfFive } from './company-of-five.ts'
import { type Platforms, startWeekWorld, type WeekWorld } from './week-world.ts'

/** The five and somebody of HR. */
export const companyOfSix: SandboxPerson[] = [
  ...companyOfFive,
  {
    userId: 'zhou',
    name: '周琳',
    departments: ['人力资源部'],
    title: '人事专员',
    jobNumber: '0006',
    managerUserId: 'wang',
    hiredOn: '2020-03-02',
  },
]

export const monthYaml = `name: 测试公司
roles: { hr: ['0006'], gm: ['0001'], admin: ['0006'] }
standIns: { '0001': '0002' }
schemes:
  周计划: { kind: weekly }
  不考核: { kind: none }
  司机月度检查:
    kind: checklist
    items:
      - { name: 服务质量, points: 20 }
      - { name: 出勤, points: 20 }
      - { name: 行车安全, points: 20 }
      - { name: 车辆维护, points: 20 }
      - { name: 车容, points: 10 }
      - { name: 手续沟通, points: 10 }
positions: { '*': 周计划, 总经理: 不考核, 司机: 司机月度检查 }
`

export interface MonthWorld extends WeekWorld {
  /** The bot's id of somebody on WeCom or DingTalk. */
  idOf(userId: string): Promise<string>
  /** Straight to an instant: what is due there happens, what lay between is caught up or left out as after a night's outage. */
  jump(at: string): Promise<void>
  /** A scored week: points given of 100 planned, handed in on time or late. */
  scored(userId: string, week: Week, actual: number, late?: boolean): Promise<void>
  /** A week handed in on time, with a plan of 100 points in it, and not scored. */
  handedIn(userId: string, week: Week, extra?: Partial<WeekRow>): Promise<void>
}

/** The bot on the last day of November 2026, as if it had been there since the end of October, with the month's weeks to be filled in. */
export async function startMonthWorld(
  options: { start?: string; platforms?: Platforms; yaml?: string; people?: SandboxPerson[] } = {},
): Promise<MonthWorld> {
  const {
    start = '2026-11-30T09:00:30+08:00',
    platforms = ['wecom'],
    yaml = monthYaml,
    people = companyOfSix,
  } = options
  const world = await startWeekWorld({ start, platforms, yaml, people })
  const platform = platforms[0]!
  const { ctx: first } = world.bot()
  first.firstWeek = '2026-W44'
  const october = { by: 'system', at: new Date('2026-11-05T10:00:00+08:00') }
  await first.months.change('2026-10', 'history', (row) => ({
    row: { ...row, state: 'published', published: october, told: true },
    outcome: null,
  }))
  const item = { text: '日常工作', kind: 'routine' as const, points: 100 }
  const put = async (userId: string, week: Week, row: Partial<WeekRow>) => {
    const personId = await idOf(userId)
    const whole = { submissions: [], pastScores: [], notes: [], rev: 1, applied: [], ...row }
    const rows = world.bot().ctx.weeks.model.collection
    await rows.insertOne({ _id: weekRowId(personId, week), personId, week, ...whole } as never)
  }
  const idOf = async (userId: string) => (await world.bot().ctx.people.byAccount(platform, userId))!._id
  return Object.assign(world, {
    idOf,
    async jump(at: string) {
      world.clock.set(at)
      await world.bot().tick()
    },
    async scored(userId: string, week: Week, actual: number, late = false) {
      const by = (await world.bot().ctx.people.get(await idOf(userId)))!.managerId!
      // The Saturdays of the worlds that are played are no holidays.
      const at = new Date(`${saturdayOf(week)}T${late ? '12:07' : '11:00'}:00+08:00`)
      const score = { points: [actual], planned: [{ text: item.text, points: 100 }], deductions: [], by, at }
      await put(userId, week, { submissions: [{ at, content: { plan: [item] } }], score })
    },
    async handedIn(userId: string, week: Week, extra: Partial<WeekRow> = {}) {
      const at = new Date(`${saturdayOf(week)}T11:00:00+08:00`)
      await put(userId, week, { submissions: [{ at, content: { plan: [item] } }], ...extra })
    },
  })
}

export const novemberWeeks: Week[] = ['2026-W45', '2026-W46', '2026-W47', '2026-W48']

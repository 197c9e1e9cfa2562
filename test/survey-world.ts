import type { TravelClock } from '../sandbox/clock.ts'
import type { SamplePerson } from '../sandbox/company/people.ts'
import type { Phone } from '../sandbox/phone.ts'
import { startWorld, type World } from '../sandbox/world.ts'
import { testDatabase } from './db.ts'

export const diners = ['an', 'bai', 'cao', 'deng', 'fu', 'gao', 'he', 'jin', 'kong', 'lu', 'ma', 'ning']
const names = ['安然', '白露', '曹军', '邓凯', '傅明', '高峰', '何静', '金鑫', '孔亮', '陆远', '马超', '宁可']

/** A canteen: HR on both platforms, two cooks, and twelve diners, half of them on each platform. */
export function canteenPeople(count = diners.length): SamplePerson[] {
  const person = (userId: string, name: string, title: string, n: number): SamplePerson => ({
    userId,
    name,
    title,
    departments: [n % 2 === 0 ? '行政部' : '研发部'],
    jobNumber: `1${String(n).padStart(3, '0')}`,
    hiredOn: '2022-03-01',
  })
  return [
    { ...person('lin', '林秀英', '人力资源部经理', 800), jobNumber: '0002' },
    { ...person('wu', '吴师傅', '炊事员', 900), on: ['wecom'] },
    { ...person('zheng', '郑师傅', '炊事员', 901), on: ['dingtalk'] },
    ...diners.slice(0, count).map((id, i) => ({
      ...person(id, names[i]!, '专员', i),
      on: [i % 2 === 0 ? ('wecom' as const) : ('dingtalk' as const)],
    })),
  ]
}

export const canteenYaml = `name: 测试公司
roles: { hr: ['0002'] }
schemes: { 不考核: { kind: none } }
positions: { '*': 不考核 }
`

/** Everybody is asked, so that the same people answer in every run. */
export const allAsked = `surveys:
  canteen:
    title: 食堂满意度
    every: month
    opensDay: 20
    closesDay: 25
    assesses: [炊事员]
    improvedBy: [炊事员]
    dimensions: { hygiene: 卫生, price: 价格, taste: 味道, variety: 花色 }
`

/** Goes to an instant in one step, as a machine that slept does: what was due on the way is caught up with. */
function leapingClock(start: string): TravelClock {
  let now = new Date(start)
  const ticks = new Set<() => unknown>()
  const settles = new Set<() => Promise<unknown>>()
  const member = <T>(set: Set<T>, one: T) => {
    set.add(one)
    return () => void set.delete(one)
  }
  return {
    now: () => new Date(now),
    everyMinute: (tick) => member(ticks, tick),
    onSettle: (settle) => member(settles, settle),
    async travelTo(target) {
      now = new Date(target)
      for (const tick of [...ticks]) await tick()
      for (const settle of [...settles]) await settle()
    },
    run() {},
    hold() {},
    running: false,
    travelling: false,
  }
}

export const startCanteen = async (options: { start?: string; people?: SamplePerson[]; yaml?: string } = {}) =>
  startWorld({
    database: await testDatabase(),
    clock: leapingClock(options.start ?? '2026-11-20T09:00:00+08:00'),
    people: options.people ?? canteenPeople(),
    companyYaml: options.yaml ?? canteenYaml,
  })

/** The phone a diner has. */
export const phoneOf = (world: World, userId: string): Phone => {
  const person = world.people.find((p) => p.userId === userId)!
  return world.phone(userId, person.on ? undefined : 'wecom')
}

export const askedOf = (world: World): string[] =>
  diners.filter((id) => world.people.some((p) => p.userId === id) && phoneOf(world, id).has('开始作答'))

const words = ['', '很不满意', '不满意', '一般', '满意', '非常满意']
const star = (n: number) => `${'★'.repeat(n)} ${words[n]}`

/** Goes through the card by what is on it. */
export async function answer(phone: Phone, stars: Record<string, number>): Promise<void> {
  await phone.tap('开始作答')
  for (let step = 0; step < 10 && phone.has(step === 0 ? '下一步' : '提交'); step++) {
    const card = phone.messages().findLast((m) => m.card?.buttons.some((b) => b.submit))!.card!
    const labels = [...card.selects.map((s) => s.title), ...(card.form ?? []).map((f) => f.label)]
    await phone.choose(Object.fromEntries(labels.map((label) => [label, star(stars[label]!)])))
  }
}

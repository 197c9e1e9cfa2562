import { halfWidth, NUMERAL, numeral, trimMarks } from './chat-text.ts'
import {
  type Deduction,
  isActual,
  isDeduction,
  pointsText,
  type Requirement,
  requirements,
  spreadPercent,
  sumPoints,
} from './score.ts'

/** Somebody the manager may score. */
export interface Scoreable {
  id: string
  /** 王五 */
  name: string
  /** Nicknames and forms of address from the roster: 小王, 王工, Lily. */
  aliases?: readonly string[]
  /** Planned points of the week's items; undefined or empty: there is no plan to score. */
  planned?: readonly number[]
  /** Tells two people of one name apart in the question: 行政部. */
  department?: string
}

/** A reading, to be shown back; nothing is saved before it was confirmed (features.md B15). */
export interface ScoreLine {
  personId: string
  name: string
  /** One for each planned item; undefined: only deductions were given, the points stay as they are. */
  points?: number[]
  /** The percentage that was spread over the items (domain.md §11.12). */
  percent?: number
  deductions: Deduction[]
  /** As typed. */
  source: string
}

export interface ScoreProblem {
  kind:
    | 'unknown-name'
    | 'ambiguous'
    | 'no-plan'
    | 'too-many-points'
    | 'too-few-points'
    | 'above-planned'
    | 'above-hundred'
    | 'bad-deduction'
    | 'unknown-requirement'
    | 'twice'
    | 'no-points'
    | 'unread'
    | 'no-others'
  /** In Chinese, for the manager: what is wrong and what to do. */
  text: string
  /** As typed. */
  source: string
  /** Whom an ambiguous name could mean, or who has nothing to score. */
  candidates?: string[]
}

export interface ParsedScores {
  scores: ScoreLine[]
  problems: ScoreProblem[]
}

/** The longest message that is looked at. */
const MAX_LENGTH = 4000

interface Segment {
  /** Candidates of the name; empty: unknown. */
  people: Scoreable[]
  others: boolean
  spoken: string
  /** Behind the name, as typed. */
  rest: string
  source: string
}

/**
 * Reads what a manager writes to score: 「王五 18 30 40」 points item by item, 「王五 92」 and 「王五92%」 a percentage before
 * deductions, 「王五 满分」, 「李四九十一分半」, 「其他85」 everybody not named, 「王五 18 30 40 总结不完整扣2」; several people
 * between commas, semicolons, 、 or lines (domain.md §3, §11.11, §11.12). Never throws.
 *
 * @param people those the manager may score; where a name fits several the longest form wins, and one form of two
 *        people is `ambiguous`
 */
export function parseScores(text: string, people: readonly Scoreable[]): ParsedScores {
  const scores: ScoreLine[] = []
  const problems: ScoreProblem[] = []
  const segments = segmentsOf(text.slice(0, MAX_LENGTH), people)
  const named = new Set(segments.flatMap((one) => one.people.map((person) => person.id)))
  for (const segment of segments) {
    const fail = (kind: ScoreProblem['kind'], words: string, candidates?: string[]) =>
      problems.push({ kind, text: words, source: segment.source, ...(candidates ? { candidates } : {}) })
    if (segment.others) {
      const others = people.filter((person) => !named.has(person.id) && (person.planned?.length ?? 0) > 0)
      if (others.length === 0) fail('no-others', '除已写明的人员外，没有其他待评分的人员')
      for (const person of others) scoreOne(person, segment, scores, fail)
      continue
    }
    const [person, ...more] = segment.people
    if (!person) {
      if (segment.spoken === '') fail('unread', `没有看懂“${segment.source}”，请写姓名和分数，例如“王五 18 30 40”`)
      else fail('unknown-name', `没有找到“${segment.spoken}”，请核对姓名，或确认是否属于您的下属`)
    } else if (more.length > 0) {
      const names = segment.people.map((one) => (one.department ? `${one.name}（${one.department}）` : one.name))
      const apart = new Set(names).size === names.length
      const how = apart ? `请写明部门，例如“${names[0]}${segment.rest.trimEnd()}”` : '请发“评分”，在卡片上评分'
      fail(
        'ambiguous',
        `“${segment.spoken}”对应${segment.people.length}人：${names.join('、')}。${how}`,
        segment.people.map((one) => one.id),
      )
    } else scoreOne(person, segment, scores, fail)
  }
  if (text.length > MAX_LENGTH)
    problems.push({
      kind: 'unread',
      text: `内容超过${MAX_LENGTH}字，其后的部分未读取，请分次发送`,
      source: text.slice(MAX_LENGTH, MAX_LENGTH + 200),
    })
  return dropTwice({ scores, problems })
}

/** Two readings for one person: neither counts, the manager is asked. */
function dropTwice({ scores, problems }: ParsedScores): ParsedScores {
  const count = new Map<string, number>()
  for (const { personId } of scores) count.set(personId, (count.get(personId) ?? 0) + 1)
  const doubled = scores.filter(({ personId }) => count.get(personId)! > 1)
  const told = new Map(doubled.map((one) => [one.personId, one]))
  return {
    scores: scores.filter((one) => !told.has(one.personId)),
    problems: [
      ...problems,
      ...[...told.values()].map((one) => ({
        kind: 'twice' as const,
        text: `${one.name}出现了不止一次，请只写一次`,
        source: one.source,
      })),
    ],
  }
}

type Fail = (kind: ScoreProblem['kind'], words: string, candidates?: string[]) => void

function scoreOne(person: Scoreable, segment: Segment, scores: ScoreLine[], fail: Fail) {
  const { name } = person
  const planned = person.planned ?? []
  const { rest, deductions, problem } = takeDeductions(segment.rest)
  if (problem) return fail(problem.kind, `${name}：${problem.text}`)
  if (planned.length === 0) return fail('no-plan', `${name}本周没有可评分的计划`, [person.id])
  const line = { personId: person.id, name, deductions, source: segment.source }
  const said = readPoints(rest)
  if (said === undefined)
    return fail(
      'unread',
      `${name}：没有看懂“${trimMarks(rest)}”，请写分数，例如“${name} ${planned.map(pointsText).join(' ')}”`,
    )
  if (said === 'full') {
    scores.push({ ...line, points: [...planned], percent: 100 })
    return
  }
  if (said.numbers.length === 0) {
    if (deductions.length === 0) return fail('no-points', `${name}：还没有写分数`)
    scores.push(line)
    return
  }
  // One number is a percentage, whatever the plan holds: 「王五 92」 (domain.md §11.12).
  if (said.percent || said.numbers.length === 1) {
    const percent = said.numbers[0]!
    if (said.numbers.length > 1) return fail('too-many-points', `${name}：百分比只写一个`)
    if (percent > 100) return fail('above-hundred', `${name}：${pointsText(percent)}超过100，请核对`)
    scores.push({ ...line, points: spreadPercent(percent, planned), percent })
    return
  }
  const count = said.numbers.length
  if (count !== planned.length) {
    const kind = count > planned.length ? 'too-many-points' : 'too-few-points'
    return fail(kind, `${name}的计划有${planned.length}项，您写了${count}个分数，请逐项写出`)
  }
  for (const [index, points] of said.numbers.entries())
    if (!isActual(points, planned[index]!))
      return fail(
        'above-planned',
        `${name}第${index + 1}项计划${pointsText(planned[index]!)}分，${pointsText(points)}分超出，请核对`,
      )
  scores.push({ ...line, points: said.numbers })
}

const NUMBER = `\\d{1,4}(?:\\.\\d{1,6})?|[${NUMERAL}]{1,7}(?:点[${NUMERAL}]{1,2})?`
const ONE_NUMBER = new RegExp(`^(?:第?[一二三四五六七八九十\\d]{1,2}项\\s?)?(百分之)?(${NUMBER})\\s?(%|分半|分|半)?$`)
const FULL = /^(?:满分|全满|全部满分|都满分|都是满分|给满|拉满|全给满)$/

/** Numbers behind a name; undefined when there are other words. */
function readPoints(text: string): { numbers: number[]; percent: boolean } | 'full' | undefined {
  const half = halfWidth(text)
    .replace(/[\s,;。、:=+/|()[\]]+/g, ' ')
    .replace(/((?<!百)分半|(?<!百)分|%)(?=\S)/g, '$1 ')
    .replace(/分 半/g, '分半')
    .trim()
  const words = half
    .split(' ')
    .filter((word) => !/^(?:得分?|打|给|评|评分|打分|为|是|得|各项|分别|各|各为|分)?$/.test(word))
  const cleaned = words.map((word) =>
    word.replace(/^(?:得分?|打|给|评分?|打分|为|是|分别)(?=[\d零〇一二两三四五六七八九十百满])/, ''),
  )
  if (cleaned.length === 1 && FULL.test(cleaned[0]!)) return 'full'
  const numbers: number[] = []
  let percent = false
  for (const word of cleaned) {
    const match = ONE_NUMBER.exec(word)
    const value = match ? numeral(match[2]!) : undefined
    if (!match || value === undefined) return undefined
    if (match[1] || match[3] === '%') percent = true
    const number = match[3] === '分半' || match[3] === '半' ? value + 0.5 : value
    // A spread percentage must stay exact; points are bounded by the plan.
    if (percent && !/^\d{1,3}(\.\d{1,2})?$/.test(String(number))) return undefined
    numbers.push(number)
  }
  if (numbers.length === 1 && !/^\d{1,4}(\.\d{1,2})?$/.test(String(numbers[0]))) return undefined
  return { numbers, percent }
}

const REQUIREMENT_WORDS: [RegExp, Requirement][] = [
  [/总结.{0,4}(?:不完整|不全面|不全|缺项|不齐|完整性)/, 'summary-complete'],
  [/总结.{0,4}(?:不客观|不属实|不真实|夸大|客观性)/, 'summary-objective'],
  [/总结.{0,4}(?:不公正|不公平|公正性)/, 'summary-fair'],
  [/计划.{0,4}(?:不完整|不全面|不全|缺项|不齐|完整性)/, 'plan-complete'],
  [/计划.{0,4}(?:不合理|不周密|不可行|不切实际|不严密|不科学|合理性)/, 'plan-sound'],
]

const DEDUCTION = new RegExp(
  `((?:周?总结|周?计划)[^\\d\\s,;。、扣减-]{1,8})\\s?[:,]?\\s?(?:扣除?|减|-)?\\s?(${NUMBER})\\s?(分半|分)?`,
  'g',
)
const LOOSE_DEDUCTION = new RegExp(`(?:扣除?|减)\\s?(${NUMBER})\\s?(?:分半|分)?|(?:^|\\s)-\\s?\\d`)

interface DeductionsTaken {
  rest: string
  deductions: Deduction[]
  problem?: { kind: ScoreProblem['kind']; text: string }
}

/** Deductions for requirements, in the words of a manager; what is left are the points. */
function takeDeductions(text: string): DeductionsTaken {
  const half = halfWidth(text)
  const deductions: Deduction[] = []
  let rest = ''
  let at = 0
  const bad = (kind: ScoreProblem['kind'], words: string): DeductionsTaken => ({
    rest,
    deductions,
    problem: { kind, text: words },
  })
  for (const match of half.matchAll(DEDUCTION)) {
    rest += `${text.slice(at, match.index)} `
    at = match.index + match[0].length
    const requirement = REQUIREMENT_WORDS.find(([pattern]) => pattern.test(match[1]!))?.[1]
    if (!requirement)
      return bad(
        'unknown-requirement',
        `没有看懂“${match[0].trim()}”，可扣分的有：${Object.values(requirements).join('、')}`,
      )
    const number = numeral(match[2]!)
    const points = number === undefined ? Number.NaN : match[3] === '分半' ? number + 0.5 : number
    if (!isDeduction(points)) return bad('bad-deduction', `${requirements[requirement]}可扣2至4分，以0.5分为一档`)
    if (deductions.some((one) => one.requirement === requirement))
      return bad('bad-deduction', `${requirements[requirement]}写了两次，请只写一次`)
    deductions.push({ requirement, points })
  }
  rest += text.slice(at)
  if (LOOSE_DEDUCTION.test(halfWidth(rest)))
    return bad('unknown-requirement', `请写明扣分的原因，可选：${Object.values(requirements).join('、')}`)
  return { rest, deductions }
}

const OTHERS =
  /^(?:其他人?|其余(?:的?人|人员)?|其它人?|剩下的?(?:人)?|别人|其他人员|大家|所有人|全部|全体)(?:都|均|全|各)?(?:是|给|打)?/

/**
 * Cuts a message into one piece for each person. A name begins a piece wherever it stands behind a separator, so commas may
 * stand between people as well as between points.
 */
function segmentsOf(text: string, people: readonly Scoreable[]): Segment[] {
  const half = halfWidth(text)
  const forms = formsOf(people)
  const starts: { at: number; length: number; people: Scoreable[]; others: boolean }[] = []
  for (let at = 0; at < half.length; at++) {
    const before = at === 0 ? '' : half[at - 1]!
    const inside = half.slice(at, at + 24)
    const separated = before === '' || /[\s,;。、|:给]/.test(before)
    // 「王五92李四91」: a name may also follow digits, 分, 半 or % directly.
    if (!separated && !/[\d分半%]/.test(before)) continue
    const others = OTHERS.exec(inside)
    const form = forms.find(([key]) => inside.toLowerCase().startsWith(key))
    if (form && followsName(half.slice(at + form[0].length, at + form[0].length + 8)))
      starts.push({ at, length: form[0].length, people: form[1], others: false })
    else if (others) starts.push({ at, length: others[0].length, people: [], others: true })
    else {
      const unknown = separated ? unknownName(inside) : undefined
      if (!unknown) continue
      starts.push({ at, length: unknown.length, people: [], others: false })
    }
    at += starts.at(-1)!.length - 1
  }
  const segments: Segment[] = []
  const lead = trimMarks(text.slice(0, starts[0]?.at))
  if (
    lead !== '' &&
    !/^(?:@?[a-zA-Z]{0,20}\s?)?(?:打分|评分|本周评分|本周打分|打分如下|评分如下|给|请给)$/.test(halfWidth(lead))
  )
    segments.push({ people: [], others: false, spoken: '', rest: '', source: lead.slice(0, 200) })
  for (const [index, start] of starts.entries()) {
    const end = starts[index + 1]?.at
    const spoken = text.slice(start.at, start.at + start.length)
    segments.push({
      people: start.people,
      others: start.others,
      spoken,
      rest: text.slice(start.at + start.length, end),
      source: trimMarks(text.slice(start.at, end)).slice(0, 200),
    })
  }
  return segments
}

/** 王五 before 王五一 is decided by length; before another character of a name it is no name at all: 王五一 is not 王五. */
function followsName(rest: string): boolean {
  const next = rest[0]
  if (next === undefined) return true
  // 「王五五 90」: a longer name, for nobody writes one numeral in Chinese and the next in digits.
  if (/^[一二三四五六七八九]\s?[:,]?\s?\d/.test(rest)) return false
  return (
    !/[\u4e00-\u9fffA-Za-z]/.test(next) || new RegExp(`[${NUMERAL}满总周计扣减得打给评各都是全分第百的]`).test(next)
  )
}

/** How somebody may be called: 张伟, 小张, 车队张伟, 张伟（车队）. */
export const formsOfName = ({ name, aliases = [], department }: Scoreable): string[] => [
  name,
  ...aliases,
  ...(department ? [`${department}${name}`, `${name}（${department}）`] : []),
]

/** Every form of every name, longest first, with those it can mean. */
function formsOf(people: readonly Scoreable[]): [string, Scoreable[]][] {
  const forms = new Map<string, Scoreable[]>()
  for (const person of people)
    for (const form of new Set(formsOfName(person))) {
      const key = halfWidth(form).trim().toLowerCase()
      if (key === '') continue
      const known = forms.get(key)
      if (!known) forms.set(key, [person])
      else if (!known.includes(person)) known.push(person)
    }
  return [...forms].sort(([a], [b]) => b.length - a.length)
}

const NO_NAMES =
  /^(?:总结|计划|周总结|周计划|满分|扣|减|得分|得|打分|打|给|评分|评|分|第.项|各项|分别|全部|百分之|全满|都)/
const UNKNOWN = new RegExp(
  `^([\\u4e00-\\u9fff]{2,4}?|[A-Za-z][A-Za-z .]{0,18}?)(?=\\s{0,3}[:]?\\s{0,3}(?:\\d|满分|[${NUMERAL}]{2,7}(?:分|$|[\\s,;])|总结|计划))`,
)

/** What stands where a name would: two to four characters before a number. */
function unknownName(text: string): string | undefined {
  if (NO_NAMES.test(text)) return undefined
  const name = UNKNOWN.exec(text)?.[1]
  if (name === undefined || new RegExp(`^[${NUMERAL}点分半]+$`).test(name)) return undefined
  return name
}

/** The reading shown back, for one person: 「王五：18/20、30/30、40/50，合计88/100，总结不完整扣2分」. */
export function describeScore(score: ScoreLine, planned: readonly number[]): string {
  const parts: string[] = []
  if (score.points) {
    const items = score.points
      .map((points, index) => `${pointsText(points)}/${pointsText(planned[index] ?? 0)}`)
      .join('、')
    parts.push(`${items}，合计${sumPoints(score.points)}/${sumPoints(planned)}`)
  }
  if (score.percent !== undefined && score.percent !== 100) parts.push(`按${pointsText(score.percent)}%分摊`)
  for (const { requirement, points } of score.deductions)
    parts.push(`${requirements[requirement]}扣${pointsText(points)}分`)
  return `${score.name}：${parts.join('，')}`
}

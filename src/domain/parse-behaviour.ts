import { type BehaviourCase, caseTitle, isFixed, isReward, pointChoices, signed, takesPoints } from './behaviour.ts'
import { halfWidth, NUMERAL, numeral } from './chat-text.ts'
import { FACT_DAY_SOURCE, factDayFrom } from './parse-day.ts'
import type { Day } from './time.ts'

/** Somebody whom the writer may mean. */
export interface Named {
  id: string
  name: string
  jobNumber?: string
  aliases: readonly string[]
  department?: string
}

export interface ReadBehaviour {
  personId: string
  caseId: string
  /** Signed, of one time; undefined: the case is a range and no number was said. */
  points?: string
  times: number
  day: Day
  facts: string
}

export type ReadResult =
  | { kind: 'read'; record: ReadBehaviour }
  /** A sentence for the writer: what is wrong and what to write. */
  | { kind: 'problem'; text: string }

/** 「记 …」 and 「记：…」 stand first, 「记张三…」 runs on; undefined when the text is no such line. */
export function afterRecordWord(text: string): { rest: string; sure: boolean } | undefined {
  const apart = /^\s*(?:记录|记一下|记)(?:一笔|行为)?[\s:：,，]+(\S[\s\S]*)$/.exec(text)
  if (apart) return { rest: apart[1]!.trim(), sure: true }
  const running = /^\s*记([\s\S]{2,})$/.exec(text)
  return running ? { rest: running[1]!.trim(), sure: false } : undefined
}

/** The longest name, 工号 or nickname at the beginning; several people of one name are all given. */
export function namedFirst(text: string, people: readonly Named[]): { people: Named[]; rest: string } {
  const forms = people.flatMap((p) =>
    [p.name, ...(p.jobNumber ? [p.jobNumber] : []), ...p.aliases].map((form) => ({ p, form })),
  )
  const fitting = forms.filter(({ form }) => form !== '' && text.startsWith(form))
  const longest = Math.max(0, ...fitting.map((f) => f.form.length))
  const found = fitting.filter((f) => f.form.length === longest).map((f) => f.p)
  return { people: [...new Set(found)], rest: text.slice(longest) }
}

const VERB_FIRST = /^(扣|加|减|奖励|奖|表扬|批评|处罚)\s?/
const GIVE_FIRST = /^(?:给|为|对)\s?/

/**
 * 「扣赵敏2分」, 「给赵敏加3分」, 「给赵敏记一次会议迟到」, 「赵敏今天开会迟到，扣2分」 as what stands behind 记: 「赵敏 扣2分」. Undefined for
 * anything else: 「给赵敏打90分」 is a score, 「奖励赵敏方案制定 20分」 an item of a plan.
 */
export function recordInPassingOf(
  text: string,
  people: readonly Named[],
  cases: readonly BehaviourCase[],
): string | undefined {
  const half = halfWidth(text)
    .trim()
    .replace(/[!。.]+$/, '')
  if (half.length > 60 || half.includes('\n')) return undefined
  const opened = GIVE_FIRST.exec(half) ?? VERB_FIRST.exec(half)
  const from = opened?.[0].length ?? 0
  const { people: found, rest } = namedFirst(half.slice(from), people)
  if (found.length === 0) return undefined
  const name = half.slice(from, half.length - rest.length)
  const said = rest.trim()
  const verb = opened?.[1]
  if (verb)
    return new RegExp(`^(?:(?:${NUMBER})\\s?分?(?:[\\s,].*)?)?$`).test(said) ? `${name} ${verb}${said}` : undefined
  if (opened) {
    const given = /^(?:记录?(?:一?下)?|(?=[加扣减奖]))(.+)$/.exec(said)
    return given ? `${name} ${given[1]}` : undefined
  }
  const words = cases.flatMap((c) => [caseTitle(c), ...(c.words ?? [])])
  const isFact = new RegExp(`(?:[扣加减]|奖励?)\\s?(?:${NUMBER})\\s?分?$`).test(said)
  return isFact && words.some((w) => said.includes(halfWidth(w))) ? `${name} ${said}` : undefined
}

const NUMBER = `\\d{1,3}(?:\\.\\d{1,2})?|[${NUMERAL}]{1,3}(?:点[${NUMERAL}])?`
const TIMES = new RegExp(`(\\d{1,2}|[${NUMERAL}]{1,2})\\s?次`)
const POINTS = new RegExp(
  `(?:([+\\-])\\s?(${NUMBER})\\s?分?|(?:扣|加|减|奖励?)\\s?(${NUMBER})\\s?分?|(${NUMBER})\\s?分)(?!\\d)`,
)
const DAY = new RegExp(`(?:于|在)?\\s?${FACT_DAY_SOURCE}`)

/**
 * Reads 「王五 会议迟到 1次」, 「李四 工作态度 扣3分 11月5日 上班闲聊」: who, the case by its name or another word for it, how
 * often, points, day (today when none is said), and the rest as the facts (features.md B15). Nothing counts before it was
 * shown back and confirmed.
 */
export function readBehaviour(
  text: string,
  people: readonly Named[],
  cases: readonly BehaviourCase[],
  today: Day,
): ReadResult {
  const problem = (words: string): ReadResult => ({ kind: 'problem', text: words })
  const { people: found, rest } = namedFirst(text, people)
  const [person, ...more] = found
  if (!person) return problem('没有找到这位同事，请核对姓名，并确认属于您可以记录的人员。例如：记 张三 会议迟到 1次')
  if (more.length > 0) {
    const names = found.map((p) => `${p.name}（${[p.department, p.jobNumber].filter(Boolean).join('，')}）`)
    return problem(
      `有${found.length}位同名的同事：${names.join('、')}。请用工号代替姓名，例如：记 ${person.jobNumber ?? '0012'} 会议迟到 1次`,
    )
  }
  let left = halfWidth(rest).replace(/\s+/g, ' ').trim()
  const words = cases
    .flatMap((c) =>
      [caseTitle(c), `${c.category}${c.name}`, `${c.category} ${c.name}`, ...(c.words ?? [])].map((w) => ({
        c,
        w: halfWidth(w),
      })),
    )
    .filter(({ w }) => left.includes(w))
    .sort((a, b) => b.w.length - a.w.length || left.indexOf(a.w) - left.indexOf(b.w))
  const hit = words[0]
  if (!hit) {
    const points = POINTS.exec(left)
    const sign = points && (points[1] ?? (/加|奖/.test(points[0]) ? '+' : /扣|减/.test(points[0]) ? '-' : undefined))
    const number = points && numeral(points[2] ?? points[3] ?? points[4]!)
    if (sign && number) {
      const value = `${sign === '-' ? '-' : ''}${number}`
      const fitting = cases.filter((c) => takesPoints(c, value)).map(caseTitle)
      if (fitting.length > 0)
        return problem(
          `请写明情形。可以${sign === '-' ? '扣' : '加'}${number}分的有：${fitting.slice(0, 8).join('、')}。例如：记 ${person.name} ${fitting[0]} ${signed(value)}；发“行为情形”可查看全部。`,
        )
    }
    const near = cases.filter((c) => sharesWord(left, [caseTitle(c), ...(c.words ?? [])])).map(caseTitle)
    const example = `记 ${person.name} ${near[0] ?? '会议迟到'} 1次`
    const like = near.length > 0 ? `相近的有：${near.slice(0, 4).join('、')}。` : ''
    return problem(`没有找到对应的情形。${like}可以这样写：${example}；发“行为情形”可查看全部情形和分值。`)
  }
  const rival = words.find((w) => w.c.id !== hit.c.id && w.w.length === hit.w.length)
  if (rival) return problem(`“${hit.w}”可能是${caseTitle(hit.c)}或${caseTitle(rival.c)}，请写完整的名称。`)
  const { c } = hit
  left = left.replace(hit.w, ' ')

  let day = today
  const dayMatch = DAY.exec(left)
  if (dayMatch) {
    const read = factDayFrom(dayMatch[1]!, today)
    if (!read) return problem(`“${dayMatch[1]}”不是有效的日期，请更正。`)
    day = read
    left = left.replace(dayMatch[0], ' ')
  }
  let times = 1
  const timesMatch = TIMES.exec(left)
  if (timesMatch) {
    times = numeral(timesMatch[1]!) ?? 0
    if (!Number.isInteger(times) || times < 1 || times > 20) return problem('次数应在1到20之间，请更正。')
    left = left.replace(timesMatch[0], ' ')
  }
  let points = isFixed(c) ? pointChoices(c)[0] : undefined
  const pointsMatch = POINTS.exec(left)
  if (pointsMatch) {
    const number = numeral(pointsMatch[2] ?? pointsMatch[3] ?? pointsMatch[4]!)
    const said = number === undefined ? undefined : `${isReward(c) ? '' : '-'}${number}`
    const against = (pointsMatch[1] === '+' && !isReward(c)) || (pointsMatch[1] === '-' && isReward(c))
    if (said === undefined || against || !takesPoints(c, said)) return problem(rangeText(c))
    points = said
    left = left.replace(pointsMatch[0], ' ')
  }
  const facts = left.replace(/^[\s:,;。、]+|[\s:,;。、]+$/g, '').replace(/\s+/g, ' ')
  return {
    kind: 'read',
    record: { personId: person.id, caseId: c.id, ...(points !== undefined && { points }), times, day, facts },
  }
}

/** Whether any two characters in a row stand in both. */
const sharesWord = (said: string, titles: string[]): boolean =>
  [...said].some(
    (char, i, all) =>
      /^[\u4e00-\u9fff]{2}$/.test(char + (all[i + 1] ?? '')) && titles.some((t) => t.includes(char + all[i + 1]!)),
  )

/** “工作态度不端正”的分值为扣2到5分，以0.5为一档。 */
export function rangeText(c: BehaviourCase): string {
  const verb = isReward(c) ? '加' : '扣'
  const [from, to] = [Math.abs(c.least), Math.abs(c.most)]
  return isFixed(c)
    ? `“${caseTitle(c)}”固定${verb}${from}分，不能填写其他分值。`
    : `“${caseTitle(c)}”的分值为${verb}${from}到${to}分，以0.5分为一档，请更正。`
}

import type { MonthDates } from '../src/domain/month-dates.ts'
import { dayText } from '../src/domain/month-dates.ts'
import type { Distribution, MonthResult } from '../src/domain/settlement.ts'
import { formatMonth, type Month } from '../src/domain/time.ts'
import type { Card } from './card.ts'

const resultPage = (month: Month) => ({ text: '查看明细', path: `/h5/result/${month}` })
const teamPage = (month: Month) => ({ text: '查看团队结果', path: `/h5/month/${month}` })

/**
 * The result is there (domain.md §6). Private by default: without `figures` no digit of the score stands in the chat
 * (features.md B8).
 */
export function resultCard(r: {
  month: Month
  version: number
  why: string
  appealBy: string
  figures?: MonthResult
  acknowledged: boolean
}): Card {
  const f = r.figures
  return {
    title: r.version > 1 ? `您的${formatMonth(r.month)}绩效结果已更正` : `您的${formatMonth(r.month)}绩效结果已发布`,
    // The reason of a correction names points.
    ...(r.version > 1 && { subtitle: f ? r.why : '更正的原因请在页面查看' }),
    ...(f && {
      facts: [
        { label: '工作得分', value: f.shownWork ?? '无' },
        { label: '总分', value: f.shownTotal ?? '无' },
        { label: '等级', value: f.grade ?? '无' },
        ...(f.change ? [{ label: '较上月', value: f.change }] : []),
      ],
    }),
    text: `请登录页面查看得分和计算过程。确认只表示已收到，不代表同意；如有异议，请在${r.appealBy}（含）前申诉。`,
    buttons: [
      ...(r.acknowledged ? [] : [{ text: '确认收到', action: 'result-ack', style: 'primary' as const }]),
      { text: '申诉', action: 'result-appeal', style: 'plain' },
    ],
    link: resultPage(r.month),
  }
}

export interface TeamCard {
  month: Month
  dates: MonthDates
  people: number
  /** Name and what is missing. */
  open: { name: string; what: string[] }[]
  /** What should be looked at and keeps nothing from being confirmed, with the name. */
  remarks?: string[]
  state: 'draft' | 'confirmed' | 'published'
  /** With the company's setting only: one line a person. */
  figures?: string[]
  returned?: { name: string; reason: string }[]
}

const MOST_LINES = 12
const listed = (lines: string[]): string[] =>
  lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), `等共${lines.length}项，其余请在页面查看`] : lines

/** A superior's team: what is missing is named; without anything missing it can be confirmed. */
export function teamMonthCard(t: TeamCard): Card {
  const title = `${formatMonth(t.month)}团队结果（${t.people}人）`
  const returned = (t.returned ?? []).map((r) => `退回：${r.name}，${r.reason}`)
  if (t.state !== 'draft')
    return { title, closed: t.state === 'published' ? '已发布' : '已确认', link: teamPage(t.month) }
  const remarks = t.remarks ? ['请留意（不影响确认）：', ...listed(t.remarks.map((r) => `· ${r}`))] : []
  const open = t.open.map((o) => `· ${o.name}：${o.what.join('；')}`)
  if (open.length > 0)
    return {
      title,
      subtitle: `还有${t.open.length}人缺少数据，补齐后才能确认`,
      text: [...returned, ...listed(open), ...remarks].join('\n'),
      buttons: [
        { text: '重新检查', action: 'team-month', style: 'primary' },
        { text: '退回某人', action: 'result-return', style: 'plain' },
      ],
      link: teamPage(t.month),
    }
  return {
    title,
    subtitle: `请核对并确认，截止${dayText(t.dates.confirm)}`,
    text: [...returned, ...listed(t.figures ?? ['数据已齐全，请打开页面核对每人的得分和计算过程。']), ...remarks].join(
      '\n',
    ),
    buttons: [
      { text: '确认团队', action: 'team-confirm', style: 'primary' },
      { text: '退回某人', action: 'result-return', style: 'plain' },
    ],
    link: teamPage(t.month),
  }
}

/** Which person or team is sent back; the reason is asked for in chat afterwards. */
export function returnPickCard(
  month: Month,
  title: string,
  options: { id: string; text: string }[],
  action: string,
): Card {
  return {
    title,
    subtitle: formatMonth(month),
    input: {
      kind: 'choice',
      id: 'who',
      multiple: false,
      options: options.slice(0, 20),
      selected: options.slice(0, 1).map((o) => o.id),
    },
    buttons: [{ text: '下一步', action, style: 'primary' }],
  }
}

/** How grades are spread, with guide shares: a warning, never a change (features.md T12). */
export function distributionLines(d: Distribution): string[] {
  return d.grades.map((g) => {
    const guide = g.guide === undefined ? '' : `，建议不超过${g.guide}%`
    return `${g.name}：${g.count}人（${g.share}%${guide}）${g.over ? `，超出${g.over}人` : ''}`
  })
}

/** For the general manager, once every team is confirmed. @param late what is over: their own day, and the publication's hour */
export function approvalCard(
  month: Month,
  d: Distribution,
  people: number,
  dates: MonthDates,
  late: { approve: boolean; publish?: { time: string } },
): Card {
  const due = late.approve ? `原定${dayText(dates.approve)}前确认，请尽快处理` : `请于${dayText(dates.approve)}前确认`
  const publication = late.publish
    ? `发布时间：确认后最近的工作日${late.publish.time}。`
    : `发布时间：${dayText(dates.publish)}。`
  return {
    title: `${formatMonth(month)}绩效结果待您确认`,
    subtitle: `共${people}人，各团队均已确认；${due}`,
    text: [...distributionLines(d), publication].join('\n'),
    buttons: [
      { text: '确认全部', action: 'month-approve', style: 'primary' },
      { text: '退回团队', action: 'team-return', style: 'plain' },
    ],
    link: teamPage(month),
  }
}

export interface Progress {
  month: Month
  dates: MonthDates
  state: 'open' | 'approved' | 'published'
  people: number
  confirmed: number
  /** Superior and how many of theirs are not confirmed. */
  waiting: { name: string; people: number }[]
  missing: { name: string; what: string[] }[]
  /** Its time has come: what came late is published by hand. */
  mayPublish: boolean
  appeals: number
}

/** For HR: where the month stands, everything missing named. */
export function progressCard(p: Progress): Card {
  const state = { open: '结算中', approved: '总经理已确认，待发布', published: '已发布' }[p.state]
  const text = [
    `结算：${dayText(p.dates.settle)}`,
    `上级确认：${dayText(p.dates.confirm)}`,
    `总经理确认：${dayText(p.dates.approve)}`,
    `发布：${dayText(p.dates.publish)}${p.mayPublish || p.state === 'published' ? '' : '，到时自动发布'}`,
    ...(p.waiting.length > 0
      ? [`待确认：${listed(p.waiting.map((w) => `${w.name}（${w.people}人）`)).join('、')}`]
      : []),
    ...listed(p.missing.map((m) => `· ${m.name}：${m.what.join('；')}`)),
    ...(p.appeals > 0 ? [`处理中的申诉：${p.appeals}件`] : []),
  ]
  return {
    title: `${formatMonth(p.month)}绩效：${state}`,
    subtitle: `共${p.people}人，已确认${p.confirmed}人`,
    text: text.join('\n'),
    ...(p.state === 'published'
      ? {}
      : {
          buttons: [
            { text: '催办', action: 'month-chase', style: 'primary' as const },
            ...(p.mayPublish ? [{ text: '发布', action: 'month-publish', style: 'plain' as const }] : []),
          ],
        }),
    link: teamPage(p.month),
  }
}

/** A correction, for the general manager: before and after. */
export function correctionCard(
  name: string,
  before: MonthResult,
  after: MonthResult,
  why: string,
  by: string,
  figures: boolean,
): Card {
  const of = (r: MonthResult) => `${r.shownTotal ?? '无'}${r.grade ? `（${r.grade}）` : ''}`
  return {
    title: `${name}的${formatMonth(before.month)}绩效结果更正，待您确认`,
    subtitle: `由${by}提出`,
    facts: figures
      ? [
          { label: '更正前', value: of(before) },
          { label: '更正后', value: of(after) },
        ]
      : [],
    text: `原因：${why}`,
    buttons: [
      { text: '同意更正', action: 'correction:yes', style: 'primary' },
      { text: '不同意', action: 'correction:no', style: 'plain' },
    ],
    link: teamPage(before.month),
  }
}

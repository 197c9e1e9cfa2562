import { type Answers, type Question, questionsOf, STARS, type Survey, starNames } from '../src/domain/survey.ts'
import { thresholdOf } from '../src/domain/survey-result.ts'
import { formatPeriod } from '../src/domain/survey-round.ts'
import type { Card, Option } from './card.ts'

/** The part of a round that its cards show. */
export interface Shown {
  survey: Survey
  period: string
  /** 11月25日 18:00 */
  until: string
}

export interface Improved {
  label: string
  text: string
}

export const surveyTitle = ({ survey, period }: Pick<Shown, 'survey' | 'period'>): string => {
  const when = formatPeriod(period)
  return when ? `${survey.title}（${when}）` : survey.title
}

const text = {
  count: (n: number) => `共${n}题，点选即可，约10秒。`,
  anonymous: (threshold: number) =>
    `匿名：答案单独加密存放，不与姓名对应；满${threshold}人作答才公布汇总结果，不足则任何人都看不到。提交后不能修改。`,
  named: '实名：发起人可以看到每个人的选择；截止前可以修改。',
  improved: (i: Improved) => `上次评分最低的是“${i.label}”，改进措施：${i.text}`,
  until: (at: string) => `请在${at}前作答`,
  extended: (at: string) => `截止时间延长到${at}，期待您的意见`,
  remind: (at: string) => `还没有收到您的答案，${at}截止`,
  choose: '请选择',
  missing: '还有题目没有选择，请补充后再提交',
  lastAnonymous: '提交后不能修改',
  thanks: '已提交，谢谢',
  comment: '如有意见，可直接回复“匿名意见：”加上内容。每人一次，不显示姓名，也不与评分对应；请不要写能认出您的信息。',
}

/** Who will see what, before anything is answered. */
export const surveyAbout = (survey: Survey): string[] => [
  survey.anonymous ? text.anonymous(thresholdOf(survey)) : text.named,
]

/** 匿名 for anonymous ones: the inbox seals what comes back under such an action. */
export const stepAction = (survey: Survey): string => (survey.anonymous ? 'anon-step' : 'named-step')

export type InviteKind = 'first' | 'reminder' | 'extended'

/** Asks somebody; says before anything is answered who will see what (features.md T14). */
export function surveyInviteCard(shown: Shown, kind: InviteKind, improved?: Improved): Card {
  const { survey, until } = shown
  const subtitle = { first: text.until, reminder: text.remind, extended: text.extended }[kind](until)
  const lines = [
    text.count(questionsOf(survey).length),
    ...surveyAbout(survey),
    ...(improved ? [text.improved(improved)] : []),
  ]
  return {
    title: surveyTitle(shown),
    subtitle,
    text: lines.join('\n'),
    buttons: [{ text: '开始作答', action: stepAction(survey), style: 'primary' }],
    link: { text: '打开页面', path: `/h5/survey/${survey.id}/${shown.period}` },
  }
}

const starOptions = (): Option[] => STARS.map((n) => ({ id: `${n}`, text: `${'★'.repeat(n)} ${starNames[n]}` }))

function optionsOf(survey: Survey, question: Question): Option[] {
  const choice = survey.choices.find((c) => c.id === question.id)
  return choice ? choice.options.map((o) => ({ id: o.id, text: o.label })) : starOptions()
}

const NOTHING = 'none'
export const SELECTS_A_STEP = 3

/**
 * The next questions that have no answer yet: up to three drop-downs, or one row of buttons where the platform draws no
 * drop-downs. Answers given before are not on it: a card lies in the store beside its person.
 *
 * @param remaining the questions without an answer, at least one
 */
export function surveyStepCard(shown: Shown, remaining: Question[], selects: boolean, missed: boolean): Card {
  const { survey } = shown
  const all = questionsOf(survey).length
  const here = remaining.slice(0, selects ? SELECTS_A_STEP : 1)
  const isLast = here.length === remaining.length
  const hint = [...(missed ? [text.missing] : []), ...(isLast && survey.anonymous ? [text.lastAnonymous] : [])].join(
    '；',
  )
  const from = all - remaining.length + 1
  const place = here.length > 1 ? `${from}—${from + here.length - 1}` : `${from}`
  const button = { text: isLast ? '提交' : '下一步', action: stepAction(survey), style: 'primary' as const }
  if (!selects) {
    const [question] = here
    return {
      title: `${survey.title}（${place}／${all}）`,
      subtitle: question!.label,
      ...(hint && { text: hint }),
      input: { kind: 'choice', id: question!.id, multiple: false, options: optionsOf(survey, question!) },
      buttons: [button],
    }
  }
  return {
    title: `${survey.title}（${place}／${all}）`,
    ...(hint && { subtitle: hint }),
    input: {
      kind: 'selects',
      // Without an option that says nothing the first one would be chosen for whoever only presses the button.
      selects: here.map((q) => ({
        id: q.id,
        label: q.label,
        options: [{ id: NOTHING, text: text.choose }, ...optionsOf(survey, q)],
        selected: NOTHING,
      })),
    },
    buttons: [button],
  }
}

/** Going through one's own answers again, where names are on them; `from` counts from 0. */
export function surveyRedoCard(shown: Shown, answers: Answers, from: number, selects: boolean): Card {
  const { survey } = shown
  const all = questionsOf(survey)
  const here = all.slice(from, from + (selects ? SELECTS_A_STEP : 1))
  const selected = (q: Question) => `${answers.stars[q.id] ?? answers.choices[q.id] ?? ''}`
  const next = from + here.length
  const title = `${survey.title}（${from + 1}${here.length > 1 ? `—${next}` : ''}／${all.length}）`
  const button = {
    text: next >= all.length ? '提交' : '下一步',
    action: `named-redo:${next}`,
    style: 'primary' as const,
  }
  const [question] = here
  if (!selects)
    return {
      title,
      subtitle: question!.label,
      input: {
        kind: 'choice',
        id: question!.id,
        multiple: false,
        options: optionsOf(survey, question!),
        selected: [selected(question!)],
      },
      buttons: [button],
    }
  return {
    title,
    input: {
      kind: 'selects',
      selects: here.map((q) => ({ id: q.id, label: q.label, options: optionsOf(survey, q), selected: selected(q) })),
    },
    buttons: [button],
  }
}

/** Thanks, and nothing of the answers. */
export function surveyThanksCard(shown: Shown): Card {
  const { survey } = shown
  if (!survey.anonymous) {
    return {
      title: `${survey.title}：${text.thanks}`,
      text: `${shown.until}前可以修改。`,
      buttons: [
        { text: '修改答案', action: 'named-redo:0', style: 'plain' },
        ...(survey.comment ? [{ text: '写一句意见', action: 'named-comment', style: 'plain' as const }] : []),
      ],
    }
  }
  return { title: surveyTitle(shown), ...(survey.comment && { text: text.comment }), closed: text.thanks }
}

export const surveyOverCard = (shown: Shown): Card => ({ title: surveyTitle(shown), closed: '已截止' })

import { questionsOf, type Survey } from '../src/domain/survey.ts'
import { responseRate, TARGET_RATE, thresholdOf } from '../src/domain/survey-result.ts'
import type { Card } from './card.ts'
import { surveyTitle } from './survey.ts'

export interface Running {
  survey: Survey
  period: string
  asked: number
  diners: number
  answers: number
  /** 11月25日 18:00 */
  until: string
  /** Of the draw, that anybody can repeat it with. */
  seed?: string
  drawChecks?: boolean
}

/** A running round as HR sees it: how many answered, never who. */
export function surveyRunningCard(r: Running): Card {
  const rate = responseRate(r.answers, r.asked)
  const draw = r.seed
    ? `抽样：${r.diners}人中抽取${r.asked}人，种子${r.seed}，复核${r.drawChecks ? '一致' : '不一致，请联系管理员'}。`
    : ''
  const need = thresholdOf(r.survey)
  return {
    title: `${surveyTitle(r)}进行中`,
    subtitle: `已有${r.answers}／${r.asked}人作答，回收率${rate}%（目标${TARGET_RATE}%）`,
    text: [
      `${r.until}截止。`,
      draw,
      r.survey.anonymous && r.answers < need ? `满${need}人才能公布结果，目前还差${need - r.answers}人。` : '',
    ]
      .filter((line) => line !== '')
      .join('\n'),
    buttons: [
      { text: '延长3个工作日', action: 'survey-extend', style: 'plain' },
      { text: '立即截止', action: 'survey-close', style: 'danger' },
    ],
  }
}

/** Too few answers: nothing is opened, HR decides (domain.md §11.29). */
export function surveyTooFewCard(r: Running, carry: string | undefined): Card {
  const assesses = r.survey.assesses.length > 0
  return {
    title: `${surveyTitle(r)}：只有${r.answers}人作答`,
    subtitle: `少于${thresholdOf(r.survey)}人，为保护匿名没有统计`,
    text: assesses
      ? `${r.survey.assesses[0]}本月的工作得分因此空缺，请决定如何处理${carry ? `（可沿用${carry}的得分）` : ''}。不延长时，已交的答案会销毁，任何人都看不到。`
      : '请决定是否延长。不延长时，已交的答案会销毁，任何人都看不到。',
    buttons: [
      { text: '延长3个工作日', action: 'survey-extend', style: 'primary' },
      ...(assesses && carry ? [{ text: '沿用上次得分', action: 'survey-carry', style: 'plain' as const }] : []),
      { text: assesses ? '本月免计' : '结束', action: 'survey-excuse', style: 'plain' },
    ],
  }
}

/** What HR typed, read back before anybody is asked. */
export function surveyPreviewCard(survey: Survey, until: string, people: number): Card {
  const lines = questionsOf(survey).map((q, i) => {
    const choice = survey.choices.find((c) => c.id === q.id)
    return `${i + 1}. ${q.label}${choice ? `：${choice.options.map((o) => o.label).join('／')}` : '（1到5星）'}`
  })
  return {
    title: `请核对：${survey.title}`,
    subtitle: `${survey.anonymous ? '匿名' : '实名'}，${people}人，${until}截止${survey.comment ? '，可写意见' : ''}`,
    text: lines.join('\n'),
    buttons: [
      { text: '确认发起', action: 'survey-start', style: 'primary' },
      { text: '取消', action: 'survey-cancel', style: 'plain' },
    ],
  }
}

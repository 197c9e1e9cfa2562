import type { Ctx } from '../src/context.ts'
import { afterRecordWord } from '../src/domain/parse-behaviour.ts'
import type { Answer, Command, FindCommand, OnCard, OnTalk, TextTurn } from '../src/inbox/handler.ts'
import {
  onAppealAnswer,
  onAppealAnswerText,
  onAppealDecide,
  onAppealDecisionText,
  onAppealDrop,
  onAppealEdit,
  onAppealFile,
  onAppealPick,
  onAppealReason,
  onAppealRegister,
  onAppealWithdraw,
  onBehaviourAppeal,
  onResultAppeal,
  withdrawAppealByWord,
} from './appeal.ts'
import {
  checklistCommand,
  closeRatingByWord,
  kpiCommand,
  onChecklistFull,
  onChecklistNext,
  onChecklistSave,
  onChecklistStep,
  onInputCancel,
  onKpiSave,
  onRatingSave,
  ratingCommand,
} from './month-inputs.ts'
import {
  correctByWord,
  monthByWord,
  onCorrection,
  onMonthApprove,
  onMonthChase,
  onMonthPublish,
  onResultAck,
  onResultReturn,
  onResultReturnReason,
  onResultReturnWho,
  onTeamConfirm,
  onTeamMonth,
  onTeamReturn,
  onTeamReturnReason,
  onTeamReturnWho,
  progressByWord,
  teamByWord,
  undoByWord,
} from './month-result.ts'
import {
  casesByWord,
  onAttendance,
  onBehaviourCancel,
  onBehaviourPoints,
  onBehaviourRead,
  onBehaviourSave,
  onRevokeReason,
  ownRecords,
  recordCommand,
  revokeByWord,
} from './record-behaviour.ts'

/** Buttons of the month. */
export const monthCards: Record<string, OnCard> = {
  'behaviour-points': onBehaviourPoints,
  'behaviour-save': onBehaviourSave,
  'behaviour-cancel': onBehaviourCancel,
  'behaviour-read': onBehaviourRead,
  'behaviour-appeal': onBehaviourAppeal,
  attendance: onAttendance,
  'checklist-next': onChecklistNext,
  'checklist-full': onChecklistFull,
  'checklist-step': onChecklistStep,
  'checklist-save': onChecklistSave,
  'rating-save': onRatingSave,
  'kpi-save': onKpiSave,
  'input-cancel': onInputCancel,
  'team-month': onTeamMonth,
  'team-confirm': onTeamConfirm,
  'result-return': onResultReturn,
  'result-return-who': onResultReturnWho,
  'month-approve': onMonthApprove,
  'team-return': onTeamReturn,
  'team-return-who': onTeamReturnWho,
  'month-chase': onMonthChase,
  'month-publish': onMonthPublish,
  'result-ack': onResultAck,
  'result-appeal': onResultAppeal,
  correction: onCorrection,
  'appeal-pick': onAppealPick,
  'appeal-file': onAppealFile,
  'appeal-edit': onAppealEdit,
  'appeal-drop': onAppealDrop,
  'appeal-withdraw': onAppealWithdraw,
  'appeal-register': onAppealRegister,
  'appeal-answer': onAppealAnswer,
  'appeal-decide': onAppealDecide,
}

export const monthTalks: Record<string, OnTalk> = {
  'behaviour-revoke': onRevokeReason,
  'result-return': onResultReturnReason,
  'team-return': onTeamReturnReason,
  'appeal-reason': onAppealReason,
  'appeal-answer': onAppealAnswerText,
  'appeal-decision': onAppealDecisionText,
}

type Say = (turn: TextTurn, ctx: Ctx, rest: string) => Promise<Answer[]>
/** Undefined: somebody without such tasks means something else, e.g. a plan that begins with 检查. */
type Find = (turn: TextTurn, ctx: Ctx, rest: string) => Promise<Command | undefined>

const always =
  (say: Say): Find =>
  async (turn, ctx, rest) =>
  () =>
    say(turn, ctx, rest)

/** Words that stand alone, and those that take more behind a space. */
const alone: [RegExp, Say][] = [
  [/^(行为情形|日常行为|情形|加减分项?|扣分标准)$/, casesByWord],
  [/^(我的记录|行为记录|我的行为记录)$/, ownRecords],
  [/^(撤销记录|撤回记录)$/, revokeByWord],
  [/^(团队结果|确认结果|确认团队|团队月度结果)$/, teamByWord],
  [/^(撤销确认|撤回确认)$/, undoByWord],
  [/^(撤回申诉|撤销申诉|取消申诉)$/, withdrawAppealByWord],
  [/^(月度进度|结算|结算进度|月度结算|发布结果)$/, progressByWord],
]
const leading: [RegExp, Find][] = [
  [/^(?:月度检查|检查表|检查)(?:[\s:：]+|$)/, checklistCommand],
  [/^(?:同事评价|互评|待评价|评价)(?:[\s:：]+|$)/, ratingCommand],
  [/^(?:填指标|指标|KPI)(?:[\s:：]+|$)/i, kpiCommand],
  [/^关闭评价[\s:：]+/, always(closeRatingByWord)],
  [/^更正[\s:：]+/, always(correctByWord)],
  [/^(?=(?:导出|下载|发布|查看|20\d{2}年|\d{1,2}月|上个?月|本月))/, monthByWord],
]

/** What is typed about the month. */
export const monthCommand: FindCommand = async (turn, ctx) => {
  const said = turn.text.trim()
  const record = afterRecordWord(said)
  const recorded = record && (await recordCommand(turn, ctx, record))
  if (recorded) return recorded
  const core = said.replace(/[\s。.!！?？]+$/, '')
  for (const [pattern, say] of alone) if (pattern.test(core)) return () => say(turn, ctx, '')
  for (const [pattern, find] of leading) {
    const match = pattern.exec(said)
    if (match) return find(turn, ctx, said.slice(match[0].length).trim())
  }
  return undefined
}

import type { Handlers } from '../src/inbox/handler.ts'
import { onSupport, onSupportSaid, onSupportWords } from './answer-support.ts'
import { onChange, onExcuse } from './decide-request.ts'
import { help } from './help.ts'
import {
  onInterviewAgree,
  onInterviewAllow,
  onInterviewNote,
  onInterviewNoted,
  onInterviewOther,
  onInterviewTime,
} from './interviews.ts'
import {
  onMilestoneAccept,
  onMilestoneDone,
  onMilestoneHandedIn,
  onMilestoneNoted,
  onMilestoneProgress,
  onMilestoneReturn,
  onMilestoneReturned,
} from './milestones.ts'
import { monthCards, monthTalks } from './month-list.ts'
import { momentCards, momentTalks } from './people-moments.ts'
import { commandIn, mediaAnswer, readText } from './read-text.ts'
import { pictureSent } from './record-behaviour.ts'
import { onScoreLines } from './score-by-line.ts'
import {
  onDeductStep,
  onReplyWeek,
  onReturnReason,
  onScoreAgain,
  onScoreCancel,
  onScoreConfirm,
  onScoreFull,
  onScoreNext,
  onScoreStep,
  onSendBack,
  onWeekNote,
} from './score-week.ts'
import { onSnooze } from './snooze-reminder.ts'
import { surveyCards, surveyTalks } from './survey-list.ts'
import { onLeave } from './take-leave.ts'
import { onChase } from './team-status.ts'
import { readGroupWords } from './wish-groups.ts'
import {
  onCancelDraft,
  onCarryOver,
  onEditWeek,
  onOutcomesAll,
  onOutcomesStep,
  onRestorePlan,
  onShowDraft,
  onStartWeek,
  onSubmitWeek,
  onWhichWeek,
  onWithdrawWeek,
} from './write-week.ts'

/** Everything a person can do in chat. A new button is one line here. */
export const handlers: Handlers = {
  cards: {
    'start-week': onStartWeek,
    'show-draft': onShowDraft,
    'edit-week': onEditWeek,
    'cancel-draft': onCancelDraft,
    'submit-week': onSubmitWeek,
    'withdraw-week': onWithdrawWeek,
    'outcomes-all': onOutcomesAll,
    'outcomes-step': onOutcomesStep,
    'carry-over': onCarryOver,
    'restore-plan': onRestorePlan,
    'which-week': onWhichWeek,
    snooze: onSnooze,
    'on-leave': onLeave,
    chase: onChase,
    'score-next': onScoreNext,
    'score-full': onScoreFull,
    'score-step': onScoreStep,
    'deduct-step': onDeductStep,
    'score-confirm': onScoreConfirm,
    'score-again': onScoreAgain,
    'score-cancel': onScoreCancel,
    'score-lines': onScoreLines,
    'send-back': onSendBack,
    'reply-week': onReplyWeek,
    excuse: onExcuse,
    change: onChange,
    support: onSupport,
    'support-words': onSupportWords,
    'interview-agree': onInterviewAgree,
    'interview-other': onInterviewOther,
    'interview-allow': onInterviewAllow,
    'interview-note': onInterviewNote,
    'milestone-done': onMilestoneDone,
    'milestone-progress': onMilestoneProgress,
    'milestone-accept': onMilestoneAccept,
    'milestone-return': onMilestoneReturn,
    ...momentCards,
    ...surveyCards,
    ...monthCards,
  },
  talks: {
    'return-reason': onReturnReason,
    'week-note': onWeekNote,
    'support-words': onSupportSaid,
    'interview-time': onInterviewTime,
    'interview-note': onInterviewNoted,
    'milestone-done': onMilestoneHandedIn,
    'milestone-progress': onMilestoneNoted,
    'milestone-return': onMilestoneReturned,
    ...momentTalks,
    ...surveyTalks,
    ...monthTalks,
  },
  menu: {
    write: '周计划',
    mine: '我的',
    leave: '我在请假',
    team: '谁没交',
    'to-score': '评分',
    survey: '调查',
    help: '帮助',
  },
  command: commandIn,
  instead: '刚才等您回复的一项已取消，没有提交。',
  text: readText,
  async media(turn, { media, ref }, ctx) {
    const picture = media === 'image' ? await pictureSent(turn, ref, ctx) : undefined
    return picture ?? mediaAnswer(media)
  },
  groupWords: readGroupWords,
  group: () => '您好，绩效内容涉及个人信息，请私聊我处理。在私聊中发“帮助”可以查看我能做什么。',
  stranger: '您好，通讯录中暂时没有找到您的资料。请联系人力资源确认您已在应用的可见范围内。',
  stale: {
    unknown: '这张卡片已无法操作，请发“我的”查看最新状态。',
    closed: '这项内容已经处理过了，请发“我的”查看最新状态。',
    expired: '这张卡片已过期，请发“我的”查看最新状态，或打开页面处理。',
    'not-yours': '这张卡片不是发给您的，无法操作。',
  },
  async opened(turn, ctx) {
    // Once, when somebody opens the chat for the first time.
    const first = await ctx.meta.setOnce(`greeted/${turn.person._id}`, turn.id)
    return first === turn.id ? help(turn, ctx) : []
  },
}

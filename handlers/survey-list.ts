import type { OnCard, OnTalk } from '../src/inbox/handler.ts'
import { onNamedComment, onNamedCommentText, onNamedRedo, onSurveyStep } from './answer-survey.ts'
import {
  onImproveText,
  onSurveyCancel,
  onSurveyCarry,
  onSurveyClose,
  onSurveyExcuse,
  onSurveyExtend,
  onSurveyImprove,
  onSurveyStart,
} from './run-survey.ts'

/** Buttons of surveys. What begins with `anon-` is sealed by the inbox. */
export const surveyCards: Record<string, OnCard> = {
  'anon-step': onSurveyStep,
  'named-step': onSurveyStep,
  'named-redo': onNamedRedo,
  'named-comment': onNamedComment,
  'survey-start': onSurveyStart,
  'survey-cancel': onSurveyCancel,
  'survey-extend': onSurveyExtend,
  'survey-close': onSurveyClose,
  'survey-carry': onSurveyCarry,
  'survey-excuse': onSurveyExcuse,
  'survey-improve': onSurveyImprove,
}

export const surveyTalks: Record<string, OnTalk> = {
  'survey-comment': onNamedCommentText,
  'survey-improve': onImproveText,
}

import type { Db } from './connect.ts'
import { type SurveyBallots, surveyBallotStore } from './survey-ballots.ts'
import { type SurveyResults, surveyResultStore } from './survey-results.ts'
import { type SurveyRounds, surveyRoundStore } from './survey-rounds.ts'
import { type SurveyScores, surveyScoreStore } from './survey-scores.ts'

export interface SurveyStores {
  surveyRounds: SurveyRounds
  surveyBallots: SurveyBallots
  surveyResults: SurveyResults
  surveyScores: SurveyScores
}

/** @param secret seals answers; it must not be kept in the database */
export const surveyStores = (db: Db, secret: string): SurveyStores => ({
  surveyRounds: surveyRoundStore(db),
  surveyBallots: surveyBallotStore(db, secret),
  surveyResults: surveyResultStore(db),
  surveyScores: surveyScoreStore(db),
})

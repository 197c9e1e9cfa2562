/** What the survey pages are answered. Imported by the pages, like contract.ts. */

export interface SurveyOption {
  id: string
  text: string
}

export interface SurveyQuestion {
  id: string
  label: string
  /** 1–5 stars; otherwise one of the options. */
  stars: boolean
  options: SurveyOption[]
}

/** One round for somebody whom it asks. */
export interface SurveyAnswerPage {
  title: string
  /** 11月25日 18:00 */
  until: string
  anonymous: boolean
  /** Who sees what, before anything is answered. */
  about: string[]
  state: 'open' | 'done' | 'closed'
  questions: SurveyQuestion[]
  /** Characters of a comment; absent where none is asked for. */
  comment?: number
  /** One's own answers, where they carry names. */
  answers?: Record<string, string>
}

export type SurveyAnswered = { kind: 'done' } | { kind: 'open'; missing: string }

export interface SurveyLine {
  survey: string
  period: string
  title: string
  until: string
}

export interface SurveyTrend extends SurveyLine {
  /** 83.50; absent without stars. */
  score?: string
  answers: number
  asked: number
  rate: number
  dimensions: { label: string; stars: string; before?: string }[]
  choices: { label: string; options: { label: string; answers: number }[] }[]
  /** Per department, where it was asked for and every group is large enough. */
  groups?: { name: string; answers: number; dimensions: { label: string; stars: string }[] }[]
  /** Why there is no comparison of departments. */
  groupsWithheld?: string
  /** For those who work with it only. */
  comments?: string[]
  /** What was said about the lowest dimension. */
  improvement?: { label: string; text?: string }
  /** Round by round, oldest first. */
  trend: { labels: string[]; values: (number | null)[]; rates: number[] }
}

export interface SurveyRunning extends SurveyLine {
  answers: number
  asked: number
  diners: number
  rate: number
  state: 'open' | 'too-few'
  /** Whether a month's work score hangs on it. */
  assesses: boolean
  /** The month whose score can be carried over, where there are too few answers: 2026年10月 */
  carry?: string
  /** Of the draw, and whether it gives the same people again. */
  draw?: { seed: string; checks: boolean }
}

export interface SurveysPage {
  toAnswer: SurveyLine[]
  results: SurveyTrend[]
  /** For HR. */
  running?: SurveyRunning[]
  target: number
}

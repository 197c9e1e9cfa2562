/**
 * What a survey is, as data (domain.md §5, §11.27–30). The canteen's and the employees' ship ready; a company writes others
 * into its file, HR others in chat. A running round keeps the survey as it was when it opened.
 */

export interface Question {
  /** `[a-z0-9-]{1,20}` */
  id: string
  label: string
}

export interface ChoiceQuestion extends Question {
  options: Question[]
}

export interface Survey {
  /** `[a-z0-9-]{1,40}` */
  id: string
  title: string
  /** Each 1–5 stars, each must be answered (§11.27). */
  dimensions: Question[]
  choices: ChoiceQuestion[]
  /** Whether a free comment may be given. */
  comment: boolean
  anonymous: boolean
  /** Nothing is shown of fewer answers; of an anonymous survey never under 3. */
  threshold: number
  audience: Audience
  sample: SampleRule
  when: When
  /** Who gets the results besides HR. */
  resultsTo: Reader[]
  /** Averages per top department as well, where each group is large enough. */
  byDepartment: boolean
  /** Positions whose month work score this is. Nobody holds them: the survey is not held. */
  assesses: string[]
  /** Positions that say what they do about the lowest dimension (features.md B11), in order of preference. */
  improvedBy: string[]
}

export type Reader = 'gm' | 'asked' | 'improvers'

export interface Audience {
  /** Empty: all of them. */
  departments: string[]
  positions: string[]
  exceptPositions: string[]
  /** 工号 or a name that only one person has. */
  exceptPeople: string[]
}

/** Everybody when fewer than `atLeast`; otherwise the share, rounded up, between the two numbers. */
export interface SampleRule {
  percent: number
  atLeast: number
  atMost: number
}

export type When =
  | { every: 'month' | 'half-year'; opensDay: number; opensTime: string; closesDay: number; closesTime: string }
  | { every: 'once'; opensOn: string; opensTime: string; closesOn: string; closesTime: string }

/** Never fewer, whatever the settings say (features.md T14). */
export const LOWEST_THRESHOLD = 3
export const STARS = [5, 4, 3, 2, 1] as const
export const starNames: Record<number, string> = { 5: '非常满意', 4: '满意', 3: '一般', 2: '不满意', 1: '很不满意' }
/** Characters of a comment. */
export const MOST_COMMENT = 300

export const EVERYBODY: SampleRule = { percent: 100, atLeast: 1, atMost: 100_000 }
export const ALL: Audience = { departments: [], positions: [], exceptPositions: [], exceptPeople: [] }
const cooks = ['炊事员', '食堂炊事员']

/** 食堂满意度 (篇三): the average is the cooks' work score. */
export const canteenSurvey: Survey = {
  id: 'canteen',
  title: '食堂满意度',
  dimensions: [
    { id: 'hygiene', label: '卫生' },
    { id: 'price', label: '价格' },
    { id: 'taste', label: '味道' },
    { id: 'variety', label: '花色' },
  ],
  choices: [],
  comment: true,
  anonymous: true,
  threshold: 5,
  audience: { ...ALL, exceptPositions: cooks },
  sample: { percent: 30, atLeast: 10, atMost: 500 },
  when: { every: 'month', opensDay: 20, opensTime: '11:30', closesDay: 25, closesTime: '18:00' },
  resultsTo: ['asked', 'improvers'],
  byDepartment: false,
  assesses: cooks,
  improvedBy: ['食堂主管', '食堂管理员', ...cooks],
}

/** 员工满意度, each half-year (篇五). */
export const employeeSurvey: Survey = {
  id: 'employees',
  title: '员工满意度',
  dimensions: [
    { id: 'environment', label: '工作环境' },
    { id: 'pay', label: '薪酬福利' },
    { id: 'growth', label: '培训与发展' },
    { id: 'management', label: '管理与沟通' },
    { id: 'atmosphere', label: '团队氛围' },
    { id: 'overall', label: '总体评价' },
  ],
  choices: [],
  comment: true,
  anonymous: true,
  threshold: 5,
  audience: ALL,
  sample: EVERYBODY,
  when: { every: 'half-year', opensDay: 10, opensTime: '11:30', closesDay: 20, closesTime: '18:00' },
  resultsTo: ['gm', 'asked'],
  byDepartment: true,
  assesses: [],
  improvedBy: [],
}

/** One person's answers: stars and options by question id. */
export interface Answers {
  stars: Record<string, number>
  choices: Record<string, string>
}

export const noAnswers = (): Answers => ({ stars: {}, choices: {} })

/** Every question in the order it is asked. */
export const questionsOf = (survey: Survey): Question[] => [...survey.dimensions, ...survey.choices]

/**
 * Takes what somebody chose into their answers. What is no question or no option of this survey is left out: a forged
 * option answers nothing.
 */
export function takeAnswers(survey: Survey, before: Answers, chosen: Record<string, string | undefined>): Answers {
  const after: Answers = { stars: { ...before.stars }, choices: { ...before.choices } }
  for (const { id } of survey.dimensions) {
    const value = chosen[id]
    if (value !== undefined && /^[1-5]$/.test(value)) after.stars[id] = Number(value)
  }
  for (const { id, options } of survey.choices) {
    const value = chosen[id]
    if (value !== undefined && options.some((o) => o.id === value)) after.choices[id] = value
  }
  return after
}

/** The first question without an answer, or undefined when every one has its own (§11.27). */
export const firstOpen = (survey: Survey, answers: Answers): Question | undefined =>
  questionsOf(survey).find((q) => answers.stars[q.id] === undefined && answers.choices[q.id] === undefined)

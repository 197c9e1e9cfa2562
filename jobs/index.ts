import type { Ctx } from '../src/context.ts'
import type { Job } from '../src/schedule/schedule.ts'
import { askSupport } from './ask-support.ts'
import { momentJobs } from './moments.ts'
import { readContacts } from './read-contacts.ts'
import { remindWeeklyPlan } from './remind-weekly-plan.ts'
import { interviews } from './run-interviews.ts'
import { milestones } from './run-milestones.ts'
import { monthJobs } from './run-month.ts'
import { surveyJobs } from './run-surveys.ts'
import { digestLate, remindScoring } from './tell-managers.ts'

/** Everything the clock does. A new job is one line here. */
export const jobs = (directory: { refreshAll(): Promise<void> }): Job<Ctx>[] => [
  ...remindWeeklyPlan,
  digestLate,
  remindScoring,
  askSupport,
  ...surveyJobs,
  ...monthJobs,
  interviews,
  milestones,
  readContacts(directory),
  ...momentJobs,
]

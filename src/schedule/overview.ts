import { addDays, type Day, dayOf } from '../domain/time.ts'
import type { Job, Schedule } from './schedule.ts'

/** How far ahead the next run is looked for; monthly jobs are within. */
export const AHEAD_DAYS = 45

export interface JobView {
  name: string
  about: string
  last?: { at: Date; state: 'running' | 'done' | 'failed'; error?: string }
  next?: Date
}

/** What the clock does: each job with its last result and its next time. */
export async function jobOverview<Ctx>(schedule: Schedule<Ctx>, now: Date, zone: string): Promise<JobView[]> {
  const today = dayOf(now, zone)
  const ahead = schedule.slots(today, addDays(today, AHEAD_DAYS)).filter((s) => s.at > now)
  return Promise.all(
    schedule.jobs.map(async (job) => {
      const [last] = await schedule.lastRuns(job.name)
      const next = ahead.find((s) => s.job === job)?.at
      return {
        name: job.name,
        about: job.about,
        ...(last && { last: { at: last.at, state: last.state, ...(last.error && { error: last.error }) } }),
        ...(next && { next }),
      }
    }),
  )
}

export type RunByHand =
  | { kind: 'done' | 'was-done' | 'running'; at: Date }
  | { kind: 'failed'; at: Date; reason: string }
  | { kind: 'no-such-job' }
  /** `times`: those of that day. */
  | { kind: 'no-such-time'; times: Date[] }
  | { kind: 'not-yet'; at: Date }
  | { kind: 'never-due' }

/**
 * Runs a job by hand under the key that the clock uses, so that it takes effect once.
 *
 * @param at the moment it was due; the latest one when left out
 */
export async function runByHand<Ctx>(
  { schedule, ctx, now, zone }: { schedule: Schedule<Ctx>; ctx: Ctx; now: Date; zone: string },
  name: string,
  at?: Date,
): Promise<RunByHand> {
  const job = schedule.jobs.find((j) => j.name === name)
  if (!job) return { kind: 'no-such-job' }
  const slot = at ?? latestSlot(job, ctx, now, zone)
  if (!slot) return { kind: 'never-due' }
  const times = job.times(dayOf(slot, zone), ctx)
  if (!times.some((t) => t.getTime() === slot.getTime())) return { kind: 'no-such-time', times }
  if (slot > now) return { kind: 'not-yet', at: slot }
  return { ...(await schedule.run(job, slot)), at: slot }
}

function latestSlot<Ctx>(job: Job<Ctx>, ctx: Ctx, now: Date, zone: string): Date | undefined {
  const today = dayOf(now, zone)
  for (let day: Day = today; day > addDays(today, -AHEAD_DAYS); day = addDays(day, -1)) {
    const due = job.times(day, ctx).filter((t) => t <= now)
    if (due.length > 0) return due.sort((a, b) => b.getTime() - a.getTime())[0]
  }
  return undefined
}

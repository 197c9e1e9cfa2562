import type { Log } from './log.ts'

export interface Apart {
  /** @returns undefined when it failed */
  run<T>(what: string, step: () => T | Promise<T>): Promise<T | undefined>
  /** @throws when something failed, so that the whole is tried again: what was done is then found done */
  end(): void
}

/** Steps of a job that have nothing to do with each other: one that fails is logged, and the others are done all the same. */
export function apart(log: Log): Apart {
  const errors: unknown[] = []
  return {
    async run(what, step) {
      try {
        return await step()
      } catch (err) {
        log.error({ err, what }, 'one part of a job failed')
        errors.push(err)
        return undefined
      }
    },
    end() {
      if (errors.length > 0) throw new AggregateError(errors, `${errors.length} parts failed, the first: ${errors[0]}`)
    },
  }
}

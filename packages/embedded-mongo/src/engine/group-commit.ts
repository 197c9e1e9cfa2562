import type { Doc } from '../bson/values.ts'
import type { Catalog } from '../store/catalog.ts'

interface Job {
  run: () => Doc
  resolve: (reply: Doc) => void
  reject: (error: unknown) => void
}

const MAX_JOBS = 256

/**
 * Group commit: the write commands that arrive in one turn of the event loop share one LMDB transaction and so one
 * fsync. Each runs in a child transaction, so one that fails leaves nothing; replies go out after the commit only.
 */
export class GroupCommit {
  private queue: Job[] = []
  private scheduled = false

  /** @param check runs first in every transaction; what it throws fails all of it */
  constructor(
    private readonly catalog: Catalog,
    private readonly check: () => void,
  ) {}

  submit(run: () => Doc): Promise<Doc> {
    return new Promise((resolve, reject) => {
      this.queue.push({ run, resolve, reject })
      if (this.scheduled) return
      this.scheduled = true
      setImmediate(() => this.drain())
    })
  }

  private drain(): void {
    const jobs = this.queue.splice(0, MAX_JOBS)
    this.scheduled = this.queue.length > 0
    if (this.scheduled) setImmediate(() => this.drain())
    const { store } = this.catalog
    const outcomes: (() => void)[] = []
    try {
      store.transaction(() => {
        this.check()
        for (const job of jobs) outcomes.push(this.attempt(job))
      })
    } catch (error) {
      // Nothing of the group is on disk. Of a store that was closed meanwhile there is nothing to bring back either.
      if (!store.closed) this.catalog.reload()
      for (const job of jobs) job.reject(error)
      return
    }
    for (const settle of outcomes) settle()
  }

  private attempt(job: Job): () => void {
    try {
      const reply = this.catalog.store.transaction(() => {
        const result = job.run()
        this.catalog.flush()
        return result
      })
      return () => job.resolve(reply)
    } catch (error) {
      this.catalog.reload()
      return () => job.reject(error)
    }
  }
}

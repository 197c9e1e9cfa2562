import type { WeekStatus } from '../../../src/domain/weekly-report.ts'

/** The colour of where a week stands; the words say the same. */
export function statusTone(status: WeekStatus): string {
  switch (status.kind) {
    case 'submitted':
    case 'scored':
      return 'good'
    case 'late':
    case 'returned':
      return 'warn'
    case 'missing':
      return 'bad'
    case 'draft':
      return status.overdue ? 'bad' : 'warn'
    case 'owed':
      return ''
    case 'not-owed':
      return 'quiet'
  }
}

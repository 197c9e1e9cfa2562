import { formatDay } from '../../../../src/domain/time.ts'
import type { InterviewLine, InterviewPage } from '../../../../src/http/api/contract-interviews.ts'
import { usePageStore } from '../../lib/page-store.ts'

export { stillHere } from '../../lib/page-store.ts'

export type InterviewStore = ReturnType<typeof useInterview>

/** 2027年5月28日: a plan reaches into another year. */
export const fullDay = (day: string): string => `${day.slice(0, 4)}年${formatDay(day)}`

export const useInterview = (person: string, period: string) =>
  usePageStore<InterviewPage>(`/api/interview/${encodeURIComponent(person)}/${encodeURIComponent(period)}`)

/** The colour of where an interview stands; the words say the same. */
export function interviewTone(line: Pick<InterviewLine, 'state' | 'mine'>): string {
  if (line.mine) return 'warn'
  switch (line.state) {
    case 'objected':
      return 'bad'
    case 'done':
    case 'reviewed':
      return 'good'
    case 'agreed':
    case 'improving':
    case 'to-record':
    case 'to-review':
      return ''
    case 'open':
    case 'asked':
    case 'countered':
    case 'to-allow':
    case 'to-confirm':
    case 'gone':
    case 'waived':
      return 'quiet'
  }
}

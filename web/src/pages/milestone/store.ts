import type { MilestoneLine, MilestonePage } from '../../../../src/http/api/contract-milestones.ts'
import { usePageStore } from '../../lib/page-store.ts'

export type MilestoneStore = ReturnType<typeof useMilestone>

export const useMilestone = (id: string) => usePageStore<MilestonePage>(`/api/milestone/${encodeURIComponent(id)}`)

/** The colour of where a milestone stands; the words say the same. */
export function milestoneTone(line: Pick<MilestoneLine, 'state' | 'late' | 'mine'>): string {
  if (line.late) return 'bad'
  if (line.mine) return 'warn'
  switch (line.state) {
    case 'handed-in':
      return ''
    case 'accepted':
      return 'good'
    case 'open':
    case 'past':
    case 'cancelled':
      return 'quiet'
  }
}

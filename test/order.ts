import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * The files that take longest, in the order in which they fill two cores best: the long ones first, and at any time about one that
 * waits (for processes that start and die, for outages) beside those that compute. Without it a clean checkout began its
 * longest file last and took a sixth longer.
 */
const FIRST = [
  ...['crash-rush', 'pages-browser', 'weekly-loop', 'crash-month', 'outage-platform', 'survey-crash', 'moments-replay'],
  ...[
    'month-quarter',
    'crash-survey',
    'week-model',
    'api-week',
    'durability',
    'week-crash',
    'support',
    'attack-callbacks',
  ],
  ...[
    'api-rights',
    'people-moments',
    'outage-database',
    'interviews',
    'pages-interviews',
    'milestones',
    'pages-milestones',
    'month-closing',
    'pages-month',
    'survey-loop',
    'month-flow',
  ],
  ...['crash-push', 'admin-api', 'fuzz-parsers', 'pages-people', 'outage-half-hour', 'survey-privacy', 'sandbox-page'],
  ...['cli-operations', 'attack-races', 'survey-browser', 'admin-page', 'read-together', 'people-join', 'outbox'],
]

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = FIRST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return place < 0 ? FIRST.length : place
    }
    return [...files].sort((a, b) => rank(a) - rank(b))
  }
}

import type { Needed } from '../bson/decode.ts'
import { type Doc, isDoc, type Value } from '../bson/values.ts'
import { fail, notImplemented } from '../errors.ts'
import { mergeNeeded } from '../query/filter.ts'
import type { SortKey } from '../query/sort.ts'
import { NO_VARIABLES, type Variables } from './expression.ts'
import { parseGroupStage } from './group.ts'
import { parseMapper } from './mappers.ts'
import { parseJoinStage } from './stages-join.ts'
import { parseSourceStage } from './stages-source.ts'
import { parseStreamStage } from './stages-stream.ts'

/** What a pipeline may ask of the database while it runs. */
export interface Reader {
  /** Documents of a collection of the same database; none if it does not exist. */
  read(collection: string, query: SourceQuery): Iterable<Doc>
  /** The figures of `$collStats`. */
  stats(collection: string): Doc
  /** Specifications of the indexes of a collection. */
  indexes(collection: string): Doc[]
  /** Throws when the time limit of the command has passed. */
  checkDeadline(): void
}

/** The part of a pipeline that the query planner takes over. */
export interface SourceQuery {
  filter?: Doc
  variables?: Variables
  sort?: SortKey[]
  limit?: number
  skip?: number
  needed?: Needed | undefined
}

export interface Stage {
  name: string
  run(input: Iterable<Doc>, reader: Reader): Iterable<Doc>
  /** Fields it reads; `undefined` for all. */
  reads: Needed | undefined
  /** True when only what it reads or makes reaches the next stage. */
  closes: boolean
  /** What the planner can do in its stead when it stands first. */
  pushdown?: Pick<SourceQuery, 'filter' | 'sort' | 'limit' | 'skip'>
  /** Produces documents itself and must stand first. */
  source?: boolean
}

export interface Pipeline {
  stages: Stage[]
  variables: Variables
}

const MAX_STAGES = 1000
const REFUSED = new Set(
  (
    '$changeStream $changeStreamSplitLargeEvent $currentOp $densify $fill $geoNear $graphLookup ' +
    '$listLocalSessions $listSessions $merge $out $planCacheStats $redact $search $searchMeta $vectorSearch ' +
    '$setWindowFields $shardedDataDistribution $bucketAuto $querySettings $queryStats $listSampledQueries'
  ).split(' '),
)

/** Parses every stage before the first document is read. */
export function parsePipeline(
  list: Value[],
  variables: Variables = NO_VARIABLES,
  inside?: '$facet' | '$lookup',
): Pipeline {
  if (list.length > MAX_STAGES) fail(7749501, `Pipeline length must be no longer than ${MAX_STAGES} stages.`)
  const stages = list.map((entry, position) => {
    if (!isDoc(entry)) return fail(14, 'Each element of the pipeline must be an object')
    if (entry.size !== 1) return fail(40323, 'A pipeline stage specification object must contain exactly one field.')
    const [name, spec] = [...entry][0]!
    const stage = parseStage(name, spec, variables)
    if (stage.source && inside === '$facet') fail(40600, `${name} is not allowed to be used within a $facet stage`)
    if (stage.source && position > 0) fail(40602, `${name} is only valid as the first stage in a pipeline.`)
    if (name === '$facet' && inside === '$facet') fail(40600, '$facet is not allowed to be used within a $facet stage')
    return stage
  })
  return { stages, variables }
}

function parseStage(name: string, spec: Value, variables: Variables): Stage {
  const mapper = parseMapper(name, spec, variables)
  if (mapper) {
    return {
      name,
      reads: mapper.reads,
      closes: mapper.closes,
      *run(input) {
        for (const document of input) yield mapper.map(document)
      },
    }
  }
  const stage =
    parseStreamStage(name, spec, variables) ??
    parseGroupStage(name, spec, variables) ??
    parseJoinStage(name, spec, variables) ??
    parseSourceStage(name, spec, variables)
  if (stage) return stage
  if (REFUSED.has(name)) return notImplemented(`aggregation stage ${name}`)
  return fail(40324, `Unrecognized pipeline stage name: '${name}'`)
}

/** Runs a pipeline over a collection: leading stages go to the planner, the others stream. */
export function runPipeline(pipeline: Pipeline, collection: string, reader: Reader): Iterable<Doc> {
  const { stages, variables } = pipeline
  if (stages[0]?.source) return runStages(stages, [], reader)
  const query: SourceQuery = { variables, needed: neededFields(stages) }
  const taken = takeLeading(stages, query)
  return runStages(stages.slice(taken), reader.read(collection, query), reader)
}

export function runStages(stages: Stage[], input: Iterable<Doc>, reader: Reader): Iterable<Doc> {
  return stages.reduce((documents, stage) => stage.run(documents, reader), input)
}

/** Hands a leading run of match, sort, skip and limit to the source; answers how many stages that was. */
export function takeLeading(stages: Stage[], query: SourceQuery): number {
  let taken = 0
  for (const { pushdown } of stages) {
    if (!pushdown) break
    const { filter, sort, skip, limit } = pushdown
    const bounded = query.skip !== undefined || query.limit !== undefined
    if (filter) {
      if (bounded || query.sort) break
      query.filter = query.filter ? new Map([['$and', [query.filter, filter]]]) : filter
    } else if (sort) {
      if (bounded) break
      query.sort = sort
    } else if (skip !== undefined) {
      if (bounded) break
      query.skip = skip
    } else if (limit !== undefined) {
      query.limit = Math.min(query.limit ?? limit, limit)
    }
    taken++
  }
  return taken
}

/** Fields that any stage can see before one closes the view; `undefined` for all. */
export function neededFields(stages: Stage[]): Needed | undefined {
  const needed: Needed = new Map()
  for (const stage of stages) {
    if (!stage.reads) return undefined
    mergeNeeded(needed, stage.reads)
    if (stage.closes) return needed
  }
  return undefined
}

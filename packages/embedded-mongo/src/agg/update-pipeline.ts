import { type Doc, isDoc, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { checkVariableName, type Variables } from './expression.ts'
import { type Mapper, parseMapper } from './mappers.ts'

export type { Mapper }

const ALLOWED = new Set(['$set', '$addFields', '$unset', '$project', '$replaceRoot', '$replaceWith'])

/** An update given as a pipeline: only stages that map one document to one. */
export function parseUpdatePipeline(stages: Value[], constants: Doc | undefined): Mapper {
  for (const name of constants?.keys() ?? []) checkVariableName(name)
  const variables: Variables = { names: new Set(constants?.keys()), values: new Map(constants) }
  const mappers = stages.map((stage) => {
    if (!isDoc(stage)) return fail(14, 'Each element of the pipeline must be an object')
    if (stage.size !== 1) return fail(40323, 'A pipeline stage specification object must contain exactly one field.')
    const [name, spec] = [...stage][0]!
    if (!ALLOWED.has(name)) {
      return fail(72, `${name} is not allowed to be used within an update`)
    }
    return parseMapper(name, spec, variables)!.map
  })
  return (document) => mappers.reduce((current, map) => map(current), document)
}

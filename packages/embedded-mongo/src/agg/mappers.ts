import type { Needed } from '../bson/decode.ts'
import { type Doc, isDoc, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { show } from '../value/show.ts'
import { parseExpression, type Variables } from './expression.ts'
import { parseAddFields, parseProjection } from './projection.ts'

export type Mapper = (document: Doc) => Doc

export interface MapperStage {
  map: Mapper
  /** Fields the stage reads; `undefined` for all. */
  reads: Needed | undefined
  /** True when nothing but what it reads reaches the next stage. */
  closes: boolean
}

/** The stages that turn one document into one: `$project`, `$addFields`/`$set`, `$unset`, `$replaceRoot`/`$replaceWith`. */
export function parseMapper(name: string, spec: Value, variables: Variables): MapperStage | undefined {
  switch (name) {
    case '$project': {
      if (!isDoc(spec)) return fail(15969, '$project specification must be an object')
      const projection = parseProjection(spec, { variables })
      const reads = projection.passesRest ? new Map() : projection.needed
      return { map: projection.apply, reads, closes: !projection.passesRest }
    }
    case '$addFields':
    case '$set': {
      if (!isDoc(spec)) return fail(40272, `${name} specification stage must be an object, got ${show(spec)}`)
      const { apply, reads } = parseAddFields(spec, name, variables)
      return { map: apply, reads: reads.has('') ? undefined : reads, closes: false }
    }
    case '$unset': {
      const names = Array.isArray(spec) ? spec : [spec]
      if (names.length === 0 || !names.every((field) => typeof field === 'string' && field !== '')) {
        return fail(31002, '$unset specification must be a string or an array')
      }
      const projection = parseProjection(new Map(names.map((field): [string, Value] => [field as string, 0])), {
        variables,
      })
      return { map: projection.apply, reads: new Map(), closes: false }
    }
    case '$replaceRoot':
    case '$replaceWith': {
      let root = spec
      if (name === '$replaceRoot') {
        if (!isDoc(spec)) return fail(40229, 'expected an object as specification for $replaceRoot stage')
        for (const key of spec.keys())
          if (key !== 'newRoot') fail(40415, `BSON field '$replaceRoot.${key}' is an unknown field.`)
        root = spec.get('newRoot') ?? fail(40414, "BSON field '$replaceRoot.newRoot' is missing but a required field")
      }
      const needed: Needed = new Map()
      const expression = parseExpression(root, { needed, vars: variables.names })
      const map: Mapper = (document) => {
        const result = expression({ root: document, vars: variables.values })
        if (!isDoc(result))
          return fail(
            40228,
            `'newRoot' expression must evaluate to an object, but resulting value was: ${show(result)}`,
          )
        return result
      }
      return { map, reads: needed.has('') ? undefined : needed, closes: true }
    }
  }
  return undefined
}

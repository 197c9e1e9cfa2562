import { type Doc, isDoc, type Value } from '../bson/values.ts'
import { fail, notImplemented } from '../errors.ts'
import { parseExpression, type Variables } from './expression.ts'
import type { Reader, Stage } from './pipeline.ts'

/** Name under which a pipeline asks for the figures of the collection it runs on. */
export const OWN_COLLECTION = ''

/** Stages that make documents themselves: `$documents`, `$collStats` and `$indexStats`. */
export function parseSourceStage(name: string, spec: Value, variables: Variables): Stage | undefined {
  if (name === '$documents') {
    const expression = parseExpression(spec, { needed: new Map(), vars: variables.names })
    return {
      name,
      reads: undefined,
      closes: true,
      source: true,
      run() {
        const list = expression({ root: new Map(), vars: variables.values })
        if (!Array.isArray(list) || !list.every(isDoc))
          return fail(5858203, '$documents must evaluate to an array of objects')
        return list as Doc[]
      },
    }
  }
  if (name === '$indexStats') {
    if (!isDoc(spec) || spec.size > 0) return fail(28803, 'The $indexStats stage specification must be an empty object')
    return { name, reads: undefined, closes: true, source: true, run: (_input, reader) => indexStats(reader) }
  }
  if (name === '$collStats') {
    if (!isDoc(spec)) return fail(5447000, '$collStats must take a nested object')
    for (const [key, value] of spec) {
      if (key !== 'count' && key !== 'storageStats' && key !== 'latencyStats') {
        return key === 'queryExecStats'
          ? notImplemented('$collStats.queryExecStats')
          : fail(40415, `BSON field '$collStats.${key}' is an unknown field.`)
      }
      if (!isDoc(value)) return fail(40167, `BSON field '$collStats.${key}' must be an object`)
    }
    return {
      name,
      reads: undefined,
      closes: true,
      source: true,
      run(_input, reader) {
        const stats = reader.stats(OWN_COLLECTION)
        const result: Doc = new Map([
          ['ns', stats.get('ns')!],
          ['host', 'embedded'],
          ['localTime', new Date()],
        ])
        if (spec.has('count')) result.set('count', stats.get('count')!)
        if (spec.has('storageStats')) result.set('storageStats', stats)
        if (spec.has('latencyStats')) result.set('latencyStats', new Map())
        return [result]
      },
    }
  }
  return undefined
}

/** Uses are not counted, which is told as none since now. */
function indexStats(reader: Reader): Doc[] {
  return reader.indexes(OWN_COLLECTION).map(
    (spec): Doc =>
      new Map<string, Value>([
        ['name', spec.get('name')!],
        ['key', spec.get('key')!],
        ['host', 'embedded'],
        [
          'accesses',
          new Map<string, Value>([
            ['ops', 0n],
            ['since', new Date()],
          ]),
        ],
        ['spec', spec],
      ]),
  )
}

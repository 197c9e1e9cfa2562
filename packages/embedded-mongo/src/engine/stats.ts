import { type Doc, toDouble, type Value } from '../bson/values.ts'
import type { Collection } from '../store/collection.ts'

/** The figures of `collStats`. Sizes are counted by reading the collection: nothing on disk keeps them. */
export function collectionStats(collection: Collection | undefined, ns: string): Doc {
  const count = collection?.count ?? 0
  const size = collection?.byteSize() ?? 0
  const indexSizes: Doc = new Map((collection?.indexes ?? []).map((index): [string, Value] => [index.name, 0]))
  return new Map<string, Value>([
    ['ns', ns],
    ['size', size],
    ['count', count],
    ['avgObjSize', count > 0 ? Math.round(size / count) : 0],
    ['storageSize', size],
    ['capped', false],
    ['nindexes', collection?.indexes.length ?? 0],
    ['indexSizes', indexSizes],
    ['totalIndexSize', 0],
    ['totalSize', size],
    ['scaleFactor', 1],
  ])
}

export function databaseStats(db: string, collections: Collection[]): Doc {
  const objects = collections.reduce((total, collection) => total + collection.count, 0)
  const size = collections.reduce((total, collection) => total + collection.byteSize(), 0)
  return new Map<string, Value>([
    ['db', db],
    ['collections', collections.length],
    ['views', 0],
    ['objects', objects],
    ['avgObjSize', toDouble(objects > 0 ? size / objects : 0)],
    ['dataSize', toDouble(size)],
    ['storageSize', toDouble(size)],
    ['indexes', collections.reduce((total, collection) => total + collection.indexes.length, 0)],
    ['indexSize', toDouble(0)],
    ['totalSize', toDouble(size)],
    ['scaleFactor', toDouble(1)],
  ])
}

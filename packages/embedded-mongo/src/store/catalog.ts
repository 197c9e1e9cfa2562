import type { Doc } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { Collection } from './collection.ts'
import type { Store } from './store.ts'

/** The collections, loaded once. After a transaction that failed, `reload` brings back what is on disk. */
export class Catalog {
  private collections = new Map<string, Collection>()

  constructor(readonly store: Store) {
    this.reload()
  }

  reload(): void {
    this.collections = new Map()
    for (const [ns, saved] of this.store.metaEntries('ns/'))
      this.collections.set(ns, Collection.load(this.store, ns, saved as Doc))
  }

  /** Writes the counts that a command changed, in its transaction. */
  flush(): void {
    for (const collection of this.collections.values()) collection.saveCount()
  }

  get(ns: string): Collection | undefined {
    return this.collections.get(ns)
  }

  getOrCreate(ns: string): Collection {
    const known = this.collections.get(ns)
    if (known) return known
    checkNamespace(ns)
    const created = Collection.create(this.store, ns)
    this.collections.set(ns, created)
    return created
  }

  drop(ns: string): boolean {
    const known = this.collections.get(ns)
    if (!known) return false
    known.drop()
    this.collections.delete(ns)
    return true
  }

  rename(from: string, to: string): void {
    const source = this.collections.get(from)!
    this.store.removeMeta(`ns/${from}`)
    const renamed = new Collection(this.store, to, source.id, source.uuid)
    renamed.count = source.count
    renamed.indexes = source.indexes
    renamed.save()
    this.collections.delete(from)
    this.collections.set(to, renamed)
  }

  in(db: string): Collection[] {
    return [...this.collections.values()].filter((collection) => collection.db === db)
  }

  databases(): string[] {
    return [...new Set([...this.collections.values()].map((collection) => collection.db))].sort()
  }

  all(): Collection[] {
    return [...this.collections.values()]
  }
}

export function checkDbName(db: string): void {
  if (db === '' || db.length > 63 || /[/\\. "$*<>:|?\0]/.test(db)) fail(73, `Invalid database name: '${db}'`)
}

export function checkNamespace(ns: string): void {
  const name = ns.slice(ns.indexOf('.') + 1)
  checkDbName(ns.slice(0, ns.indexOf('.')))
  if (name === '' || name.includes('$') || name.includes('\0') || name.startsWith('.') || name.endsWith('.'))
    fail(73, `Invalid collection name: ${name}`)
  if (name.startsWith('system.')) fail(73, `Invalid system namespace: ${ns}`)
  if (Buffer.byteLength(ns) > 255) fail(73, `Fully qualified namespace is too long. Namespace: ${ns} Max: 255`)
}

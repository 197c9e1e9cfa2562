import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GroupCommit } from '../src/engine/group-commit.ts'
import { Catalog } from '../src/store/catalog.ts'
import { Store } from '../src/store/store.ts'

test('a write that is still in line when the store is closed is refused', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'em-test-'))
  const store = await Store.open({ dir, durable: false })
  const commit = new GroupCommit(new Catalog(store), () => {})
  const writing = commit.submit(() => new Map())
  await store.close()
  await expect(writing).rejects.toThrow()
  rmSync(dir, { recursive: true, force: true })
})

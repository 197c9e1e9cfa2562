// Kills a writing process 25 times at random moments and checks every acknowledged write and every index.
// Run: node bench/embedded-mongo/crash.mjs [kills, default 25] [seed]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, newAcks, startWriter } from '../../packages/embedded-mongo/test/crash.mjs'

const kills = Number(process.argv[2] ?? 25)
const seed = Number(process.argv[3] ?? Date.now() % 100_000)
let state = seed
const random = () => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0
  return state / 0x100000000
}
const dir = mkdtempSync(join(tmpdir(), 'em-crash-'))
const acked = newAcks()
for (let round = 0; round < kills; round++) {
  const writer = await startWriter(dir, 8, `r${round}`, acked)
  await new Promise((done) => setTimeout(done, 20 + random() * 400))
  await writer.kill()
}
const { problems, documents } = await check(dir, acked)
const told = acked.items.length + [...acked.counters.values()].reduce((sum, n) => sum + n, 0)
console.log(
  `seed ${seed}: ${kills} kills, ${told} acknowledged writes, ${documents} documents, ${problems.length} problems`,
)
for (const problem of problems.slice(0, 20)) console.log(problem)
rmSync(dir, { recursive: true, force: true })
process.exit(problems.length > 0 ? 1 : 0)

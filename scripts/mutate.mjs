// Mutation test: node scripts/mutate.mjs [part of a file's name ...]
// Changes one thing at a time in the code where a wrong result would be unfair or unsafe, in memory only, and runs the tests that are
// about it. What no test notices is printed: a hole in the tests, or superfluous code. Figures go to bench/results/mutation.json.
import { fork } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createVitest } from 'vitest/node'
import { mutantsOf } from './mutants.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
const report = 'bench/results/mutation.json'
/** At least so much of what is not equivalent has to be noticed (reliability.md L2). */
const GOAL = 0.95

/** Each file with the tests that are about it. */
const targets = {
  'src/platforms/wecom/crypto.ts': ['wecom-crypto', 'wecom-callback'],
  'src/platforms/wecom/callback.ts': ['wecom-callback'],
  'src/platforms/dingtalk/crypto.ts': ['dingtalk-crypto', 'dingtalk-http'],
  'src/platforms/dingtalk/http-mode.ts': ['dingtalk-http'],
  'handlers/rights.ts': ['rights'],
  'src/domain/score.ts': ['domain-score'],
  'src/domain/settlement.ts': ['month-settlement'],
  'src/domain/weekly-report.ts': ['domain-weekly-report'],
  'src/domain/deadline.ts': ['domain-deadline'],
  'src/domain/interview.ts': ['domain-interview'],
  'src/domain/parse-appointment.ts': ['domain-interview'],
  'src/domain/milestone.ts': ['domain-milestone'],
  'src/inbox/inbox.ts': ['inbox'],
  'src/inbox/begin.ts': ['inbox'],
}

/** One file in a process of its own, which is ended when a mutant never comes back. Asks for mutants by number, answers `ready` and verdicts. */
async function serve(file) {
  let code
  const plugin = { name: 'mutant', enforce: 'pre', load: (id) => (id === root + file ? code : undefined) }
  const options = {
    ...{ watch: false, bail: 1, pool: 'threads', maxWorkers: 1, reporters: [{}], silent: true },
    // What never comes does not have to be waited for as long as on a busy machine.
    ...{ testTimeout: 10_000, expect: { poll: { timeout: 5_000 } } },
  }
  const vitest = await createVitest('test', options, { plugins: [plugin], logLevel: 'silent' })
  const tests = targets[file].map((name) => `${root}test/${name}.test.ts`)
  const specs = (await vitest.globTestSpecifications()).filter((s) => tests.includes(s.moduleId))
  process.on('message', async (mutated) => {
    code = mutated ?? undefined
    vitest.invalidateFile(root + file)
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specs)
    process.send(testModules.every((m) => m.ok()) && unhandledErrors.length === 0 && testModules.length > 0)
  })
  process.send('ready')
}

/** What the process says next; undefined when it ended. */
const next = (child) =>
  new Promise((done) => {
    const said = (word) => {
      child.off('message', said).off('exit', ended)
      done(word)
    }
    const ended = () => said(undefined)
    child.once('message', said).once('exit', ended)
  })

async function start(file) {
  const child = fork(fileURLToPath(import.meta.url), ['--serve', file], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await next(child)
  const run = (code, mostMs) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), mostMs)
    const verdict = next(child).finally(() => clearTimeout(timer))
    child.send(code)
    return verdict
  }
  return { child, run }
}

async function test(file) {
  const source = readFileSync(file, 'utf8')
  const reasons = JSON.parse(readFileSync('scripts/equivalent-mutants.json', 'utf8'))[file] ?? {}
  const mutants = mutantsOf(source).filter((m) => !(m.shown in reasons))
  const unknown = Object.keys(reasons).filter((shown) => !mutantsOf(source).some((m) => m.shown === shown))
  for (const shown of unknown) console.log(`no such mutant any more: ${file} ${shown}`)
  let worker = await start(file)
  const from = performance.now()
  if ((await worker.run(null, 300_000)) !== true) throw new Error(`the tests of ${file} fail as they are`)
  const mostMs = 15_000 + 5 * (performance.now() - from)
  const survivors = []
  for (const [i, m] of mutants.entries()) {
    if (process.stderr.isTTY) process.stderr.write(`\r${file} ${i + 1}/${mutants.length} `)
    const passed = await worker.run(m.code, mostMs)
    if (passed) survivors.push(`${m.line}: ${m.shown}`)
    if (passed) console.log(`survived: ${file}:${m.line} ${m.shown}`)
    if (passed === undefined) worker = await start(file)
  }
  worker.child.kill('SIGKILL')
  const killed = mutants.length - survivors.length
  const share = Number((killed / mutants.length).toFixed(3))
  return { mutants: mutants.length, killed, share, equivalent: Object.keys(reasons).length - unknown.length, survivors }
}

if (process.argv[2] === '--serve') await serve(process.argv[3])
else {
  const wanted = process.argv.slice(2)
  const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {}
  let enough = true
  for (const file of Object.keys(targets)) {
    if (wanted.length > 0 && !wanted.some((w) => file.includes(w))) continue
    results[file] = await test(file)
    const { mutants, killed, share } = results[file]
    enough &&= share >= GOAL
    console.log(`${file}: ${killed} of ${mutants} noticed, ${(share * 100).toFixed(1)} %`)
    mkdirSync('bench/results', { recursive: true })
    writeFileSync(report, `${JSON.stringify(results, undefined, 2)}\n`)
  }
  process.exit(enough ? 0 : 1)
}

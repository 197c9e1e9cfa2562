// npm run bench -- [callbacks|push|rush] [amount]: our hot paths beside the bare ones, in the same run; figures go to bench/results.
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
const [only, amount] = process.argv.slice(2)
const entryPoints = {
  callbacks: 'bench/callbacks/load.ts',
  server: 'bench/callbacks/server.ts',
  push: 'bench/push/load.ts',
  sink: 'bench/push/sink.ts',
  rush: 'bench/rush/load.ts',
}
await build({
  ...{ entryPoints, outdir: 'dist/bench', bundle: true, platform: 'node', target: 'node20', format: 'esm' },
  ...{ packages: 'external', logLevel: 'warning' },
})
const size = amount === undefined ? undefined : Number(amount)
for (const [name, options] of [
  ['callbacks', size && { requests: size }],
  ['push', size && { cards: size }],
  ['rush', size && { people: size }],
]) {
  if (only !== undefined && only !== name) continue
  const { load } = await import(pathToFileURL(join(root, `dist/bench/${name}.js`)))
  console.log(name, JSON.stringify(await load(options), undefined, 2))
}
process.exit(0)

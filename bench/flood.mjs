// Good callbacks beside a flood of forged ones: node bench/flood.mjs
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
await build({
  ...{ entryPoints: { flood: 'bench/flood/load.ts', server: 'bench/callbacks/server.ts' }, outdir: 'dist/bench' },
  ...{ bundle: true, platform: 'node', target: 'node20', format: 'esm', packages: 'external', logLevel: 'warning' },
})
const { load } = await import(pathToFileURL(join(root, 'dist/bench/flood.js')))
process.exit((await load()) ? 0 : 1)

// Bundles the package to dist/: index.js for the caller and worker.js for the engine thread.
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build as bundle } from 'esbuild'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

/** Files appear whole: another process may be importing the old ones. */
export async function build() {
  const scratch = here(`dist/.${process.pid}`)
  await bundle({
    entryPoints: [here('src/index.ts'), here('src/worker.ts')],
    outdir: scratch,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  })
  mkdirSync(here('dist'), { recursive: true })
  for (const file of ['worker.js', 'index.js']) renameSync(`${scratch}/${file}`, here(`dist/${file}`))
  rmSync(scratch, { recursive: true })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build()

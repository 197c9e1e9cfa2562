import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Builds the pages into `web/dist`, the administrator's into `web/dist/admin`: assets with hashed names and packed neighbours, and which of them each page needs. */
export async function build() {
  const vite = await import('vite')
  await vite.build({ configFile: join(here, 'vite.config.ts'), logLevel: 'warn' })
  const dist = join(here, 'dist')
  const manifestFile = join(dist, '.vite/manifest.json')
  const manifest = JSON.parse(readFileSync(manifestFile, 'utf8'))
  rmSync(join(dist, '.vite'), { recursive: true })
  writeFileSync(join(dist, 'preload.json'), JSON.stringify(preloads(manifest)))

  await vite.build({ configFile: join(here, 'admin/vite.config.ts'), logLevel: 'warn' })
  pack(join(dist, 'assets'))
  pack(join(dist, 'admin/assets'))
}

/** Puts a brotli and a gzip file beside each asset. */
function pack(assets) {
  for (const name of readdirSync(assets)) {
    if (!/\.(js|css|svg)$/.test(name)) continue
    const plain = readFileSync(join(assets, name))
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length }
    writeFileSync(join(assets, `${name}.br`), brotliCompressSync(plain, { params }))
    writeFileSync(join(assets, `${name}.gz`), gzipSync(plain, { level: 9 }))
  }
}

/** The first folder of an address below /h5/ to what its page loads beyond index.html. */
function preloads(manifest) {
  const ofPage = {
    home: 'HomePage',
    week: 'WeekPage',
    score: 'ScorePages',
    team: 'TeamPage',
    results: 'ResultsPage',
    form: 'FormPage',
    result: 'ResultPage',
    month: 'MonthPage',
    behaviour: 'BehaviourPage',
    surveys: 'SurveysPage',
    survey: 'SurveyPage',
  }
  const entry = Object.values(manifest).find((chunk) => chunk.isEntry)
  const inIndex = closure(manifest, entry)
  return Object.fromEntries(
    Object.entries(ofPage).map(([page, file]) => {
      const chunk = Object.values(manifest).find(
        (c) => c.src === `src/pages/${file}.vue` || c.src === `src/pages/${file}.ts`,
      )
      if (!chunk) throw new Error(`no built page ${file}`)
      return [page, [...closure(manifest, chunk)].filter((f) => !inIndex.has(f)).map((f) => `/h5/${f}`)]
    }),
  )
}

function closure(manifest, chunk, found = new Set()) {
  if (found.has(chunk.file)) return found
  found.add(chunk.file)
  for (const css of chunk.css ?? []) found.add(css)
  for (const key of chunk.imports ?? []) closure(manifest, manifest[key], found)
  return found
}

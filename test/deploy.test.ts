import { existsSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readConfig } from '../src/config.ts'

test('the compose file can be read, and the bot’s address names the replica set that the database begins', () => {
  const { services } = parse(readFileSync('compose.yaml', 'utf8'))
  const set = services.mongo.command[services.mongo.command.indexOf('--replSet') + 1]
  expect(services.mongo.healthcheck.test[1]).toContain(
    `rs.initiate({ _id: '${set}', members: [{ _id: 0, host: 'mongo:27017' }] })`,
  )
  const { MONGODB_URI } = services.bot.environment
  expect(new URL(MONGODB_URI).searchParams.get('replicaSet')).toBe(set)
  expect(readConfig(services.bot.environment)).toMatchObject(services.bot.environment)
})

test('what the image is made of is there, and it runs what is built', () => {
  const lines = readFileSync('Dockerfile', 'utf8').split('\n')
  const taken = lines.flatMap((line) => /^COPY (?!--from)(.+) \S+$/.exec(line)?.[1]?.split(' ') ?? [])
  expect(taken.length).toBeGreaterThan(2)
  expect(taken.filter((path) => !existsSync(path))).toEqual([])
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(scripts.start).toContain(JSON.parse(/^CMD (\[.*)$/m.exec(lines.join('\n'))![1]!).join(' '))
})

test('nothing but the database’s own libraries is looked for beside the bundle: the image has no others', async () => {
  const { metafile } = await build({
    entryPoints: ['dist/start.js', 'dist/cli.js'],
    ...{ bundle: true, write: false, outdir: 'unused', format: 'esm', platform: 'node', logLevel: 'silent' },
    ...{ packages: 'external', metafile: true },
  })
  const wanted = Object.values(metafile.outputs).flatMap((o) => o.imports)
  const packages = wanted.filter((i) => i.external && i.kind === 'import-statement' && !isBuiltin(i.path))
  expect(new Set(packages.map((i) => i.path))).toEqual(new Set(['embedded-mongo']))
})

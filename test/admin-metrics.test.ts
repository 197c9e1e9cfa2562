import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { createMetrics } from '../src/metrics.ts'

/** Every name under which something is sampled, with the parts of histograms. */
async function sampled(): Promise<Set<string>> {
  const metrics = await createMetrics().registry.getMetricsAsJSON()
  return new Set(
    metrics.flatMap(({ name, type }) =>
      String(type) === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  )
}

const namesIn = (text: string) => [...new Set(text.match(/\bjixiao_[a-z0-9_]+/g))]
const dashboard = JSON.parse(readFileSync('deploy/grafana-dashboard.json', 'utf8'))
type Panel = { id: number; title: string; type: string; targets?: { expr: string }[] }

test('every figure that the dashboard and the alerts ask for exists, and every one of ours is on the dashboard', async () => {
  const known = await sampled()
  const asked = dashboard.panels.flatMap((p: Panel) => p.targets?.map((t) => t.expr) ?? [])
  const rules = parse(readFileSync('deploy/prometheus-alerts.yml', 'utf8')).groups[0].rules as { expr: string }[]
  const used = namesIn([...asked, ...rules.map((r) => r.expr)].join('\n'))
  expect(used.length).toBeGreaterThan(12)
  expect(used.filter((name) => !known.has(name))).toEqual([])
  const ours = [...known].filter((name) => !/^jixiao_(process|nodejs)_/.test(name) && !/_(sum|count)$/.test(name))
  expect(ours.filter((name) => !namesIn(asked.join('\n')).includes(name))).toEqual([])
})

test('labels that are asked for are labels that are kept', async () => {
  const { registry } = createMetrics()
  const labels = new Set(
    registry.getMetricsAsArray().flatMap((m) => (m as unknown as { labelNames?: string[] }).labelNames ?? []),
  )
  const text = JSON.stringify(dashboard.panels)
  const by = [...text.matchAll(/by \(([a-z, ]+)\)/g)].flatMap((m) => m[1]!.split(', '))
  expect(by.filter((label) => label !== 'le' && !labels.has(label))).toEqual([])
})

test('the dashboard is one that Grafana takes: panels with ids of their own, a data source to choose', () => {
  const panels: Panel[] = dashboard.panels
  expect(new Set(panels.map((p) => p.id)).size).toBe(panels.length)
  expect(dashboard.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' })
  for (const p of panels) if (p.type !== 'row') expect([p.title, p.targets!.length > 0]).toEqual([p.title, true])
})

test('the manual explains every figure of ours', async () => {
  const manual = readFileSync('docs/operations.md', 'utf8')
  const ours = createMetrics()
    .registry.getMetricsAsArray()
    .map((m) => m.name)
    .filter((name) => !/^jixiao_(process|nodejs)_/.test(name))
  expect(ours.filter((name) => !manual.includes(`\`${name}`))).toEqual([])
  // And none that is no more.
  expect(
    namesIn(manual).filter((name) => !ours.some((o) => name.startsWith(o)) && !/^jixiao_(process|nodejs)_/.test(name)),
  ).toEqual([])
})

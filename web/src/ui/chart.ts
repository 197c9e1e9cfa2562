import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

use([BarChart, LineChart, GridComponent, LegendComponent, SVGRenderer])

export interface ChartData {
  kind: 'line' | 'bar'
  labels: string[]
  series: { name: string; values: (number | null)[] }[]
  most: number
  unit: string
}

/** Draws in the page's own colours and text size. Returns what takes it away again. */
export function drawChart(box: HTMLElement, data: ChartData): () => void {
  const css = getComputedStyle(document.documentElement)
  const colour = (name: string) => css.getPropertyValue(name).trim()
  const rem = Number.parseFloat(css.fontSize)
  const text = {
    color: colour('--ink-2'),
    fontSize: 0.75 * rem,
    fontFamily: getComputedStyle(document.body).fontFamily,
  }
  const colours = [colour('--accent'), colour('--warn')]
  const chart = init(box, undefined, { renderer: 'svg' })
  chart.setOption({
    animation: false,
    color: colours,
    grid: {
      left: 2.25 * rem,
      right: 0.75 * rem,
      top: (data.series.length > 1 ? 2.25 : 1.25) * rem,
      bottom: 1.75 * rem,
    },
    ...(data.series.length > 1 && { legend: { top: 0, textStyle: text, itemHeight: 0.6 * rem } }),
    xAxis: {
      type: 'category',
      data: data.labels,
      axisLabel: text,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colour('--line') } },
    },
    yAxis: {
      type: 'value',
      min: 0,
      max: data.most,
      axisLabel: { ...text, formatter: `{value}${data.unit}` },
      splitLine: { lineStyle: { color: colour('--line') } },
      interval: data.most / 4,
    },
    series: data.series.map(({ name, values }, i) => ({
      name,
      type: data.kind,
      data: values,
      symbolSize: 8,
      barMaxWidth: 1.5 * rem,
      ...(data.kind === 'bar' && { stack: 'all' }),
      ...(data.kind === 'line' && {
        label: { show: true, formatter: '{c}', color: colour('--ink'), fontSize: 0.75 * rem },
      }),
      itemStyle: { color: colours[i]! },
    })),
  })
  const resized = new ResizeObserver(() => chart.resize())
  resized.observe(box)
  return () => {
    resized.disconnect()
    chart.dispose()
  }
}

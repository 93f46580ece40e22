/** What the charts draw, in the colours of the look. */
import type { Language } from '@/api/types'
import { duration } from '@/look/time'

import type { Tile } from './calls'

const FONT = { fontFamily: 'inherit', fontSize: 12 }
const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'))

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}

function minutes(seconds: number | null): number | null {
  return seconds === null ? null : Math.round(seconds / 60)
}

interface Words {
  median: string
  p90: string
  cases: string
}

/** Line of the median and the 90th percentile over bars of how many. */
export function trend(days: string[], tiles: Tile[], words: Words, language: Language): Record<string, unknown> {
  const of = new Map(tiles.map((tile) => [tile.group, tile]))
  const told = days.map((day) => of.get(day))
  const line = (name: string, values: (number | null)[], ink: string, type: string) => ({
    name, type: 'line', data: values, smooth: false, showSymbol: days.length < 40, symbolSize: 5, connectNulls: false,
    itemStyle: { color: ink }, lineStyle: { width: 2, type },
  })
  return {
    textStyle: FONT,
    animation: false,
    tooltip: { trigger: 'axis', valueFormatter: (value: unknown) => (typeof value === 'number' ? String(value) : '—') },
    grid: { left: 8, right: 8, top: 28, bottom: 4, containLabel: true },
    xAxis: { type: 'category', data: days.map((day) => day.slice(5)), axisTick: { show: false }, axisLine: { lineStyle: { color: colour('line-strong') } }, axisLabel: { color: colour('ink-3') } },
    yAxis: [
      { type: 'value', name: language === 'en' ? 'min' : '分', nameTextStyle: { color: colour('ink-3') }, splitLine: { lineStyle: { color: colour('line') } }, axisLabel: { color: colour('ink-3') } },
      { type: 'value', name: words.cases, nameTextStyle: { color: colour('ink-3') }, splitLine: { show: false }, minInterval: 1, axisLabel: { color: colour('ink-3') } },
    ],
    series: [
      { name: words.cases, type: 'bar', yAxisIndex: 1, data: told.map((tile) => tile?.n ?? 0), itemStyle: { color: colour('accent-soft') }, barMaxWidth: 18 },
      line(words.median, told.map((tile) => minutes(tile?.p50_s ?? null)), colour('accent'), 'solid'),
      line(words.p90, told.map((tile) => minutes(tile?.p90_s ?? null)), colour('warn-fill'), 'dashed'),
    ],
  }
}

export interface Cell {
  weekday: string
  hour: string
  tile: Tile
}

/** The cells that have a case, in the order in which the chart numbers them. */
export function cellsOf(tiles: Tile[]): Cell[] {
  return tiles.filter((tile) => tile.n > 0).map((tile) => ({ weekday: tile.group.slice(0, 1), hour: tile.group.slice(2), tile }))
}

/** Hours across, weekdays down; a cell with too few cases is grey. */
export function heat(cells: Cell[], weekday: (day: string) => string, few: string, language: Language): Record<string, unknown> {
  const most = Math.max(60, ...cells.map(({ tile }) => tile.p50_s ?? 0))
  return {
    textStyle: FONT,
    animation: false,
    tooltip: {
      formatter: ({ dataIndex }: { dataIndex: number }) => {
        const cell = cells[dataIndex]
        if (cell === undefined) return ''
        const time = cell.tile.p50_s === null ? few : duration(cell.tile.p50_s, language)
        return `${weekday(cell.weekday)} ${cell.hour}:00 · ${time} · n = ${String(cell.tile.n)}`
      },
    },
    grid: { left: 4, right: 4, top: 4, bottom: 34, containLabel: true },
    xAxis: { type: 'category', data: HOURS, axisTick: { show: false }, axisLabel: { color: colour('ink-3') } },
    yAxis: { type: 'category', data: ['1', '2', '3', '4', '5', '6', '7'].map(weekday), inverse: true, axisTick: { show: false }, axisLabel: { color: colour('ink-3') } },
    visualMap: {
      min: 0, max: most, dimension: 2, orient: 'horizontal', left: 'center', bottom: 0, itemHeight: 120, itemWidth: 10, calculable: false,
      formatter: (value: number) => duration(value, language), inRange: { color: [colour('accent-soft'), colour('accent'), colour('accent-strong')] },
      outOfRange: { color: colour('quiet-soft') }, text: [duration(most, language), '0'], textStyle: { color: colour('ink-3') },
    },
    series: [{
      type: 'heatmap',
      data: cells.map((cell) => ({
        value: [Number(cell.hour), Number(cell.weekday) - 1, cell.tile.p50_s ?? -1],
        ...(cell.tile.p50_s === null ? { itemStyle: { color: colour('quiet-soft') } } : {}),
      })),
      itemStyle: { borderColor: colour('surface'), borderWidth: 1, borderRadius: 2 },
    }],
  }
}

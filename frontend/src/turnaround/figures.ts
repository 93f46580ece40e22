/** Periods as days of the region, and figures in few characters. */
import type { Tile } from './calls'

const DAY_MS = 86_400_000
const ZONE = 'Asia/Shanghai'

/** The day in the region: 2026-11-24. */
export function dayOf(at: Date): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: ZONE }).format(at)
}

function moved(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)
}

export interface Period {
  from: string
  to: string
}

export const PERIODS = ['7', '30', '90', 'month', 'lastMonth'] as const
export type PeriodName = (typeof PERIODS)[number]

/** A period by its name, with today as its last day unless it is a past month. */
export function periodOf(name: PeriodName, today: string): Period {
  const first = `${today.slice(0, 8)}01`
  if (name === 'month') return { from: first, to: today }
  if (name === 'lastMonth') return { from: `${moved(first, -1).slice(0, 8)}01`, to: moved(first, -1) }
  return { from: moved(today, 1 - Number(name)), to: today }
}

/** As many days just before. */
export function before(period: Period): Period {
  const days = Math.round((Date.parse(period.to) - Date.parse(period.from)) / DAY_MS) + 1
  return { from: moved(period.from, -days), to: moved(period.from, -1) }
}

/** Every day of a period, so that a day without a case is a gap and not left out. */
export function daysOf({ from, to }: Period): string[] {
  const days = Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1
  return Array.from({ length: Math.max(0, days) }, (_, place) => moved(from, place))
}

/** By how many per cent a measure changed; null where either is not told. */
export function change(now: number | null | undefined, last: number | null | undefined): number | null {
  return now == null || last == null || last === 0 ? null : Math.round(((now - last) / last) * 100)
}

export function percent(share: number | null, digits = 1): string {
  return share === null ? '—' : `${(share * 100).toFixed(digits)}%`
}

export function tileOf(tiles: Tile[], metric: string, group = ''): Tile | undefined {
  return tiles.find((tile) => tile.metric === metric && tile.group === group)
}

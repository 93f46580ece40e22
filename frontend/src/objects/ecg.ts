/** An electrocardiogram on its paper: where each lead is drawn, in millimetres, and what a caliper measures there. */
import type { Channel, Waveforms } from './calls'

export type Layout = 'columns' | 'rows'

/** Millimetres per second, and per millivolt. */
export interface Paper {
  layout: Layout
  speed: number
  gain: number
}

/** One stretch of one channel: from `from` to `to` seconds, its zero line at `y`, its start at `x`, in mm. */
export interface Strip {
  channel: number
  lead: string
  x: number
  y: number
  from: number
  to: number
  path: string
}

export interface Sheet {
  width: number
  height: number
  strips: Strip[]
}

export interface Point {
  /** Seconds from the start of the record. */
  at: number
  /** In the channel's unit; undefined where nothing was recorded. */
  value: number | undefined
}

export interface Measured {
  lead: string
  from: Point
  to: Point
  ms: number
  /** Undefined where either end has no value. */
  amplitude: number | undefined
  unit: string
  /** Beats per minute, if the two ends are a beat apart. */
  rate: number | undefined
}

const ROW_MM = 22
const MARGIN_MM = 8
/** The rows of the usual page of four columns; below them a lead for the rhythm (AHA 2007, doi 10.1161/CIRCULATIONAHA.106.180200). */
const COLUMNS = [
  ['I', 'aVR', 'V1', 'V4'],
  ['II', 'aVL', 'V2', 'V5'],
  ['III', 'aVF', 'V3', 'V6'],
]
const RHYTHM = 'II'
/** Millivolts in one of the unit. */
const VOLTS: Record<string, number> = { nV: 1e-6, uV: 1e-3, mV: 1, V: 1e3 }
const AUTO_MM = 16

export function measuredAt(channel: Channel, index: number): number | undefined {
  const stored = channel.values[index]
  return stored === undefined || stored === null ? undefined : stored * channel.factor + channel.baseline
}

/** Whether amplitudes are told in millivolts; other units are told as they are. */
export function isVoltage(channel: Channel): boolean {
  return channel.unit in VOLTS
}

export function unitOf(channel: Channel): string {
  return isVoltage(channel) ? 'mV' : channel.unit
}

/** A channel's value in the unit that is shown. */
export function shownAt(channel: Channel, index: number): number | undefined {
  const value = measuredAt(channel, index)
  return value === undefined ? undefined : value * (VOLTS[channel.unit] ?? 1)
}

export function fitsColumns(data: Waveforms): boolean {
  return COLUMNS.flat().every((lead) => data.channels.some((channel) => channel.lead === lead))
}

function frequencyOf(data: Waveforms): number {
  return data.groups[data.group]?.frequency_hz ?? 1
}

/** Millimetres for one shown unit: the gain for voltages, else what makes the curve fit its row. */
function scaleOf(channel: Channel, gain: number): { mm: number; zero: number } {
  if (isVoltage(channel)) return { mm: gain, zero: 0 }
  let low = Infinity
  let high = -Infinity
  for (let index = 0; index < channel.values.length; index += 1) {
    const value = shownAt(channel, index)
    if (value === undefined) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return high > low ? { mm: AUTO_MM / (high - low), zero: (high + low) / 2 } : { mm: 1, zero: Number.isFinite(low) ? low : 0 }
}

function pathOf(channel: Channel, strip: Omit<Strip, 'path'>, first: number, frequency: number, paper: Paper): string {
  const { mm, zero } = scaleOf(channel, paper.gain)
  const found: string[] = []
  let pen = 'M'
  const begin = Math.round(strip.from * frequency) - first
  const end = Math.min(channel.values.length, Math.round(strip.to * frequency) - first)
  for (let index = begin; index < end; index += 1) {
    const value = shownAt(channel, index)
    if (value === undefined) {
      pen = 'M'
      continue
    }
    const x = strip.x + ((index - begin) / frequency) * paper.speed
    found.push(`${pen}${x.toFixed(3)} ${(strip.y - (value - zero) * mm).toFixed(3)}`)
    pen = 'L'
  }
  return found.join('')
}

type Placed = Omit<Strip, 'path'>

function inRows(data: Waveforms, from: number, to: number): Placed[] {
  return data.channels.map((channel, row) => ({ channel: row, lead: channel.lead, x: MARGIN_MM, y: MARGIN_MM + (row + 0.5) * ROW_MM, from, to }))
}

function inColumns(data: Waveforms, from: number, to: number, speed: number): Placed[] {
  const index = (lead: string) => data.channels.findIndex((channel) => channel.lead === lead)
  const share = (to - from) / 4
  const found = COLUMNS.flatMap((leads, row) =>
    leads.map((lead, column) => ({
      channel: index(lead),
      lead,
      x: MARGIN_MM + column * share * speed,
      y: MARGIN_MM + (row + 0.5) * ROW_MM,
      from: from + column * share,
      to: from + (column + 1) * share,
    })),
  )
  return [...found, { channel: index(RHYTHM), lead: RHYTHM, x: MARGIN_MM, y: MARGIN_MM + 3.5 * ROW_MM, from, to }]
}

/** The page in millimetres for what was loaded. */
export function sheetOf(data: Waveforms, paper: Paper): Sheet {
  const frequency = frequencyOf(data)
  const from = data.at_s
  const to = from + data.samples / frequency
  const columns = paper.layout === 'columns' && fitsColumns(data)
  const placed = columns ? inColumns(data, from, to, paper.speed) : inRows(data, from, to)
  const first = Math.round(from * frequency)
  const strips = placed.map((strip) => {
    const channel = data.channels[strip.channel]
    return { ...strip, path: channel === undefined ? '' : pathOf(channel, strip, first, frequency, paper) }
  })
  const rows = columns ? 4 : data.channels.length
  return { width: (to - from) * paper.speed + 2 * MARGIN_MM, height: rows * ROW_MM + 2 * MARGIN_MM, strips }
}

/** The strip under a point of the page: the nearest of those that are drawn there. */
export function stripAt(sheet: Sheet, x: number, y: number, speed: number): Strip | undefined {
  const there = sheet.strips.filter((strip) => x >= strip.x - 2 && x <= strip.x + (strip.to - strip.from) * speed + 2)
  return there.sort((a, b) => Math.abs(a.y - y) - Math.abs(b.y - y))[0]
}

/** The sample of a strip nearest to a place, in mm from the left of the page. */
export function pointAt(data: Waveforms, strip: Strip, x: number, speed: number): Point {
  const frequency = frequencyOf(data)
  const seconds = Math.min(strip.to, Math.max(strip.from, strip.from + (x - strip.x) / speed))
  const last = Math.round(data.at_s * frequency) + data.samples - 1
  const sample = Math.min(last, Math.round(seconds * frequency))
  const channel = data.channels[strip.channel]
  return { at: sample / frequency, value: channel && shownAt(channel, sample - Math.round(data.at_s * frequency)) }
}

/** Where a point of a strip lies on the page, in mm. */
export function placeOf(data: Waveforms, strip: Strip, point: Point, paper: Paper): [number, number] {
  const channel = data.channels[strip.channel]
  const x = strip.x + (point.at - strip.from) * paper.speed
  if (channel === undefined || point.value === undefined) return [x, strip.y]
  const { mm, zero } = scaleOf(channel, paper.gain)
  return [x, strip.y - (point.value - zero) * mm]
}

export function measure(data: Waveforms, strip: Strip, from: Point, to: Point): Measured {
  const channel = data.channels[strip.channel]
  const ms = Math.abs(to.at - from.at) * 1000
  return {
    lead: strip.lead,
    from,
    to,
    ms,
    amplitude: from.value === undefined || to.value === undefined ? undefined : to.value - from.value,
    unit: channel === undefined ? '' : unitOf(channel),
    rate: ms > 0 ? 60_000 / ms : undefined,
  }
}

/** The filters of the device, once each: `0.05–150` and the notch, in Hz. */
export function filtersOf(data: Waveforms): { bands: string[]; notches: number[] } {
  const bands = new Set<string>()
  const notches = new Set<number>()
  for (const { low_cut_hz, high_cut_hz, notch_hz } of data.channels) {
    if (low_cut_hz !== null || high_cut_hz !== null) bands.add(`${String(low_cut_hz ?? '?')}–${String(high_cut_hz ?? '?')}`)
    if (notch_hz) notches.add(notch_hz)
  }
  return { bands: [...bands], notches: [...notches] }
}

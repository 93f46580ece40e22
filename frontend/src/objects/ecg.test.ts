import { describe, expect, it } from 'vitest'

import type { Channel, Waveforms } from './calls'
import { filtersOf, fitsColumns, measure, placeOf, pointAt, sheetOf, shownAt, stripAt } from './ecg'

const LEADS = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6']
const FREQUENCY = 500

/** 10 s in which each channel rises by one stored unit a sample. */
function channel(lead: string, more: Partial<Channel> = {}): Channel {
  return {
    lead, meaning: '', unit: 'uV', factor: 2, baseline: 10, skew_s: 0, low_cut_hz: 0.05, high_cut_hz: 150, notch_hz: 50,
    values: Array.from({ length: 10 * FREQUENCY }, (_, index) => index), ...more,
  }
}

function record(channels = LEADS.map((lead) => channel(lead))): Waveforms {
  return { groups: [{ label: '', frequency_hz: FREQUENCY, samples: 5000, duration_s: 10, channels: 12 }], group: 0, at_s: 0, samples: 5000, channels, notes: [] }
}
const paper = { layout: 'columns', speed: 25, gain: 10 } as const

describe('a 12-lead page', () => {
  const sheet = sheetOf(record(), paper)

  it('is four columns of 2.5 s and a rhythm lead of 10 s at 25 mm/s', () => {
    expect(sheet.strips).toHaveLength(13)
    expect(sheet.width).toBe(250 + 16)
    const v4 = sheet.strips.find(({ lead }) => lead === 'V4')
    expect([v4?.from, v4?.to, v4?.x]).toEqual([7.5, 10, 8 + 187.5])
    expect(sheet.strips.filter(({ lead }) => lead === 'II').map(({ to }) => to)).toEqual([5 - 2.5, 10])
  })

  it('draws 1 mV 10 mm high and 1 s 25 mm wide', () => {
    const one = sheetOf(record([channel('X', { values: [0, 500], factor: 2, baseline: 0 })]), { ...paper, layout: 'rows' })
    expect(one.strips[0]?.path).toBe('M8.000 19.000L8.050 9.000')
  })

  it('falls back to rows when a lead is missing, and leaves a gap where nothing was recorded', () => {
    const eleven = record(LEADS.slice(1).map((lead) => channel(lead, { values: [1, null, 3] })))
    expect(fitsColumns(eleven)).toBe(false)
    expect(sheetOf(eleven, paper).strips[0]?.path.match(/M/g)).toHaveLength(2)
  })
})

describe('a caliper', () => {
  it('tells time, amplitude and rate of the samples under its ends', () => {
    const data = record()
    const sheet = sheetOf(data, { ...paper, layout: 'rows' })
    const strip = stripAt(sheet, 60, sheet.strips[4]?.y ?? 0, 25)
    expect(strip?.lead).toBe('aVL')
    if (strip === undefined) return
    const from = pointAt(data, strip, strip.x + 25, 25)
    const to = pointAt(data, strip, strip.x + 45, 25)
    const found = measure(data, strip, from, to)
    expect([from.at, to.at, found.ms, found.rate]).toEqual([1, 1.8, 800, 75])
    expect(found.amplitude).toBeCloseTo((900 - 500) * 2e-3, 12)
    expect(placeOf(data, strip, from, { ...paper, layout: 'rows' })).toEqual([strip.x + 25, strip.y - 10.1])
  })

  it('stays inside the strip it began in', () => {
    const data = record()
    const strip = sheetOf(data, paper).strips.find(({ lead }) => lead === 'V1')
    if (strip === undefined) throw new Error('no V1')
    expect(pointAt(data, strip, 0, 25).at).toBe(5)
    expect(pointAt(data, strip, 9999, 25).at).toBe(7.5)
  })

  it('has no amplitude where nothing was recorded, and tells other units as they are', () => {
    const data = record([channel('P', { unit: 'mm[Hg]', factor: 0.5, baseline: 0, values: [10, null, 30] })])
    expect(shownAt(data.channels[0] as Channel, 2)).toBe(15)
    const strip = sheetOf(data, paper).strips[0]
    if (strip === undefined) throw new Error('no strip')
    expect(measure(data, strip, { at: 0, value: 5 }, { at: 0.002, value: undefined }).amplitude).toBeUndefined()
  })
})

it('filters are named once', () => {
  expect(filtersOf(record())).toEqual({ bands: ['0.05–150'], notches: [50] })
})

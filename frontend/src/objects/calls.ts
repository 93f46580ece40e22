/** What the server makes of objects that are no images. Each throws Problem when it cannot. */
import { call } from '@/api/calls'

export interface Channel {
  lead: string
  meaning: string
  /** UCUM; empty where the device was not calibrated. */
  unit: string
  factor: number
  baseline: number
  skew_s: number
  low_cut_hz: number | null
  high_cut_hz: number | null
  notch_hz: number | null
  /** As stored; null where nothing was recorded. */
  values: (number | null)[]
}

export interface Note {
  name: string
  code: string
  value: number | null
  unit: string
  text: string
}

export interface Waveforms {
  groups: { label: string; frequency_hz: number; samples: number; duration_s: number; channels: number }[]
  group: number
  at_s: number
  samples: number
  channels: Channel[]
  notes: Note[]
}

/** One object by its UIDs. */
export interface Place {
  study: string
  series: string
  sop: string
}

export function pathOf({ study, series, sop }: Place): string {
  return `/dicom-web/studies/${study}/series/${series}/instances/${sop}`
}

export function waveforms(place: Place, group: number, at: number, seconds: number): Promise<Waveforms> {
  return call(`${pathOf(place)}/waveforms?group=${String(group)}&at=${String(at)}&seconds=${String(seconds)}`)
}

export function pages(place: Place): Promise<{ title: string; pages: number }> {
  return call(`${pathOf(place)}/pages`)
}

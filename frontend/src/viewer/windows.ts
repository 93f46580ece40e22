/** Window presets by modality and body part, under the number keys; all values in the image's own units (HU for CT). */
import { type Attributes, numbers, text } from './dicom'

export interface Window {
  width: number
  center: number
}

/** `name` is a key of words.ts; 'own' asks for the image's own window, 'auto' for one taken from its pixels. */
export interface Preset {
  name: string
  window: Window | 'own' | 'auto'
}

const CT_HEAD: Preset[] = [
  { name: 'brain', window: { width: 80, center: 40 } },
  { name: 'subdural', window: { width: 200, center: 75 } },
  { name: 'stroke', window: { width: 40, center: 40 } },
  { name: 'bone', window: { width: 2800, center: 600 } },
  { name: 'soft', window: { width: 400, center: 40 } },
]
const CT_CHEST: Preset[] = [
  { name: 'lung', window: { width: 1500, center: -600 } },
  { name: 'mediastinum', window: { width: 400, center: 40 } },
  { name: 'bone', window: { width: 2000, center: 400 } },
  { name: 'vessel', window: { width: 700, center: 200 } },
]
const CT_ABDOMEN: Preset[] = [
  { name: 'abdomen', window: { width: 400, center: 50 } },
  { name: 'liver', window: { width: 160, center: 60 } },
  { name: 'bone', window: { width: 2000, center: 400 } },
  { name: 'lung', window: { width: 1500, center: -600 } },
  { name: 'vessel', window: { width: 700, center: 200 } },
]
const CT_BONE: Preset[] = [
  { name: 'bone', window: { width: 2000, center: 400 } },
  { name: 'soft', window: { width: 400, center: 40 } },
]
const CT_OTHER: Preset[] = [
  { name: 'soft', window: { width: 400, center: 40 } },
  { name: 'bone', window: { width: 2000, center: 400 } },
  { name: 'lung', window: { width: 1500, center: -600 } },
  { name: 'brain', window: { width: 80, center: 40 } },
]
const NOT_CT: Preset[] = [{ name: 'auto', window: 'auto' }]

const CT_BY_PART: [RegExp, Preset[]][] = [
  [/HEAD|BRAIN|SKULL|ORBIT|FACE|SINUS|IAC|颅|脑|头/i, CT_HEAD],
  [/CHEST|LUNG|THORAX|HEART|胸|肺|心/i, CT_CHEST],
  [/ABDOMEN|PELVIS|LIVER|KIDNEY|PANCREAS|COLON|腹|盆|肝|肾/i, CT_ABDOMEN],
  [/SPINE|EXTREMITY|KNEE|SHOULDER|HIP|ANKLE|WRIST|HAND|FOOT|ELBOW|脊|腰椎|颈椎|骨|关节/i, CT_BONE],
]

/** The presets for a series; key 1 is the first. `part` is whatever names the body part: a code or a description. */
export function presetsFor(modality: string, part: string): Preset[] {
  if (modality !== 'CT') return [{ name: 'own', window: 'own' }, ...NOT_CT]
  const found = CT_BY_PART.find(([pattern]) => pattern.test(part))
  return [...(found?.[1] ?? CT_OTHER), { name: 'own', window: 'own' }]
}

/** The first window of the image itself; undefined where it has none that makes sense. */
export function ownWindow(attributes: Attributes): Window | undefined {
  const center = numbers(attributes, '00281050')[0]
  const width = numbers(attributes, '00281051')[0]
  return center === undefined || width === undefined || width < 1 ? undefined : { width, center }
}

/** PS3.3 C.11.2.1.3: LINEAR is the default; SIGMOID and LINEAR_EXACT are passed on. */
export function windowFunction(attributes: Attributes): 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID' {
  const named = text(attributes, '00281056')
  return named === 'LINEAR_EXACT' || named === 'SIGMOID' ? named : 'LINEAR'
}

/** Air around the patient and a bright marker must not decide the window. */
const LOW_SHARE = 0.01
const HIGH_SHARE = 0.995
const SAMPLES = 20_000

/** A window over the middle 98.5 % of the values; `padding` is left out. */
export function windowOf(values: ArrayLike<number>, padding?: number): Window {
  const step = Math.max(1, Math.floor(values.length / SAMPLES))
  const sample: number[] = []
  for (let index = 0; index < values.length; index += step) {
    const value = values[index]
    if (value !== undefined && value !== padding) sample.push(value)
  }
  sample.sort((a, b) => a - b)
  const low = sample[Math.floor(sample.length * LOW_SHARE)] ?? 0
  const high = sample[Math.min(sample.length - 1, Math.floor(sample.length * HIGH_SHARE))] ?? 1
  return { width: Math.max(2, high - low + 1), center: (low + high + 1) / 2 }
}

/** The lowest and highest value that are still told apart (LINEAR, PS3.3 C.11.2.1.2.1). */
export function rangeOf({ width, center }: Window): { lower: number; upper: number } {
  return { lower: center - 0.5 - (width - 1) / 2, upper: center - 0.5 + (width - 1) / 2 }
}

export function windowFrom(range: { lower: number; upper: number }): Window {
  return { width: Math.abs(range.upper - range.lower) + 1, center: (range.lower + range.upper + 1) / 2 }
}

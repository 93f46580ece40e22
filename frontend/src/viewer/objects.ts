/** Tells what can be shown as an image, and names what cannot. */
import { type Attributes, number, text } from './dicom'

/** Why an object is not an image this viewer can show honestly; each has a sentence in words.ts. */
export type NotShown =
  | 'report'
  | 'document'
  | 'video'
  | 'ecg'
  | 'waveform'
  | 'key_images'
  | 'annotation'
  | 'segmentation'
  | 'plan'
  | 'spectrum'
  | 'depth'
  | 'no_pixels'

const BY_MODALITY: Record<string, NotShown> = {
  SR: 'report',
  DOC: 'document',
  ECG: 'ecg',
  EPS: 'waveform',
  HD: 'waveform',
  PR: 'annotation',
  KO: 'key_images',
  SEG: 'segmentation',
  RTSTRUCT: 'plan',
  RTPLAN: 'plan',
  RTRECORD: 'plan',
  REG: 'plan',
  RWV: 'annotation',
}

/** MR spectroscopy has rows and columns, and no pixels in them (PS3.4 table B.5-1). */
const SPECTROSCOPY = '1.2.840.10008.5.1.4.1.1.4.2'
/** MPEG-2, MPEG-4 and HEVC (PS3.5 annex A.4.5–A.4.11). */
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10[0-9](\.\d+)?$/
/** Depths the decoders read as what they are; 32-bit integers would come out as floats. */
const DEPTHS = new Set([8, 16])

/** What is no image and is shown all the same, in a way of its own (objects/ObjectPane.vue). */
const READABLE: ReadonlySet<NotShown> = new Set(['report', 'document', 'ecg', 'waveform', 'key_images'])

export function isReadable(kind: NotShown | undefined): boolean {
  return kind !== undefined && READABLE.has(kind)
}

/** By modality alone, before any instance is read. */
export function notShownByModality(modality: string): NotShown | undefined {
  return BY_MODALITY[modality]
}

export function notShown(instance: Attributes): NotShown | undefined {
  const byModality = BY_MODALITY[text(instance, '00080060')]
  if (byModality !== undefined) return byModality
  if (text(instance, '00080016') === SPECTROSCOPY) return 'spectrum'
  if (VIDEO.test(text(instance, '00083002'))) return 'video'
  const rows = number(instance, '00280010') ?? 0
  const columns = number(instance, '00280011') ?? 0
  if (rows === 0 || columns === 0) return 'no_pixels'
  return DEPTHS.has(number(instance, '00280100') ?? 0) ? undefined : 'depth'
}

const LOSSY = new Set([
  '1.2.840.10008.1.2.4.50',
  '1.2.840.10008.1.2.4.51',
  '1.2.840.10008.1.2.4.53',
  '1.2.840.10008.1.2.4.55',
  '1.2.840.10008.1.2.4.81',
])

/** Information was lost on the way: the object says so, or its transfer syntax always loses some. */
export function isLossy(instance: Attributes): boolean {
  return text(instance, '00282110') === '01' || LOSSY.has(text(instance, '00083002'))
}

export function isLocaliser(instance: Attributes): boolean {
  return (instance['00080008']?.Value ?? []).includes('LOCALIZER')
}

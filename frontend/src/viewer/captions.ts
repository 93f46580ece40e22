/** The text at the corners of a picture. */
import { i18n } from '@/i18n'
import { day } from '@/look/time'

import { number, text } from './dicom'
import { dot, normalOf } from './geometry'
import type { OpenSeries } from './series'
import type { Slice } from './slices'
import type { Cut, Seen } from './cornerstone'

export interface Captions {
  study: string[]
  series: string[]
  place: string[]
  count: string
  window: string[]
  gap: string
}

function mm(value: number): string {
  return String(Math.round(value * 100) / 100)
}

/** What the values of an image are: HU for CT, whatever the image says for PET, nothing for the rest. */
export function unitOf(slice: Slice): string {
  const modality = text(slice.attributes, '00080060')
  if (modality === 'CT') return 'HU'
  return modality === 'PT' ? text(slice.attributes, '00541001') : ''
}

function placeOf(series: OpenSeries, slice: Slice): string[] {
  const { t } = i18n.global
  const lines: string[] = []
  if (series.stack.passes > 1) lines.push(t('viewer.overlay.pass', { i: slice.pass, n: series.stack.passes }))
  if ((number(slice.attributes, '00280008') ?? 1) > 1) lines.push(t('viewer.overlay.frame', { n: slice.frame }))
  if (slice.thickness !== undefined) lines.push(t('viewer.overlay.thickness', { mm: mm(slice.thickness) }))
  if (series.stack.step !== undefined) lines.push(t('viewer.overlay.step', { mm: mm(series.stack.step) }))
  if (slice.position !== undefined && slice.plane !== undefined) {
    lines.push(t('viewer.overlay.position', { mm: dot(slice.position, normalOf(slice.plane)).toFixed(1) }))
  }
  return lines
}

/** What is said of a cut: which plane, where, how thick, and what was mended to make it. */
function cutLines(cut: Cut): string[] {
  const { t } = i18n.global
  const lines = cut.plane === 'solid' ? [t('viewer.plane.solid')] : [t('viewer.cut.position', { plane: t(`viewer.plane.${cut.plane}`), mm: cut.at.toFixed(1) })]
  if (cut.slab.blend !== 'none') lines.unshift(t('viewer.cut.slab', { blend: t(`viewer.blend.${cut.slab.blend}`), mm: cut.slab.thickness_mm }))
  if (cut.mended !== 'none') lines.unshift(t(`viewer.cut.${cut.mended}`))
  return lines
}

export function captionsOf(series: OpenSeries, seen: Seen): Captions {
  const { t } = i18n.global
  const slice = seen.cut === undefined ? series.slices[seen.shown] : undefined
  const { facts, row } = series
  const date = text(facts, '00080020')
  const lines = [t('viewer.overlay.zoom', { zoom: seen.zoom.toFixed(2) })]
  if (seen.window !== undefined) {
    lines.unshift(t('viewer.overlay.window', { width: Math.round(seen.window.width), level: Math.round(seen.window.center) }))
  }
  if (seen.inverted) lines.unshift(t('viewer.overlay.inverted'))
  return {
    study: [date === '' ? '' : day(date), text(facts, '00081030')].filter((line) => line !== ''),
    series: [row.description, `${row.modality}${row.number === undefined ? '' : ` · ${String(row.number)}`}`].filter((line) => line !== ''),
    place: seen.cut !== undefined ? cutLines(seen.cut) : slice === undefined ? [] : placeOf(series, slice),
    count: t('viewer.overlay.slice', { i: seen.wanted + 1, n: seen.count }),
    window: lines,
    gap: slice !== undefined && slice.missingBefore > 0 ? t('viewer.truth.gap', { n: slice.missingBefore }) : '',
  }
}

/** What must be known about the images before they are trusted: the banner's lines, most serious first. */
import type { Completeness } from '@/api/types'

import type { Progress } from './series'
import type { Scale } from './slices'

/** `key` is one of words.ts under `truth`. */
export interface Truth {
  key: string
  /** `stop` in red: something is not there. `care` in amber: read with care. `wait`: it will be better soon. */
  tone: 'stop' | 'care' | 'wait' | 'note'
  say: Record<string, string | number>
}

export interface InView {
  progress: Progress
  lossy: boolean
  tilt: number
  scale: Scale
  modality: string
}

/** A tilt below this is the scanner's rounding. */
const TILT_WORTH_SAYING = 0.5

function sentences({ missing }: Completeness): string {
  return missing.map((part) => part.sentence).join(' ')
}

function arrival(completeness: Completeness): Truth[] {
  const { status, received, expected, conflicts, notices } = completeness
  const lines: Truth[] = []
  if (status === 'short') {
    const key = expected == null ? 'shortPlain' : 'short'
    lines.push({ key, tone: 'stop', say: { received, expected: expected ?? received, missing: sentences(completeness) } })
  }
  if (conflicts.length > 0) lines.push({ key: 'conflicts', tone: 'stop', say: { n: conflicts.length } })
  if (status === 'receiving') lines.push({ key: 'receiving', tone: 'wait', say: { received } })
  if (status === 'quiet') lines.push({ key: 'quiet', tone: 'note', say: { received } })
  lines.push(...notices.map((sentence): Truth => ({ key: 'notice', tone: 'care', say: { sentence } })))
  return lines
}

/** True while measuring and signing must wait for the images of the series in view. */
export function isPreview({ loaded, failed, total, room }: Progress): boolean {
  return loaded + failed < Math.min(total, room)
}

function quality(view: InView): Truth[] {
  const lines: Truth[] = []
  const { loaded, total } = view.progress
  if (isPreview(view.progress)) lines.push({ key: 'preview', tone: 'wait', say: { loaded, total } })
  if (view.lossy) lines.push({ key: 'lossy', tone: 'care', say: {} })
  if (view.tilt > TILT_WORTH_SAYING) lines.push({ key: 'tilt', tone: 'care', say: { deg: view.tilt.toFixed(1) } })
  if (view.scale === 'detector') lines.push({ key: 'detector', tone: 'care', say: {} })
  if (view.scale === 'none' && view.modality !== 'US') lines.push({ key: 'noScale', tone: 'care', say: {} })
  return lines
}

/** The lines for the studies that are read and the series in view. */
export function truths(studies: Completeness[], view: InView | undefined, framesWaiting: number): Truth[] {
  const line: Truth[] = framesWaiting > 0 ? [{ key: 'line', tone: 'wait', say: { n: framesWaiting } }] : []
  const order = { stop: 0, wait: 1, care: 2, note: 3 }
  return [...line, ...studies.flatMap(arrival), ...(view === undefined ? [] : quality(view))].sort((a, b) => order[a.tone] - order[b.tone])
}

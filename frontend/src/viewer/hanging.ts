/** Which series is opened first, which prior series is put beside it, and how two stacks are scrolled together. */
import { dot, normalOf } from './geometry'
import type { SeriesRow } from './series'
import type { Slice } from './slices'

/** Names by which scanners call series that are not for reading. */
const NOT_FOR_READING = /localizer|localiser|scout|surview|topogram|定位|\bdose\b|剂量|summary|smartprep|bolus|screen save/i

function worth(row: SeriesRow): number {
  if (row.notShown !== undefined) return -1
  return NOT_FOR_READING.test(row.description) ? 0 : 1
}

/** The series to begin with: of this exam, for reading, with the most images. */
export function firstToRead(rows: SeriesRow[]): SeriesRow | undefined {
  const among = rows.filter((row) => row.notShown === undefined)
  const better = (a: SeriesRow, b: SeriesRow): number =>
    Number(b.role === 'current') - Number(a.role === 'current') || worth(b) - worth(a) || b.received - a.received
  return [...among].sort(better)[0]
}

function unlike(a: SeriesRow, b: SeriesRow): number {
  const thickness = a.thickness === undefined || b.thickness === undefined ? 1 : Math.abs(a.thickness - b.thickness)
  return (a.modality === b.modality ? 0 : 100) + thickness + (a.description === b.description ? 0 : 0.5)
}

/** The prior series most like the one in view: the newest study first, then modality and slice thickness. */
export function priorFor(current: SeriesRow, rows: SeriesRow[]): SeriesRow | undefined {
  const priors = rows.filter((row) => row.role === 'prior' && row.notShown === undefined && worth(row) > 0)
  const newest = priors.map((row) => row.studyDate).sort().at(-1)
  return priors.filter((row) => row.studyDate === newest).sort((a, b) => unlike(current, a) - unlike(current, b))[0]
}

/** The same exam in other slices: of this study and modality, the thinnest that are thinner, else the thickest. */
export function siblingOf(row: SeriesRow, rows: SeriesRow[]): SeriesRow | undefined {
  const { thickness } = row
  if (thickness === undefined) return undefined
  const others = rows.filter(
    (other) => other.study === row.study && other.modality === row.modality && other.notShown === undefined && worth(other) > 0 && other.thickness !== undefined && Math.abs(other.thickness - thickness) > 0.2,
  )
  const thinner = others.filter((other) => (other.thickness ?? 0) < thickness)
  const among = thinner.length > 0 ? thinner : others
  return [...among].sort((a, b) => (thinner.length > 0 ? (a.thickness ?? 0) - (b.thickness ?? 0) : (b.thickness ?? 0) - (a.thickness ?? 0)) || b.received - a.received)[0]
}

function along(slice: Slice | undefined): number | undefined {
  return slice?.plane === undefined || slice.position === undefined ? undefined : dot(slice.position, normalOf(slice.plane))
}

/**
 * Where the other stack goes when this one has gone from `from` to `to` since both were linked at `otherFrom`:
 * the same number of mm; the same share of the stack where there is no geometry.
 */
export function follow(mine: Slice[], from: number, to: number, other: Slice[], otherFrom: number): number {
  const start = along(mine[from])
  const end = along(mine[to])
  const otherStart = along(other[otherFrom])
  if (start === undefined || end === undefined || otherStart === undefined) {
    return Math.max(0, Math.min(other.length - 1, otherFrom + Math.round(((to - from) * other.length) / Math.max(1, mine.length))))
  }
  const wanted = otherStart + end - start
  let best = otherFrom
  let nearest = Number.POSITIVE_INFINITY
  other.forEach((slice, index) => {
    const distance = Math.abs((along(slice) ?? Number.POSITIVE_INFINITY) - wanted)
    if (distance < nearest) {
      nearest = distance
      best = index
    }
  })
  return best
}

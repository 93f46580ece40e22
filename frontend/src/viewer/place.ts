/** Where pictures lie in the patient, and where one plane crosses another. All in mm, LPS. */
import { number, text, type Vector } from './dicom'
import { cross, dot, length, minus, normalOf } from './geometry'
import type { Slice } from './slices'

/** The plane of a picture. */
export interface Place {
  /** (0020,0052): only places with the same one can be compared. */
  frame: string
  point: Vector
  /** Unit vector. */
  normal: Vector
  /** The image's corners, in order; absent where the plane has no end. */
  corners?: Vector[]
}

export function plus(a: Vector, b: Vector, times = 1): Vector {
  return [a[0] + b[0] * times, a[1] + b[1] * times, a[2] + b[2] * times]
}

export function frameOf(slice: Slice): string {
  return text(slice.attributes, '00200052')
}

/** The place of a slice; undefined where it has no geometry. */
export function placeOf(slice: Slice): Place | undefined {
  const { plane, position, spacing } = slice
  if (plane === undefined || position === undefined || spacing === undefined) return undefined
  const across = ((number(slice.attributes, '00280011') ?? 1) - 1) * spacing[1]
  const down = ((number(slice.attributes, '00280010') ?? 1) - 1) * spacing[0]
  const right = plus(position, plane.row, across)
  const corners = [position, right, plus(right, plane.column, down), plus(position, plane.column, down)]
  return { frame: frameOf(slice), point: position, normal: normalOf(plane), corners }
}

/** mm from a plane to a point, along its normal. */
export function distanceTo(place: Place, point: Vector): number {
  return dot(minus(point, place.point), place.normal)
}

/** Planes that lie within about 8° of each other are scrolled together. */
const ALONGSIDE = 0.99

export function alongside(a: Place, b: Place): boolean {
  return Math.abs(dot(a.normal, b.normal)) > ALONGSIDE
}

/** The slice nearest to a point along its own normal; of a series of several passes, in that pass. */
export function nearest(slices: Slice[], point: Vector, pass = 1): number | undefined {
  let best: number | undefined
  let least = Number.POSITIVE_INFINITY
  slices.forEach((slice, index) => {
    const place = slice.pass === pass ? placeOf(slice) : undefined
    const distance = place === undefined ? Number.POSITIVE_INFINITY : Math.abs(distanceTo(place, point))
    if (distance < least) [best, least] = [index, distance]
  })
  return best
}

/**
 * Where the other picture goes when this one moved: to the same place in the patient; where the frames of reference
 * differ, by as many mm as this one moved since a person put both side by side (`mineThen`, `otherThen`).
 */
export function followed(mine: Place, mineThen: Place, otherThen: Place): Vector | undefined {
  if (!alongside(mine, otherThen)) return undefined
  if (mine.frame !== '' && mine.frame === otherThen.frame) return mine.point
  const moved = dot(minus(mine.point, mineThen.point), mine.normal)
  return plus(otherThen.point, otherThen.normal, moved * Math.sign(dot(mine.normal, otherThen.normal)))
}

/** Long enough to leave any screen. */
const FAR_MM = 2000

function endless(mine: Place, other: Place, along: Vector): [Vector, Vector] {
  const size = length(along)
  const direction: Vector = [along[0] / size, along[1] / size, along[2] / size]
  // the point of both planes nearest to the other's: one step within the other plane, towards mine
  const within = cross(direction, other.normal)
  const start = plus(other.point, within, -distanceTo(mine, other.point) / dot(within, mine.normal))
  return [plus(start, direction, -FAR_MM), plus(start, direction, FAR_MM)]
}

/** The line that `other` cuts into `mine`; undefined where they do not cross or cannot be compared. */
export function crossing(mine: Place, other: Place): [Vector, Vector] | undefined {
  if (mine.frame === '' || mine.frame !== other.frame) return undefined
  const along = cross(mine.normal, other.normal)
  if (length(along) < 0.05) return undefined
  const { corners } = other
  if (corners === undefined) return endless(mine, other, along)
  const found: Vector[] = []
  corners.forEach((corner, index) => {
    const next = corners[(index + 1) % corners.length] ?? corner
    const [a, b] = [distanceTo(mine, corner), distanceTo(mine, next)]
    if (a * b <= 0 && a !== b) found.push(plus(corner, minus(next, corner), a / (a - b)))
  })
  const [start, end] = [found[0], found.at(-1)]
  return start === undefined || end === undefined || found.length < 2 ? undefined : [start, end]
}

/** Planes in the patient: normals, the letters at the edges of an image, gantry tilt. All in mm, LPS (PS3.3 C.7.6.2). */
import type { Vector } from './dicom'

/** Row direction (along increasing column) and column direction (along increasing row). */
export interface Orientation {
  row: Vector
  column: Vector
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

export function minus(a: Vector, b: Vector): Vector {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

export function length(a: Vector): number {
  return Math.sqrt(dot(a, a))
}

export function opposite(a: Vector): Vector {
  return [-a[0], -a[1], -a[2]]
}

export function normalOf(plane: Orientation): Vector {
  return cross(plane.row, plane.column)
}

const DEGREE = 180 / Math.PI

/** The angle between two lines, 0–90°. */
export function angleBetween(a: Vector, b: Vector): number {
  const size = length(a) * length(b)
  if (size === 0) return 0
  return Math.acos(Math.min(1, Math.abs(dot(a, b)) / size)) * DEGREE
}

/** Two planes lie alike when normals and rows differ by less than this; a localiser's differ by 90°. */
const ALIKE_DEGREES = 3

export function alike(a: Orientation, b: Orientation): boolean {
  const normals = dot(normalOf(a), normalOf(b))
  const rows = dot(a.row, b.row)
  const least = Math.cos(ALIKE_DEGREES / DEGREE)
  return normals > least && rows > least
}

const AXES = [
  ['L', 'R'],
  ['P', 'A'],
  ['H', 'F'],
] as const
/** A second letter is worth showing from about 17° of obliquity. */
const WORTH_A_LETTER = 0.3

/** The letters for a direction in the patient, strongest first: 'L', 'AR', 'HPL'. */
export function letters(direction: Vector): string {
  const size = length(direction)
  if (size === 0) return ''
  return AXES.map(([positive, negative], axis) => {
    const share = (direction[axis] ?? 0) / size
    return { letter: share > 0 ? positive : negative, share: Math.abs(share) }
  })
    .filter(({ share }) => share >= WORTH_A_LETTER)
    .sort((a, b) => b.share - a.share)
    .map(({ letter }) => letter)
    .join('')
}

/**
 * Degrees between the way the slices are stacked and their normal: 0 for a straight stack, the gantry's tilt
 * for a tilted one. Such a stack is sheared, so a reformat needs resampling first.
 */
export function tiltOf(positions: Vector[], plane: Orientation): number {
  const start = positions[0]
  const end = positions[positions.length - 1]
  if (start === undefined || end === undefined || positions.length < 2) return 0
  return angleBetween(minus(end, start), normalOf(plane))
}

/** A vector turned about an axis (unit vector), in radians, by the right hand. */
export function turned(a: Vector, axis: Vector, angle: number): Vector {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const across = cross(axis, a)
  const along = dot(axis, a) * (1 - cos)
  return [a[0] * cos + across[0] * sin + axis[0] * along, a[1] * cos + across[1] * sin + axis[1] * along, a[2] * cos + across[2] * sin + axis[2] * along]
}

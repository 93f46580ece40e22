/** Whether a series is a volume, what must be mended first, and its grid in the patient. All in mm, LPS. */
import { number, type Vector } from './dicom'
import { alike, dot, length, minus, normalOf, type Orientation } from './geometry'
import { frameOf, plus } from './place'
import type { Slice } from './slices'

/** Why no volume can be made; each has a sentence in words.ts. */
export type Unsound = 'colour' | 'few' | 'geometry' | 'orientations' | 'sizes' | 'gaps' | 'memory'

/** Voxel (i, j, k) lies at origin + i·spacing[0]·row + j·spacing[1]·column + k·spacing[2]·normal. */
export interface Grid {
  dimensions: [number, number, number]
  spacing: [number, number, number]
  origin: Vector
  row: Vector
  column: Vector
  normal: Vector
}

export interface Sound {
  /** One image per place, ascending along the normal. */
  slices: Slice[]
  grid: Grid
  /** 'tilt': the slices are shifted against each other; 'spacing': they lie a little unevenly. */
  mend: 'none' | 'tilt' | 'spacing'
  frame: string
}

const FEWEST = 3
/** Slices that are off by less than this share of their spacing lie evenly (rounding in the files). */
const EVEN = 0.02
/** From here on a slice is missing, and what would be shown between would be invented. */
const GAP = 1.5
/** A shift over the whole stack that is smaller than this share of a pixel cannot be seen. */
const STRAIGHT_PIXELS = 0.5
const SAME_PLACE_MM = 0.01

interface Placed {
  slice: Slice
  position: Vector
  along: number
}

function sizeOf(slice: Slice): string {
  return [number(slice.attributes, '00280010'), number(slice.attributes, '00280011'), ...(slice.spacing ?? [])].join('/')
}

function ordered(slices: Slice[], plane: Orientation): Placed[] {
  const normal = normalOf(plane)
  const all = slices.flatMap((slice) => (slice.position === undefined ? [] : [{ slice, position: slice.position, along: dot(slice.position, normal) }]))
  all.sort((a, b) => a.along - b.along)
  return all.filter((one, index) => index === 0 || one.along - (all[index - 1]?.along ?? 0) > SAME_PLACE_MM)
}

function refusal(slices: Slice[]): Unsound | undefined {
  const first = slices[0]
  if (first === undefined || slices.length < FEWEST) return 'few'
  if ((number(first.attributes, '00280002') ?? 1) > 1 || first.attributes['00280004']?.Value?.[0] === 'PALETTE COLOR') return 'colour'
  const { plane, spacing } = first
  if (plane === undefined || spacing === undefined || slices.some((slice) => slice.plane === undefined || slice.position === undefined)) return 'geometry'
  if (slices.some((slice) => slice.plane !== undefined && !alike(slice.plane, plane))) return 'orientations'
  return slices.some((slice) => sizeOf(slice) !== sizeOf(first)) ? 'sizes' : undefined
}

/** In columns and rows: how far the last slice is shifted in its plane against the first. */
function shiftOf(places: Placed[], plane: Orientation, spacing: readonly [number, number]): readonly [number, number] {
  const [first, last] = [places[0], places.at(-1)]
  if (first === undefined || last === undefined) return [0, 0]
  const apart = minus(last.position, first.position)
  return [dot(apart, plane.row) / spacing[1], dot(apart, plane.column) / spacing[0]]
}

/** The volume of the images of one pass, or why there is none. */
export function volumeOf(slices: Slice[], pass = 1): Sound | Unsound {
  const those = slices.filter((slice) => slice.pass === pass)
  const refused = refusal(those)
  const [first] = those
  if (refused !== undefined || first?.plane === undefined || first.spacing === undefined) return refused ?? 'geometry'
  const { plane, spacing } = first
  const places = ordered(those, plane)
  const [lowest, highest] = [places[0], places.at(-1)]
  if (places.length < FEWEST || lowest === undefined || highest === undefined) return 'few'
  const step = (highest.along - lowest.along) / (places.length - 1)
  const steps = places.slice(1).map((place, index) => place.along - (places[index]?.along ?? 0))
  if (Math.max(...steps) > GAP * Math.min(...steps)) return 'gaps'
  const even = steps.every((one) => Math.abs(one - step) <= EVEN * step)
  const shift = shiftOf(places, plane, spacing)
  const straight = shift.every((pixels) => Math.abs(pixels) < STRAIGHT_PIXELS)
  const room = straight ? ([0, 0] as const) : ([Math.ceil(Math.abs(shift[0])), Math.ceil(Math.abs(shift[1]))] as const)
  const back: Vector = plus(plus(lowest.position, plane.row, straight ? 0 : Math.min(0, shift[0]) * spacing[1]), plane.column, straight ? 0 : Math.min(0, shift[1]) * spacing[0])
  return {
    slices: places.map((place) => place.slice),
    mend: straight ? (even ? 'none' : 'spacing') : 'tilt',
    frame: frameOf(first),
    grid: {
      dimensions: [(number(first.attributes, '00280011') ?? 0) + room[0], (number(first.attributes, '00280010') ?? 0) + room[1], places.length],
      spacing: [spacing[1], spacing[0], step],
      origin: back,
      row: plane.row,
      column: plane.column,
      normal: normalOf(plane),
    },
  }
}

/** Indices, not rounded, of a point of the patient. */
export function indexOf(grid: Grid, point: Vector): Vector {
  const apart = minus(point, grid.origin)
  return [dot(apart, grid.row) / grid.spacing[0], dot(apart, grid.column) / grid.spacing[1], dot(apart, grid.normal) / grid.spacing[2]]
}

export function pointOf(grid: Grid, index: Vector): Vector {
  const across = plus(grid.origin, grid.row, index[0] * grid.spacing[0])
  return plus(plus(across, grid.column, index[1] * grid.spacing[1]), grid.normal, index[2] * grid.spacing[2])
}

export function centreOf(grid: Grid): Vector {
  const [columns, rows, count] = grid.dimensions
  return pointOf(grid, [(columns - 1) / 2, (rows - 1) / 2, (count - 1) / 2])
}

/** The planes of one direction through a volume that fall on its voxels: the first, mm along `normal`, and the step. */
export function planesOf(grid: Grid, normal: Vector): { first: number; step: number; count: number } {
  const axes = [grid.row, grid.column, grid.normal] as const
  const shares = axes.map((axis) => Math.abs(dot(axis, normal)))
  const step = shares.reduce((sum, share, axis) => sum + share * share * (grid.spacing[axis] ?? 1), 0)
  const corner = (at: number): Vector => pointOf(grid, [0, 1, 2].map((axis) => ((at >> axis) & 1) * ((grid.dimensions[axis] ?? 1) - 1)) as unknown as Vector)
  const alongs = Array.from({ length: 8 }, (_, at) => dot(corner(at), normal))
  const first = Math.min(...alongs)
  return { first, step, count: Math.floor((Math.max(...alongs) - first) / step + 1e-3) + 1 }
}

/** Reads a voxel; indices are whole and inside. */
export type Voxel = (i: number, j: number, k: number) => number

/** The value between voxels, linear along each axis; undefined outside the volume. */
export function valueAt(grid: Grid, voxel: Voxel, point: Vector): number | undefined {
  const index = indexOf(grid, point)
  const low = index.map((one, axis) => Math.max(0, Math.min((grid.dimensions[axis] ?? 1) - 1, Math.floor(one + 1e-6)))) as unknown as Vector
  if (index.some((one, axis) => one < -0.5 || one > (grid.dimensions[axis] ?? 1) - 0.5)) return undefined
  const high = low.map((one, axis) => Math.min((grid.dimensions[axis] ?? 1) - 1, one + 1)) as unknown as Vector
  const share = index.map((one, axis) => Math.max(0, Math.min(1, one - (low[axis] ?? 0)))) as unknown as Vector
  let sum = 0
  for (let corner = 0; corner < 8; corner += 1) {
    const [a, b, c] = [corner & 1, (corner >> 1) & 1, (corner >> 2) & 1]
    const weight = (a === 1 ? share[0] : 1 - share[0]) * (b === 1 ? share[1] : 1 - share[1]) * (c === 1 ? share[2] : 1 - share[2])
    if (weight > 1e-6) sum += weight * voxel(a === 1 ? high[0] : low[0], b === 1 ? high[1] : low[1], c === 1 ? high[2] : low[2])
  }
  return sum
}

/** Samples along the line of sight through a slab, at most this far apart. */
const SAMPLE_MM = 0.5

/** The highest, lowest or mean value within a slab around a point. */
export function valueThrough(grid: Grid, voxel: Voxel, point: Vector, normal: Vector, thickness: number, blend: 'mip' | 'minip' | 'average'): number | undefined {
  const count = Math.max(1, Math.ceil(thickness / Math.min(SAMPLE_MM, ...grid.spacing)))
  const found: number[] = []
  for (let index = 0; index <= count; index += 1) {
    const value = valueAt(grid, voxel, plus(point, normal, (index / count - 0.5) * thickness))
    if (value !== undefined) found.push(value)
  }
  if (found.length === 0) return undefined
  if (blend === 'mip') return Math.max(...found)
  return blend === 'minip' ? Math.min(...found) : found.reduce((sum, one) => sum + one, 0) / found.length
}

/** Whether a direction is one of the body's axes. */
export function isAlong(direction: Vector, axis: Vector): boolean {
  return Math.abs(dot(direction, axis)) > 0.9999 * length(direction)
}

/** Makes a straight, even volume of slices that are shifted against each other (gantry tilt) or lie unevenly. */
import { dot, minus } from './geometry'
import type { Slice } from './slices'
import type { Grid, Sound } from './volumes'

export type Values = Int16Array | Uint16Array | Uint8Array | Float32Array

interface Plate {
  values: ArrayLike<number>
  rows: number
  columns: number
  along: number
  /** Columns and rows from the grid's origin to the plate's first pixel, negated. */
  offset: readonly [number, number]
}

function plateOf(slice: Slice, values: ArrayLike<number>, rows: number, columns: number, grid: Grid): Plate {
  const apart = minus(grid.origin, slice.position ?? grid.origin)
  return {
    values,
    rows,
    columns,
    along: -dot(apart, grid.normal),
    offset: [dot(apart, grid.row) / grid.spacing[0], dot(apart, grid.column) / grid.spacing[1]],
  }
}

/** Adds `share` of a plate to one slice of the grid, linear between pixels; outside the plate lies `outside`. */
function add(target: Float32Array, grid: Grid, plate: Plate, share: number, outside: number): void {
  const [width, height] = grid.dimensions
  const [left, top] = [Math.floor(plate.offset[0]), Math.floor(plate.offset[1])]
  const [across, down] = [plate.offset[0] - left, plate.offset[1] - top]
  const pixel = (column: number, row: number): number =>
    column < 0 || row < 0 || column >= plate.columns || row >= plate.rows ? outside : (plate.values[row * plate.columns + column] ?? outside)
  const between = (column: number, row: number): number => (across === 0 ? pixel(column, row) : pixel(column, row) * (1 - across) + pixel(column + 1, row) * across)
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const upper = between(column + left, row + top)
      const value = down === 0 ? upper : upper * (1 - down) + between(column + left, row + top + 1) * down
      target[row * width + column] = (target[row * width + column] ?? 0) + share * value
    }
  }
}

/** Lets the page breathe between slices. */
function breath(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}

/**
 * The values of `sound.grid`, in the images' own units and number type. `pixels` gives a loaded slice's values.
 * What no slice covers gets the lowest value of the first slice, as air has.
 */
export async function mended(sound: Sound, pixels: (slice: Slice) => { values: Values; rows: number; columns: number }): Promise<Values> {
  const { grid } = sound
  const [width, height, count] = grid.dimensions
  const plates = sound.slices.map((slice) => {
    const { values, rows, columns } = pixels(slice)
    return plateOf(slice, values, rows, columns, grid)
  })
  const first = pixels(sound.slices[0] as Slice).values
  let outside = Number.POSITIVE_INFINITY
  for (const value of first) outside = Math.min(outside, value)
  const made = new (first.constructor as new (size: number) => Values)(width * height * count)
  const whole = !(made instanceof Float32Array)
  for (let k = 0; k < count; k += 1) {
    const along = k * grid.spacing[2]
    const after = Math.max(1, plates.findIndex((plate) => plate.along >= along - 1e-3))
    const [a, b] = [plates[after - 1], plates[after]]
    if (a === undefined || b === undefined) continue
    const share = Math.max(0, Math.min(1, (along - a.along) / (b.along - a.along)))
    const slice = new Float32Array(width * height)
    if (share < 0.999) add(slice, grid, a, 1 - share, outside)
    if (share > 0.001) add(slice, grid, b, share, outside)
    made.set(whole ? slice.map(Math.round) : slice, k * width * height)
    if (k % 8 === 7) await breath()
  }
  return made
}

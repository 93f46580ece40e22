/** Paints a small picture of an image that is already decoded. */
import type { Pixels } from './cornerstone'
import { rangeOf, type Window } from './windows'

/** RGBA of a square of `size` px with the image fitted into it, dark around. */
export function thumbnailOf(pixels: Pixels, window: Window, size: number): Uint8ClampedArray<ArrayBuffer> {
  const { rows, columns, samples, values, inverted } = pixels
  const rgba = new Uint8ClampedArray(size * size * 4)
  const scale = Math.max(rows, columns) / size
  const left = (size - columns / scale) / 2
  const top = (size - rows / scale) / 2
  const { lower, upper } = rangeOf(window)
  const grey = (value: number): number => ((value - lower) / Math.max(1, upper - lower)) * 255
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const column = Math.floor((x - left) * scale)
      const row = Math.floor((y - top) * scale)
      const to = (y * size + x) * 4
      rgba[to + 3] = 255
      if (column < 0 || row < 0 || column >= columns || row >= rows) continue
      const from = (row * columns + column) * samples
      for (let channel = 0; channel < 3; channel++) {
        const value = values[from + (samples > 1 ? channel : 0)] ?? 0
        const level = samples > 1 ? value : grey(value)
        rgba[to + channel] = inverted ? 255 - level : level
      }
    }
  }
  return rgba
}

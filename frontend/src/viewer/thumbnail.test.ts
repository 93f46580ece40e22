import { describe, expect, it } from 'vitest'

import { thumbnailOf } from './thumbnail'

const grey = { values: [0, 50, 100, 200], rows: 2, columns: 2, samples: 1, inverted: false, exact: true }

describe('a thumbnail', () => {
  it('shows the window, dark to bright', () => {
    const rgba = thumbnailOf(grey, { width: 101, center: 50.5 }, 2)
    expect([rgba[0], rgba[4], rgba[8], rgba[12]]).toEqual([0, 128, 255, 255])
  })

  it('turns MONOCHROME1 the right side up and leaves colour alone', () => {
    expect(thumbnailOf({ ...grey, inverted: true }, { width: 101, center: 50.5 }, 2)[0]).toBe(255)
    const colour = { values: [10, 20, 30], rows: 1, columns: 1, samples: 3, inverted: false, exact: true }
    expect([...thumbnailOf(colour, { width: 2, center: 1 }, 1)]).toEqual([10, 20, 30, 255])
  })

  it('keeps the shape of a wide image, dark above and below', () => {
    const wide = { values: [255, 255, 255, 255], rows: 1, columns: 4, samples: 1, inverted: false, exact: true }
    const rgba = thumbnailOf(wide, { width: 256, center: 128 }, 4)
    expect([rgba[0], rgba[(2 * 4 + 1) * 4]]).toEqual([0, 255])
  })
})

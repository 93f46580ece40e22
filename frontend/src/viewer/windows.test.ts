import { describe, expect, it } from 'vitest'

import { element } from './samples'
import { ownWindow, presetsFor, rangeOf, windowFrom, windowOf } from './windows'

describe('window presets', () => {
  it('begin with the brain for a head CT and with the lung for a chest CT', () => {
    expect(presetsFor('CT', 'HEAD')[0]).toEqual({ name: 'brain', window: { width: 80, center: 40 } })
    expect(presetsFor('CT', 'CHEST')[0]?.name).toBe('lung')
    expect(presetsFor('CT', '腹部增强')[0]?.name).toBe('abdomen')
  })

  it('leave the units of other modalities to the image', () => {
    expect(presetsFor('MR', 'HEAD').map((preset) => preset.name)).toEqual(['own', 'auto'])
  })

  it('fit on the number keys', () => {
    for (const part of ['HEAD', 'CHEST', 'ABDOMEN', 'SPINE', '']) expect(presetsFor('CT', part).length).toBeLessThanOrEqual(9)
  })
})

describe('a window', () => {
  it('covers the values the standard says', () => {
    expect(rangeOf({ width: 80, center: 40 })).toEqual({ lower: 0, upper: 79 })
    expect(windowFrom({ lower: 0, upper: 79 })).toEqual({ width: 80, center: 40 })
  })

  it('is the first of the image, if it has one that makes sense', () => {
    expect(ownWindow({ '00281050': element('DS', 40, 300), '00281051': element('DS', 80, 1500) })).toEqual({ width: 80, center: 40 })
    expect(ownWindow({ '00281050': element('DS', 40), '00281051': element('DS', 0) })).toBeUndefined()
    expect(ownWindow({})).toBeUndefined()
  })

  it('made from the pixels leaves out padding, air and a bright marker', () => {
    const values = [...Array.from({ length: 500 }, () => -2000), ...Array.from({ length: 1000 }, (_, index) => index), 30_000]
    const { width, center } = windowOf(values, -2000)
    expect(center).toBeGreaterThan(450)
    expect(center).toBeLessThan(550)
    expect(width).toBeLessThan(1001)
  })

  it('is never narrower than two values', () => {
    expect(windowOf([5, 5, 5]).width).toBe(2)
  })
})

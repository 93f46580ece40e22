import { describe, expect, it } from 'vitest'

import { alike, angleBetween, letters } from './geometry'

describe('the letters at the edges', () => {
  it('name the side of the patient in LPS', () => {
    expect([letters([1, 0, 0]), letters([0, -1, 0]), letters([0, 0, 1])]).toEqual(['L', 'A', 'H'])
  })

  it('say an oblique direction with the strongest letter first', () => {
    expect(letters([0.4, 0, -0.9])).toBe('FL')
    expect(letters([0.05, 0.05, 0.99])).toBe('H')
  })

  it('are silent without a direction', () => {
    expect(letters([0, 0, 0])).toBe('')
  })
})

describe('planes', () => {
  it('are alike within the wobble of an acquisition, not beyond', () => {
    const turned = (degrees: number) => {
      const radians = (degrees * Math.PI) / 180
      return { row: [1, 0, 0] as const, column: [0, Math.cos(radians), Math.sin(radians)] as const }
    }
    expect(alike(turned(0), turned(1))).toBe(true)
    expect(alike(turned(0), turned(20))).toBe(false)
  })

  it('measure the angle between lines whichever way they point', () => {
    expect(angleBetween([0, 0, 1], [0, 0, -2])).toBeCloseTo(0)
    expect(angleBetween([0, 0, 1], [0, 1, 0])).toBeCloseTo(90)
  })
})

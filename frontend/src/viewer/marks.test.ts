import { describe, expect, it } from 'vitest'

import type { Vector } from './dicom'
import { geometryOf, inverse, type Kind, type Mark, shownValue } from './marks'

function says(kind: Kind, ...points: Vector[]): number[] {
  return geometryOf(kind, points, 'mm').map(({ value }) => Math.round(value * 1e6) / 1e6)
}

describe('marks', () => {
  it('say what geometry says, as the server checks it', () => {
    expect(says('length', [0, 0, 0], [30, 40, 0])).toEqual([50])
    expect(says('angle', [1, 0, 0], [0, 0, 0], [0, 1, 0])).toEqual([90])
    expect(says('cobb', [0, 0, 0], [1, 0, 0], [0, 0, 5], [-1, 0, 6])).toEqual([45])
    expect(says('bidirectional', [0, 0, 0], [9, 0, 0], [0, 0, 0], [0, 4, 0])).toEqual([9, 4])
    expect(says('rectangle', [0, 0, 0], [3, 0, 0], [0, 0, 4], [3, 0, 4])).toEqual([12])
    expect(says('ellipse', [0, -2, 0], [0, 2, 0], [-3, 0, 0], [3, 0, 0])[0]).toBeCloseTo(6 * Math.PI, 5)
  })

  it('say nothing while they are being drawn', () => {
    expect(says('cobb', [0, 0, 0], [1, 0, 0])).toEqual([])
  })

  it('are written with their units', () => {
    expect(shownValue({ name: 'area', value: 2350, unit: 'mm2' })).toBe('23.5 cm²')
    expect(shownValue({ name: 'mean', value: 62.44, unit: "[hnsf'U]" })).toBe('62.4 HU')
    expect(shownValue({ name: 'length', value: 12, unit: '{pixel}' })).toBe('12.0 px')
  })

  it('are taken back by the opposite, and back again', () => {
    const mark: Mark = { id: '1', kind: 'length', sop: '1', frame: 1, frameOfReference: undefined, points: [], values: [], label: '' }
    const edited = { did: 'edited' as const, mark: { ...mark, label: 'b' }, before: mark }
    expect(inverse({ did: 'added', mark })).toEqual({ did: 'removed', mark })
    expect(inverse(inverse(edited))).toEqual(edited)
  })
})

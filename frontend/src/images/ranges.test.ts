import { describe, expect, it } from 'vitest'

import type { Completeness } from '@/api/types'

import { missingAt, ranges } from './ranges'

function found(...missing: [number | null, number | null][]): Completeness {
  return { missing: missing.map(([instance_number, position_mm]) => ({ instance_number, position_mm })) } as unknown as Completeness
}

describe('what is missing', () => {
  it('is written as ranges', () => {
    expect(ranges([41, 37, 38, 39, 40, 50])).toBe('37–41, 50')
    expect(ranges([])).toBe('')
  })

  it('is told by number and place', () => {
    expect(missingAt(found([37, -112.5], [38, -110]))).toBe('#37–38 · −112.5 … −110 mm')
    expect(missingAt(found([null, 5]))).toBe('5 mm')
    expect(missingAt(found([null, null]))).toBe('')
  })
})

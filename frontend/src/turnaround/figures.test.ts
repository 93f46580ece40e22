import { describe, expect, it } from 'vitest'

import { before, change, daysOf, periodOf } from './figures'

describe('a period', () => {
  it('ends today and holds as many days as it says', () => {
    expect(periodOf('7', '2026-11-24')).toEqual({ from: '2026-11-18', to: '2026-11-24' })
    expect(daysOf(periodOf('30', '2026-03-01'))).toHaveLength(30)
  })
  it('is a calendar month, this one so far or the last one whole', () => {
    expect(periodOf('month', '2026-11-24')).toEqual({ from: '2026-11-01', to: '2026-11-24' })
    expect(periodOf('lastMonth', '2026-03-15')).toEqual({ from: '2026-02-01', to: '2026-02-28' })
  })
  it('is compared with as many days just before it', () => {
    expect(before({ from: '2026-11-01', to: '2026-11-30' })).toEqual({ from: '2026-10-02', to: '2026-10-31' })
  })
})

describe('a change', () => {
  it('is told in whole per cent, and not at all where one side is not told', () => {
    expect(change(90, 120)).toBe(-25)
    expect(change(90, null)).toBeNull()
    expect(change(90, 0)).toBeNull()
  })
})

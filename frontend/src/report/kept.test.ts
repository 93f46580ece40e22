import { beforeEach, describe, expect, it } from 'vitest'

import { forgetKeptReports, keepReport, keptReport } from './kept'
import { EMPTY } from './text'

const kept = { base: EMPTY, baseRevision: 1, mine: { ...EMPTY, findings: '字' }, at: 0 }
const DAY = 24 * 3600 * 1000

describe('text kept in this browser', () => {
  beforeEach(() => { localStorage.clear() })

  it('comes back to the same person and case only', () => {
    expect(keepReport('p1', 'c1', kept)).toBe(true)
    expect(keptReport('p1', 'c1', DAY)).toEqual(kept)
    expect(keptReport('p2', 'c1', DAY)).toBeUndefined()
    expect(keptReport('p1', 'c2', DAY)).toBeUndefined()
  })

  it('is gone after a week, and when it cannot be read', () => {
    keepReport('p1', 'c1', kept)
    expect(keptReport('p1', 'c1', 8 * DAY)).toBeUndefined()
    expect(localStorage.length).toBe(0)
    localStorage.setItem('consult.report.p1.c1', '{"mi')
    expect(keptReport('p1', 'c1', 0)).toBeUndefined()
  })

  it('is forgotten at sign-out, and nothing else', () => {
    keepReport('p1', 'c1', kept)
    localStorage.setItem('consult.language', 'en')
    forgetKeptReports()
    expect(Object.keys(localStorage)).toEqual(['consult.language'])
  })
})

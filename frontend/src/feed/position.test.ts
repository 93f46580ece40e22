import { describe, expect, it } from 'vitest'

import type { Fact } from '@/api/types'

import { Position } from './position'

const fact = (seq: number): Fact => ({ seq, case_id: `c${String(seq)}`, kind: 'submit', at: '2026-11-24T06:00:00Z' })

describe('the position in the feed', () => {
  it('knows a gap from the next fact', () => {
    const position = new Position()
    expect(position.follows(fact(1))).toBe(false)
    position.reach(7)
    expect(position.follows(fact(8))).toBe(true)
    expect(position.follows(fact(9))).toBe(false)
    expect(position.follows(fact(7))).toBe(false)
  })
  it('tells each fact once, in order, whatever arrives twice', () => {
    const position = new Position()
    position.reach(1)
    expect(position.take([fact(3), fact(2)]).map((one) => one.seq)).toEqual([2, 3])
    expect(position.take([fact(2), fact(3), fact(4)]).map((one) => one.seq)).toEqual([4])
  })
  it('never goes back', () => {
    const position = new Position()
    position.reach(9)
    position.reach(4)
    expect(position.at).toBe(9)
  })
})

import { describe, expect, it } from 'vitest'

import type { CaseRow, CaseState, Priority } from '@/api/types'

import { nextOf, reasonsFor } from './next'

function row(id: string, priority: Priority, leftS: number, state: CaseState = 'assigned', nextMove: string | null = 'accept'): CaseRow {
  const clock = { name: 'consult', label: '', limit_s: 10_000, used_s: 10_000 - leftS, running: true, breached: leftS < 0, due_at: null }
  return { id, priority, state, next_move: nextMove, clocks: [clock], created_at: '2026-11-24T06:00:00Z' } as unknown as CaseRow
}

describe('the next case', () => {
  it('is the most urgent one, and of those the one with the least time left', () => {
    const rows = [row('routine-late', 'routine', -60), row('urgent', 'urgent', 900), row('emergency', 'emergency', 1500), row('emergency-soon', 'emergency', 60)]
    expect(nextOf(rows)?.id).toBe('emergency-soon')
  })
  it('is never one that waits for somebody else', () => {
    expect(nextOf([row('signed', 'emergency', 5, 'signed'), row('nothing', 'emergency', 5, 'assigned', null)])).toBeNull()
    expect(nextOf([])).toBeNull()
  })
  it('says what spoke for this reader, heaviest first', () => {
    const why = [
      { person_id: 'p1', person: '罗启明', chosen: true, score: 3, reasons: [{ code: 'a', sentence: '轻', points: 1 }, { code: 'b', sentence: '重', points: 2 }], excluded: [] },
      { person_id: 'p2', person: '周文', chosen: false, score: 0, reasons: [{ code: 'c', sentence: '别人', points: 9 }], excluded: [] },
    ]
    expect(reasonsFor({ why } as unknown as Parameters<typeof reasonsFor>[0], 'p1')).toEqual(['重', '轻'])
    expect(reasonsFor({ why } as unknown as Parameters<typeof reasonsFor>[0], 'p3')).toEqual([])
  })
})

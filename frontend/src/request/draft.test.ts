import { beforeEach, describe, expect, it } from 'vitest'

import { dropDraft, forgetDrafts, hasDraft, keepDraft, keptDraft } from './draft'

const NOON = Date.parse('2026-11-24T04:00:00Z')
const HOUR = 3_600_000

beforeEach(() => {
  localStorage.clear()
})

describe('an unfinished request', () => {
  it('is there again after a reload, with when it was left', () => {
    keepDraft('p1', { question: '右侧基底节区高密度影' }, NOON)
    expect(keptDraft('p1', NOON + HOUR)).toEqual({ form: { question: '右侧基底节区高密度影' }, at: NOON })
  })
  it('is not shown to the next person at the same computer', () => {
    keepDraft('p1', { question: 'x' }, NOON)
    expect(keptDraft('p2', NOON)).toBeNull()
  })
  it('is gone after a day, from the disk as well', () => {
    keepDraft('p1', { question: 'x' }, NOON)
    expect(keptDraft('p1', NOON + 24 * HOUR)).toBeNull()
    expect(hasDraft('p1')).toBe(false)
  })
  it('that is being edited counts as unfinished too, for its person only', () => {
    keepDraft('p1/c9', {}, NOON)
    expect([hasDraft('p1'), hasDraft('p')]).toEqual([true, false])
    expect(keptDraft('p1', NOON)).toBeNull()
  })
  it('does not break the form when it cannot be read', () => {
    localStorage.setItem('consult.draft.p1', '{"at": 1')
    expect(keptDraft('p1', NOON)).toBeNull()
  })
  it('ends when the request is created, and at sign-out without touching other things', () => {
    localStorage.setItem('consult.language', 'en')
    keepDraft('p1', {}, NOON)
    keepDraft('p2', {}, NOON)
    dropDraft('p1')
    expect(hasDraft('p1')).toBe(false)
    forgetDrafts()
    expect(hasDraft('p2')).toBe(false)
    expect(localStorage.getItem('consult.language')).toBe('en')
  })
})

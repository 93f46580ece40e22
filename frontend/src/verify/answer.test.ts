import { describe, expect, it } from 'vitest'

import type { Verdict } from '@/api/types'

import { answerOf } from './answer'

const verdict = (some: Partial<Verdict>): Verdict => ({
  valid: true,
  sha256: 'ab',
  reasons: [],
  signers: [],
  document: { number: 'R2026-1', version: 1, sha256: 'ab', kind: 'final' },
  newest: true,
  ...some,
})

describe('the answer to a dropped report', () => {
  it('is valid only for a valid, newest document', () => {
    expect(answerOf(verdict({}), '').kind).toBe('valid')
    expect(answerOf(verdict({ newest: false }), '').kind).toBe('old')
    expect(answerOf(verdict({ valid: false, newest: true }), '').kind).toBe('invalid')
  })
  it('is never valid for a genuine report that another QR code led to', () => {
    expect(answerOf(verdict({}), 'R2026-2')).toMatchObject({ kind: 'invalid', mismatch: true })
    expect(answerOf(verdict({}), 'R2026-1')).toMatchObject({ kind: 'valid', mismatch: false })
  })
})

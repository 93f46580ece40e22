import { describe, expect, it } from 'vitest'

import type { Completeness } from '@/api/types'

import { type InView, isPreview, truths } from './truth'

const whole: Completeness = { status: 'complete', received: 3, expected: 3, missing: [], conflicts: [], notices: [], claims: [], copies: 0, undecided: 0, line: '', advice: '', unit: '幅' }
const view: InView = { progress: { visible: 3, loaded: 3, failed: 0, total: 3, room: 100 }, lossy: false, tilt: 0, scale: 'patient', modality: 'CT' }
const keys = (studies: Completeness[], seen?: InView, waiting = 0): string[] => truths(studies, seen, waiting).map((truth) => truth.key)

describe('the banner of truth', () => {
  it('is silent when there is nothing to know', () => {
    expect(keys([whole], view)).toEqual([])
  })

  it('names what is missing before everything else', () => {
    const missing = [{ sentence: '缺第 57–59 层。', series_uid: '1', instance_number: 57, position_mm: null, count: 3 }]
    const lines = truths([{ ...whole, status: 'short', received: 137, expected: 140, missing }], { ...view, lossy: true }, 2)
    expect(lines.map((line) => line.key)).toEqual(['short', 'line', 'lossy'])
    expect(lines[0]?.say).toEqual({ received: 137, expected: 140, missing: '缺第 57–59 层。' })
  })

  it('says that nothing proves the study complete', () => {
    expect(keys([{ ...whole, status: 'quiet', expected: null }], view)).toEqual(['quiet'])
    expect(keys([{ ...whole, status: 'receiving' }], view)).toEqual(['receiving'])
  })

  it('tells a tilted gantry, and a scale that is none', () => {
    expect(keys([whole], { ...view, tilt: 15 })).toEqual(['tilt'])
    expect(keys([whole], { ...view, tilt: 0.2 })).toEqual([])
    expect(keys([whole], { ...view, scale: 'detector', modality: 'DX' })).toEqual(['detector'])
    expect(keys([whole], { ...view, scale: 'none', modality: 'US' })).toEqual([])
  })
})

describe('preview', () => {
  it('lasts until every slice is here, or known not to come', () => {
    expect(isPreview({ visible: 3, loaded: 2, failed: 0, total: 3, room: 100 })).toBe(true)
    expect(isPreview({ visible: 3, loaded: 2, failed: 1, total: 3, room: 100 })).toBe(false)
  })

  it('does not wait for more than this machine can keep', () => {
    expect(isPreview({ visible: 3, loaded: 50, failed: 0, total: 4000, room: 50 })).toBe(false)
  })
})

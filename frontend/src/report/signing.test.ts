import { describe, expect, it } from 'vitest'

import type { CaseDetail, Move, Need, Verb } from '@/api/types'

import { bodyOf, type Filled, imagesOf, lacks, mainMove } from './signing'
import type { Finding } from './text'

const need = (code: string, settledBy: string | null = null): Need => ({ code, met: false, sentence: code, settled_by: settledBy })
const move = (verb: Verb, ...needs: Need[]): Move => ({ verb, label: verb, needs, reason: false, asks: [] })
const caseWith = (part: Partial<CaseDetail>): CaseDetail => ({ moves: [], studies: [], alerts: [], ...part }) as unknown as CaseDetail
const finding = (code: string, severity: Finding['severity'] = 'block'): Finding => ({ code, severity, sentence: code, where: 'impression' })
const filled: Filled = { pin: '1', overrides: {}, critical: '', variation: '' }

describe('which signature is asked for', () => {
  it('is the reviewer’s before the author’s', () => {
    expect(mainMove(caseWith({ moves: [move('issue_preliminary'), move('co_sign')] }))?.verb).toBe('co_sign')
  })

  it('is the author’s submission where two signatures are required', () => {
    const moves = [move('sign', need('one-signature')), move('submit_for_review', need('checks-pass', 'overrides'))]
    expect(mainMove(caseWith({ moves }))?.verb).toBe('submit_for_review')
  })

  it('is still shown with its sentence where something stands in its way', () => {
    const found = mainMove(caseWith({ moves: [move('sign', need('sign-right'))] }))
    expect([found?.verb, found?.inTheWay[0]?.code]).toEqual(['sign', 'sign-right'])
  })

  it('is none where no signing move is open', () => {
    expect(mainMove(caseWith({ moves: [move('release')] }))).toBeUndefined()
  })
})

describe('what is still missing', () => {
  it('is a reason for each blocking rule, once a rule', () => {
    const found = [finding('side-contradiction'), finding('side-contradiction'), finding('age-differs', 'warn')]
    expect(lacks(filled, found, [], false, false).overrides).toBe(true)
    const reasoned = { ...filled, overrides: { 'side-contradiction': '原文如此' } }
    expect(lacks(reasoned, found, [], false, false)).toEqual({ overrides: false, critical: false, variation: false, pin: false, written: false })
    expect(bodyOf('sign', reasoned, found, false)).toEqual({ verb: 'sign', pin: '1', overrides: [{ code: 'side-contradiction', reason: '原文如此' }] })
  })

  it('is a critical finding that the text names and nobody recorded', () => {
    expect(lacks(filled, [finding('critical-untold')], ['急性脑出血'], false, false)).toMatchObject({ critical: true, overrides: false })
    expect(lacks(filled, [], ['急性脑出血'], true, false).critical).toBe(false)
    expect(bodyOf('sign', { ...filled, critical: '急性脑出血' }, [], false)).toMatchObject({ critical: { finding: '急性脑出血' } })
  })

  it('is an empty section, which no reason settles', () => {
    const reasoned = { ...filled, overrides: { 'section-empty': '不想写' } }
    expect(lacks(reasoned, [finding('section-empty')], [], false, false).written).toBe(true)
    expect(bodyOf('sign', reasoned, [finding('section-empty')], false)).not.toHaveProperty('overrides')
  })

  it('is the variation after a preliminary report', () => {
    expect(lacks(filled, [], [], false, true).variation).toBe(true)
    expect(bodyOf('sign', { ...filled, variation: '无' }, [], true)).toMatchObject({ variation: '无' })
  })
})

describe('the images of a case', () => {
  it('are told as one, with the worst status and without the priors', () => {
    const study = (status: string, received: number, role = 'current') => ({
      role,
      completeness: { status, received, expected: received + 1, missing: [{ sentence: '缺' }], conflicts: [], notices: [] },
    })
    const studies = [study('complete', 10), study('short', 5), study('none', 0, 'prior')]
    expect(imagesOf(caseWith({ studies: studies as unknown as CaseDetail['studies'] }))).toMatchObject({ status: 'short', received: 15, expected: 17 })
    expect(imagesOf(caseWith({}))).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'

import type { CaseDetail, CriticalAlert, Move, Verb } from '@/api/types'

import { buttonOf, emptyAnswers, itemsOf, lacking, questionsOf, sayOf, sortedButtons } from './moves'

const NOW = Date.parse('2026-11-24T06:00:00Z')

function move(verb: Verb, some: Partial<Move> = {}): Move {
  return { verb, label: verb, needs: [], reason: false, asks: [], ...some }
}

function detail(some: Partial<CaseDetail> = {}): CaseDetail {
  return { outcome: '', concordance: '', priority: 'routine', modality: 'CT', body_part: 'HEAD', alerts: [], asked: [], members: [], requester: { id: 'r', name: '王建国' }, performing_site: { code: 'G', name: 'G' }, patient: { name: '' }, studies: [], ...some } as CaseDetail
}

function alert(state: string): CriticalAlert {
  return { state, finding: '急性脑出血', detected_at: '2026-11-24T06:00:00Z', detected_by: { id: 'p', name: '王医生' }, acknowledged_at: null, acknowledged_by: null, read_back: '', label: state, due_at: '2026-11-24T06:10:00Z', in_time: null, attempts: [], notified_at: null, handled_at: null, handled_by: null, handling: '' }
}

describe('the buttons of a case', () => {
  it('lead on first, and of those the ones that can be pressed', () => {
    const blocked = move('sign', { needs: [{ code: 'images', met: false, sentence: '影像不完整', settled_by: null }] })
    const { forward, rest } = sortedButtons([move('cancel'), blocked, move('escalate'), move('submit_for_review')])
    expect(forward.map((button) => button.move.verb)).toEqual(['submit_for_review', 'sign'])
    expect(rest.map((button) => button.move.verb)).toEqual(['escalate', 'cancel'])
  })
  it('stay usable when the dialog settles what is lacking', () => {
    const need = { code: 'q', met: false, sentence: '请选择专家', settled_by: 'assignee' }
    expect(buttonOf(move('assign', { needs: [need], asks: ['assignee'] })).blocked).toEqual([])
    expect(buttonOf(move('assign', { needs: [need], asks: [] })).blocked).toEqual([need])
  })
  it('keep a verb that this page has never heard of', () => {
    expect(sortedButtons([move('brand_new' as Verb)]).rest).toHaveLength(1)
  })
})

describe('what the dialog of a move asks', () => {
  it('includes the reason last, once', () => {
    expect(questionsOf(move('return_for_supplement', { asks: ['items', 'reason'], reason: true }), detail())).toEqual(['items', 'reason'])
  })
  it('asks for a read-back only while a critical finding is open', () => {
    const acknowledge = move('acknowledge', { asks: ['read_back'] })
    expect(questionsOf(acknowledge, detail())).toEqual([])
    expect(questionsOf(acknowledge, detail({ alerts: [alert('detected')] }))).toEqual(['read_back'])
    expect(questionsOf(acknowledge, detail({ alerts: [alert('acknowledged')] }))).toEqual([])
  })
  it('offers the override only where it is needed', () => {
    const need = { code: 'i', met: false, sentence: '影像不完整', settled_by: 'override' }
    expect(questionsOf(move('triage', { asks: ['override'], needs: [need] }), detail())).toEqual(['override'])
    expect(questionsOf(move('triage', { asks: ['override'], needs: [{ ...need, met: true }] }), detail())).toEqual([])
  })
})

describe('the answers', () => {
  it('are not sent while something is lacking', () => {
    const answers = { ...emptyAnswers(detail()), reason: '  ' }
    expect(lacking(['reason', 'items'], answers, NOW)).toEqual({ reason: 'needReason', items: 'needItems' })
    expect(lacking(['reason'], { ...answers, reason: '层厚过厚' }, NOW)).toEqual({})
  })
  it('answer or decline every item that was asked', () => {
    const asked = [
      { item: '病史', answer: '', declined: false, files: [] },
      { item: '化验', answer: '', declined: false, files: [] },
    ]
    const answers = emptyAnswers(detail({ asked }))
    expect(lacking(['answers'], answers, NOW)).toEqual({ answers: 'needAnswers' })
    answers.answers = [
      { answer: '发热三天', declined: false },
      { answer: '', declined: true },
    ]
    expect(lacking(['answers'], answers, NOW)).toEqual({})
  })
  it('need a time to come', () => {
    const answers = emptyAnswers(detail())
    expect(lacking(['appointment_at'], { ...answers, appointment_at: new Date(NOW) }, NOW)).toEqual({ appointment_at: 'needTime' })
    expect(lacking(['appointment_at'], { ...answers, appointment_at: new Date(NOW + 1) }, NOW)).toEqual({})
  })
  it('carry only what was asked, trimmed, each item once', () => {
    const answers = { ...emptyAnswers(detail()), items: ['薄层原始序列'], itemsOther: ' 薄层原始序列\n\n 心电图 ', reason: ' 不全 ' }
    expect(itemsOf(answers)).toEqual(['薄层原始序列', '心电图'])
    expect(sayOf(['items', 'reason'], answers, detail())).toEqual({ items: ['薄层原始序列', '心电图'], reason: '不全' })
    expect(sayOf([], answers, detail())).toEqual({})
  })
})

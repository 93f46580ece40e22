import { describe, expect, it } from 'vitest'

import type { CaseRow, Fact, Priority } from '@/api/types'

import { merge, shown } from './merge'

function row(id: string, version = 1, priority: Priority = 'routine'): CaseRow {
  return {
    id,
    number: id,
    unread: 0,
    state: 'submitted',
    version,
    priority,
    service_type: 'telediagnosis',
    patient: { name: '张三', sex: 'M', birth_date: null, id_number: '', phone: '' },
    question: '?',
    requester: { id: 'p', name: '张医生' },
    modality: 'CT',
    body_part: 'HEAD',
    requesting_site: { code: 'ANLONG', name: '安龙县人民医院' },
    performing_site: { code: 'GUIYANG', name: '贵阳专家中心' },
    alerts: 0, alert_due_at: null, approval_asked_at: null,
    assignee: null,
    due_at: null,
    offer_until: null, appointment_at: null,
    clocks: [],
    created_at: '2026-11-24T06:00:00Z',
    updated_at: '2026-11-24T06:00:00Z',
    next_move: null,
    images: { status: 'none', received: 0, expected: null },
  }
}

const fact = (id: string): Fact => ({ seq: 1, case_id: id, kind: 'claim', at: '2026-11-24T06:00:00Z' })
const ids = (rows: { row: CaseRow }[]): string[] => rows.map((one) => one.row.id)

describe('news in a list that someone is reading', () => {
  const current = shown([row('a'), row('b'), row('c')], 0)

  it('changes a row where it stands, whatever its new place would be', () => {
    const news = merge(current, { items: [row('c', 2), row('a'), row('b')], cut: false }, [fact('c')], 9)
    expect(ids(news.rows)).toEqual(['a', 'b', 'c'])
    expect(news.rows[2]).toMatchObject({ row: { version: 2 }, takenAt: 9 })
    expect(news.changes).toBe(0)
  })

  it('holds new rows back and counts them, an emergency loudly', () => {
    const news = merge(current, { items: [row('e', 1, 'emergency'), ...current.map((one) => one.row)], cut: false }, [], 9)
    expect(ids(news.rows)).toEqual(['a', 'b', 'c'])
    expect(news).toMatchObject({ changes: 1, urgent: true })
  })

  it('fades a row that has left', () => {
    const news = merge(current, { items: [row('a'), row('c')], cut: false }, [fact('b')], 9)
    expect(news.rows.map((one) => one.gone)).toEqual([false, true, false])
    expect(news.changes).toBe(1)
  })

  it('does not fade a row that was only pushed below the part that was loaded', () => {
    const news = merge(current, { items: [row('new'), row('a'), row('b')], cut: true }, [fact('new')], 9)
    expect(news.rows.map((one) => one.gone)).toEqual([false, false, false])
    expect(news.changes).toBe(1)
  })

  it('fades it after all when a fact says that it was this one', () => {
    const news = merge(current, { items: [row('new'), row('a'), row('b')], cut: true }, [fact('c')], 9)
    expect(news.rows[2]?.gone).toBe(true)
  })

  it('brings a row back that had left', () => {
    const once = merge(current, { items: [row('a'), row('c')], cut: false }, [], 1)
    const twice = merge(once.rows, { items: [row('a'), row('b'), row('c')], cut: false }, [], 2)
    expect(twice.rows[1]?.gone).toBe(false)
    expect(twice.changes).toBe(0)
  })
})

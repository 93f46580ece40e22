import { describe, expect, it } from 'vitest'

import { dayOf, daysFrom, daysOn, onDay } from './week'

describe('a week of the rota', () => {
  it('begins on Monday in local time', () => {
    expect(daysFrom('2026-11-22T16:00:00Z')).toEqual(['2026-11-23', '2026-11-24', '2026-11-25', '2026-11-26', '2026-11-27', '2026-11-28', '2026-11-29'])
    expect(dayOf('2026-11-22T15:59:59Z')).toBe('2026-11-22')
    expect(daysOn('2026-12-31', 1)).toBe('2027-01-01')
  })

  it('cuts a night at midnight', () => {
    const night = { start: '2026-11-24T14:00:00Z', end: '2026-11-25T00:00:00Z' }
    expect(onDay(night, '2026-11-24')).toEqual({ from: '22:00', to: '24:00', allDay: false })
    expect(onDay(night, '2026-11-25')).toEqual({ from: '00:00', to: '08:00', allDay: false })
    expect(onDay(night, '2026-11-26')).toBeNull()
  })

  it('knows a whole day', () => {
    expect(onDay({ start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z' }, '2026-11-24')?.allDay).toBe(true)
  })
})

import { describe, expect, it } from 'vitest'

import { clockOf, clocksAround, minutesOf } from './minutes'

describe('a time of the day', () => {
  it('is the same after going there and back', () => {
    for (const clock of ['00:00', '07:05', '22:00', '23:59']) expect(clockOf(minutesOf(clock))).toBe(clock)
    expect(minutesOf('22:00')).toBe(1320)
  })

  it('is offered by half hours, with the one that was chosen before', () => {
    expect(clocksAround('22:00')).toHaveLength(48)
    const odd = clocksAround('22:10')
    expect(odd.slice(odd.indexOf('22:00'), odd.indexOf('22:30') + 1)).toEqual(['22:00', '22:10', '22:30'])
  })
})

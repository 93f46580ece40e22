import { describe, expect, it } from 'vitest'

import { clockOf, minutesOf } from './minutes'

describe('a time of the day', () => {
  it('is the same after going there and back', () => {
    for (const clock of ['00:00', '07:05', '22:00', '23:59']) expect(clockOf(minutesOf(clock))).toBe(clock)
    expect(minutesOf('22:00')).toBe(1320)
  })
})

import { expect, test } from 'vitest'

import { momentOf, sizeOf } from './figures'

test('a size is told in the unit people would use', () => {
  expect([0, 999, 1000, 528_384, 123_456_789, 5e12].map(sizeOf)).toEqual(['0 B', '999 B', '1.0 KB', '528 KB', '123 MB', '5.0 TB'])
})

test('a moment is told in the time of the region', () => {
  expect(momentOf('2026-11-24T16:30:05Z')).toContain('00:30:05')
})

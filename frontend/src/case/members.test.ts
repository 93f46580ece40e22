import { expect, test } from 'vitest'

import { seatsFit, type Seat } from './members'

const chair: Seat = { person: 'a', specialty: 'radiology', role: 'chair' }
const surgeon: Seat = { person: 'b', specialty: 'neurosurgery', role: 'member' }

test('one chair and two specialties fit', () => {
  expect(seatsFit([chair, surgeon])).toBe(true)
})

test.each([
  ['nobody', []],
  ['no chair', [{ ...chair, role: 'member' }, surgeon]],
  ['two chairs', [chair, { ...surgeon, role: 'chair' }]],
  ['one specialty', [chair, { ...surgeon, specialty: 'radiology' }]],
  ['an observer has no voice', [chair, { ...surgeon, role: 'observer' }]],
  ['somebody twice', [chair, surgeon, { ...surgeon, specialty: 'urology' }]],
  ['a seat left open', [chair, surgeon, { person: '', specialty: 'urology', role: 'member' }]],
] as [string, Seat[]][])('%s does not fit', (_, seats) => {
  expect(seatsFit(seats)).toBe(false)
})

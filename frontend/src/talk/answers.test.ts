import { expect, test } from 'vitest'

import { answersOf, emptyReplies, isAnswered, openCount, sizeOf } from './answers'

test('an item is answered by words, by a file, or by why it cannot be given', () => {
  expect(isAnswered({ answer: ' ', declined: false, files: [] })).toBe(false)
  expect(isAnswered({ answer: '120/80', declined: false, files: [] })).toBe(true)
  expect(isAnswered({ answer: '', declined: false, files: [{ id: 'a', name: 'a.pdf' }] })).toBe(true)
  expect(isAnswered({ answer: '', declined: true, files: [{ id: 'a', name: 'a.pdf' }] })).toBe(false)
  expect(isAnswered({ answer: '片已遗失', declined: true, files: [] })).toBe(true)
})

test('what was answered before is not asked again, and what is declined sends no file', () => {
  const replies = emptyReplies([
    { item: '血常规', answer: '', declined: false, files: ['f'] },
    { item: '既往片', answer: '', declined: false, files: [] },
  ])
  expect(openCount(replies)).toBe(1)
  replies[1] = { answer: '片已遗失 ', declined: true, files: [{ id: 'g', name: 'g' }] }
  expect(answersOf(replies)).toEqual([
    { answer: '', declined: false, files: ['f'] },
    { answer: '片已遗失', declined: true, files: [] },
  ])
})

test('a size reads in the unit that fits', () => {
  expect([sizeOf(10), sizeOf(250_000), sizeOf(3_500_000)]).toEqual(['1 KB', '244 KB', '3.3 MB'])
})

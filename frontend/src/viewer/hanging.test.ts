import { describe, expect, it } from 'vitest'

import { firstToRead, follow, priorFor } from './hanging'
import { made } from './samples'
import type { SeriesRow } from './series'
import { stackFrom } from './slices'

function row(part: Partial<SeriesRow>): SeriesRow {
  return {
    study: '1',
    uid: part.description ?? '1',
    number: 1,
    modality: 'CT',
    description: '',
    bodyPart: 'HEAD',
    received: 10,
    thickness: undefined,
    completeness: undefined,
    role: 'current',
    studyDate: '20261124',
    lossy: false,
    notShown: undefined,
    ...part,
  }
}

describe('the series that is opened first', () => {
  it('is the largest of this exam that is for reading', () => {
    const rows = [
      row({ description: 'Surview', received: 900 }),
      row({ description: '5 mm', received: 30 }),
      row({ description: '1 mm iDose', received: 150 }),
      row({ description: 'prior', received: 999, role: 'prior' }),
      row({ description: 'SR', received: 999, notShown: 'report' }),
    ]
    expect(firstToRead(rows)?.description).toBe('1 mm iDose')
  })

  it('is a localiser when there is nothing else, and none where nothing can be shown', () => {
    expect(firstToRead([row({ description: 'scout' })])?.description).toBe('scout')
    expect(firstToRead([row({ notShown: 'report' })])).toBeUndefined()
  })
})

describe('the prior beside it', () => {
  it('is of the newest earlier exam and the nearest thickness', () => {
    const rows = [
      row({ description: 'old thin', role: 'prior', thickness: 1, studyDate: '20200101' }),
      row({ description: 'thick', role: 'prior', thickness: 5, studyDate: '20260101' }),
      row({ description: 'thin', role: 'prior', thickness: 1.25, studyDate: '20260101' }),
    ]
    expect(priorFor(row({ thickness: 1 }), rows)?.description).toBe('thin')
    expect(priorFor(row({}), [row({})])).toBeUndefined()
  })
})

describe('two stacks scrolled together', () => {
  const stack = (step: number, count: number) =>
    stackFrom(Array.from({ length: count }, (_, index) => made({ number: index + 1, position: [0, 0, index * step] })), '/s').slices

  it('go the same number of mm', () => {
    expect(follow(stack(1, 50), 10, 20, stack(5, 10), 2)).toBe(4)
    expect(follow(stack(5, 10), 2, 4, stack(1, 50), 10)).toBe(20)
  })

  it('stop at the end', () => {
    expect(follow(stack(1, 50), 0, 49, stack(1, 10), 0)).toBe(9)
  })

  it('go by their share of the stack without geometry', () => {
    const flat = (count: number) => stackFrom(Array.from({ length: count }, (_, index) => made({ number: index + 1 })), '/s').slices
    expect(follow(flat(100), 0, 50, flat(10), 0)).toBe(5)
  })
})

import { describe, expect, it } from 'vitest'

import { bothOf, merge } from './merge'
import { EMPTY, type KeyImage, wordCount } from './text'

const base = { ...EMPTY, technique: '平扫', findings: '所见', impression: '意见' }
const image = (sop: string, caption = ''): KeyImage => ({ sop_uid: sop, frame: 1, caption })

describe('two changes of one report', () => {
  it('come together by themselves when they are in different sections', () => {
    const merged = merge(base, { ...base, findings: '所见一' }, { ...base, impression: '意见二' })
    expect(merged.text).toMatchObject({ technique: '平扫', findings: '所见一', impression: '意见二' })
    expect([merged.taken, merged.conflicts]).toEqual([['impression'], []])
  })

  it('of the same section are left to the person, with mine in place', () => {
    const merged = merge(base, { ...base, findings: '我的' }, { ...base, findings: '对方的' })
    expect(merged.conflicts).toEqual(['findings'])
    expect(merged.text.findings).toBe('我的')
  })

  it('that say the same are no conflict', () => {
    expect(merge(base, { ...base, findings: '同' }, { ...base, findings: '同' }).conflicts).toEqual([])
  })

  it('keep every key image that was added, and none that was removed', () => {
    const start = { ...base, key_images: [image('1'), image('2')] }
    const mine = { ...start, key_images: [image('1', '血肿'), image('2'), image('3')] }
    const theirs = { ...start, key_images: [image('1'), image('4')] }
    expect(merge(start, mine, theirs).text.key_images).toEqual([image('1', '血肿'), image('3'), image('4')])
  })

  it('take a caption the other side wrote', () => {
    const start = { ...base, key_images: [image('1')] }
    expect(merge(start, start, { ...start, key_images: [image('1', '对方')] }).text.key_images[0]?.caption).toBe('对方')
  })
})

describe('both texts together', () => {
  it('do not repeat the lines they share', () => {
    expect(bothOf('一\n二', '一\n三')).toBe('一\n二\n三')
    expect(bothOf('一', '一')).toBe('一')
    expect(bothOf('', '三')).toBe('三')
  })
})

describe('the word count', () => {
  it('counts a Chinese character and a word of another script as one each', () => {
    expect(wordCount({ ...EMPTY, findings: '左侧基底节 14 mm，CT平扫' })).toBe(5 + 2 + 3)
  })
})

import { describe, expect, it } from 'vitest'

import { choiceAt, nextBlank, shortcutBefore } from './blanks'
import { EMPTY } from './text'

describe('the next blank', () => {
  const text = { ...EMPTY, technique: '层厚 __ mm', findings: '大小约 ×× mm，[左/右]侧' }

  it('goes through the placeholders in the order of the page, and round', () => {
    const first = nextBlank(text, [], { section: 'technique', at: 0 })
    expect(first).toEqual({ section: 'technique', start: 3, end: 5 })
    const second = nextBlank(text, [], { section: 'technique', at: 5 })
    expect(second).toMatchObject({ section: 'findings', start: 4, end: 6 })
    const third = nextBlank(text, [], { section: 'findings', at: 6 })
    expect(text.findings.slice(third?.start, third?.end)).toBe('[左/右]')
    expect(nextBlank(text, [], { section: 'recommendation', at: 0 })).toEqual(first)
  })

  it('counts a required section that is empty', () => {
    expect(nextBlank({ ...EMPTY, technique: '平扫' }, ['technique', 'impression'], { section: 'technique', at: 2 })?.section).toBe('impression')
  })

  it('is none when all is written', () => {
    expect(nextBlank({ ...EMPTY, findings: '未见异常' }, ['findings'], { section: 'findings', at: 0 })).toBeUndefined()
  })
})

describe('a choice of a phrase', () => {
  const text = '{左侧|右侧}基底节区，约{} mm'

  it('is found while the cursor is in it, with its options', () => {
    expect(choiceAt(text, 0, 7)).toEqual({ start: 0, end: 7, options: ['左侧', '右侧'] })
    expect(choiceAt(text, 3, 3)?.start).toBe(0)
    expect(choiceAt(text, 8, 8)).toBeUndefined()
  })

  it('has no options where it is a blank', () => {
    expect(choiceAt(text, text.indexOf('{}'), text.indexOf('{}') + 2)?.options).toEqual([])
  })

  it('is a blank that F4 finds', () => {
    expect(nextBlank({ ...EMPTY, findings: text }, [], { section: 'technique', at: 0 })).toEqual({ section: 'findings', start: 0, end: 7 })
  })
})

describe('a shortcut', () => {
  it('is what stands after a semicolon right before the cursor', () => {
    expect(shortcutBefore('未见异常；肺结节', 8)).toEqual({ start: 4, shortcut: '肺结节' })
    expect(shortcutBefore('a;fx', 4)).toEqual({ start: 1, shortcut: 'fx' })
    expect(shortcutBefore('未见异常；', 5)).toBeUndefined()
    expect(shortcutBefore('；肺结节，', 5)).toBeUndefined()
  })
})

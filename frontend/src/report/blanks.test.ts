import { describe, expect, it } from 'vitest'

import { nextBlank } from './blanks'
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

import { describe, expect, it } from 'vitest'

import { skillOf, skillText } from './skills'

describe('skills as they are typed', () => {
  it('are read with either colon, in any case', () => {
    expect(skillOf('ct：head')).toEqual({ modality: 'CT', body_part: 'HEAD', subspecialty: '' })
    expect(skillOf(' MR:*:neuro ')).toEqual({ modality: 'MR', body_part: '*', subspecialty: 'neuro' })
  })
  it('are refused when a part is missing or one too many', () => {
    expect([skillOf('CT'), skillOf(':HEAD'), skillOf('CT:HEAD:a:b'), skillOf('')]).toEqual([null, null, null, null])
  })
  it('are written as they are read', () => {
    expect(skillText({ modality: 'CT', body_part: 'HEAD', subspecialty: null })).toBe('CT:HEAD')
    expect(skillText({ modality: 'CT', body_part: 'HEAD', subspecialty: 'neuro' })).toBe('CT:HEAD:neuro')
  })
})

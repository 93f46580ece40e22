import { describe, expect, it } from 'vitest'

import type { Colleague, Slip } from './calls'
import { canAssign, canRank, canTriage, moveOf, reads, share } from './deeds'

function slip(changes: Partial<Slip>): Slip {
  return { state: 'queued', modality: 'CT', body_part: 'HEAD', performing_site: { code: 'GUIYANG', name: '贵阳' }, ...changes } as Slip
}

function person(changes: Partial<Colleague>): Colleague {
  return { site: { code: 'GUIYANG', name: '贵阳' }, skills: [{ modality: 'CT', body_part: '*' }], units: 5, limit: 20, ...changes } as Colleague
}

describe('what can be done with a case on the desk', () => {
  it('follows from where it stands', () => {
    const can = (state: Slip['state']): string =>
      [canTriage, canAssign, canRank].map((asked) => (asked(slip({ state })) ? 'y' : 'n')).join('')
    expect([can('submitted'), can('queued'), can('in_review'), can('signed')]).toEqual(['yny', 'nyy', 'nyn', 'nnn'])
  })
  it('asks a reason only where a case is taken from somebody', () => {
    const deed = { kind: 'assign', person: 'p', reason: '休假' } as const
    expect(moveOf(deed, slip({}))).toEqual({ verb: 'assign', assignee: 'p' })
    expect(moveOf(deed, slip({ state: 'accepted' }))).toEqual({ verb: 'reassign', assignee: 'p', reason: '休假' })
  })
})

describe('who reads a case', () => {
  it('has the skill, at the house that was asked; what a case does not tell rules nobody out', () => {
    expect(reads(person({}), slip({}))).toBe(true)
    expect(reads(person({ skills: [{ modality: 'CT', body_part: 'CHEST' }] }), slip({}))).toBe(false)
    expect(reads(person({ skills: [{ modality: 'MR', body_part: '*' }] }), slip({ modality: '', body_part: '' }))).toBe(true)
    expect(reads(person({ site: { code: 'OTHER', name: '' } }), slip({}))).toBe(false)
  })
  it('is full where no limit was given', () => {
    expect([share(person({})), share(person({ limit: 0 }))]).toEqual([0.25, 1])
  })
})

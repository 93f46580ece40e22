import { describe, expect, it } from 'vitest'

import { offline, Problem } from '@/api/problem'

import { Draft, type DraftState, type Surroundings } from './draft'
import type { Kept } from './kept'
import { EMPTY, type ReportOnServer, type ReportText } from './text'

/** A server with one report, a browser store and a clock that the test turns. */
function world(start: Partial<ReportOnServer> = {}) {
  const server: ReportOnServer = { ...EMPTY, revision: 0, saved_at: null, ...start }
  let kept: Kept | undefined
  let timer: { ms: number; then: () => void } | undefined
  const states: DraftState[] = []
  const saves: ReportText[] = []
  const trouble: (Error | undefined)[] = []
  const around: Surroundings = {
    load: () => Promise.resolve({ ...server }),
    save(text, baseRevision) {
      const problem = trouble.shift()
      if (problem !== undefined) return Promise.reject(problem)
      if (baseRevision !== server.revision) return Promise.reject(new Problem(412, 'stale', '', [], { current: { ...server } }))
      saves.push(text)
      Object.assign(server, text, { revision: server.revision + 1 })
      return Promise.resolve({ revision: server.revision, saved_at: '2026-11-24T06:32:08Z' })
    },
    keep(text) {
      kept = text
      return true
    },
    kept: () => kept,
    drop: () => (kept = undefined),
    after(ms, then) {
      const mine = { ms, then }
      timer = mine
      return () => {
        if (timer === mine) timer = undefined
      }
    },
    now: () => 0,
    changed: (state) => states.push(state),
  }
  return {
    around,
    server,
    saves,
    trouble,
    kept: () => kept,
    putKept: (text: Kept) => (kept = text),
    state: () => states[states.length - 1],
    waits: () => timer?.ms,
    async pass() {
      timer?.then()
      for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    },
  }
}

describe('a report that is typed', () => {
  it('is kept at once and saved two seconds after the last keystroke, once', async () => {
    const w = world()
    const draft = await Draft.open(w.around)
    draft.edit({ findings: '左' })
    draft.edit({ findings: '左侧' })
    expect(w.kept()?.mine.findings).toBe('左侧')
    expect([w.waits(), w.state()?.phase, w.saves.length]).toEqual([2000, 'waiting', 0])
    await w.pass()
    expect(w.saves.map((text) => text.findings)).toEqual(['左侧'])
    expect(w.state()).toMatchObject({ phase: 'saved', savedAt: '2026-11-24T06:32:08Z' })
    expect(w.kept()).toBeUndefined()
  })

  it('that was changed back needs no save', async () => {
    const w = world({ findings: '左', revision: 1 })
    const draft = await Draft.open(w.around)
    draft.edit({ findings: '右' })
    draft.edit({ findings: '左' })
    expect([w.waits(), w.kept(), draft.isSaved]).toEqual([undefined, undefined, true])
  })

  it('while a save is under way is saved after it', async () => {
    const w = world()
    const draft = await Draft.open(w.around)
    draft.edit({ findings: '一' })
    const first = draft.flush()
    draft.edit({ findings: '一二' })
    await first
    expect(w.state()?.phase).toBe('waiting')
    await w.pass()
    expect(w.server.findings).toBe('一二')
  })

  it('is sent once when two things ask for it at the same time', async () => {
    const w = world()
    const draft = await Draft.open(w.around)
    draft.edit({ findings: '一' })
    await Promise.all([draft.flush(), draft.flush()])
    expect(w.saves).toHaveLength(1)
  })
})

describe('a line that drops', () => {
  it('leaves the text here and tries again with growing pauses', async () => {
    const w = world()
    const draft = await Draft.open(w.around)
    w.trouble.push(offline(), new Problem(503, 'unavailable', ''))
    draft.edit({ findings: '字' })
    await w.pass()
    expect([w.state()?.phase, w.waits()]).toEqual(['offline', 3000])
    expect(w.kept()?.mine.findings).toBe('字')
    await w.pass()
    expect(w.waits()).toBe(6000)
    await w.pass()
    expect([w.state()?.phase, w.server.findings]).toEqual(['saved', '字'])
  })

  it('brings back the next day what never reached the server', async () => {
    const w = world({ revision: 3, findings: '旧' })
    const base = { ...EMPTY, findings: '旧' }
    w.putKept({ base, baseRevision: 3, mine: { ...base, impression: '新' }, at: 0 })
    await Draft.open(w.around)
    expect(w.state()?.text).toMatchObject({ findings: '旧', impression: '新' })
    await w.pass()
    expect(w.server.impression).toBe('新')
  })

  it('brings it back into a report that another changed meanwhile', async () => {
    const w = world({ revision: 5, findings: '对方改过' })
    const base = { ...EMPTY, findings: '旧' }
    w.putKept({ base, baseRevision: 3, mine: { ...base, impression: '新' }, at: 0 })
    await Draft.open(w.around)
    await w.pass()
    expect(w.server).toMatchObject({ findings: '对方改过', impression: '新', revision: 6 })
  })
})

describe('someone who saved before us', () => {
  it('is merged by itself when we changed different sections', async () => {
    const w = world({ revision: 1, findings: '原' })
    const draft = await Draft.open(w.around)
    Object.assign(w.server, { impression: '对方', revision: 2 })
    draft.edit({ findings: '我' })
    await w.pass()
    expect(w.state()).toMatchObject({ phase: 'waiting', taken: ['impression'] })
    await w.pass()
    expect(w.server).toMatchObject({ findings: '我', impression: '对方', revision: 3 })
  })

  it('is shown beside ours when we changed the same section; nothing is sent until it is settled', async () => {
    const w = world({ revision: 1, findings: '原' })
    const draft = await Draft.open(w.around)
    Object.assign(w.server, { findings: '对方', revision: 2 })
    draft.edit({ findings: '我' })
    await w.pass()
    expect(w.state()).toMatchObject({ phase: 'conflict', conflict: { sections: ['findings'], theirs: { findings: '对方' } } })
    expect(draft.text.findings).toBe('我')
    expect(draft.isSaved).toBe(false)
    draft.edit({ recommendation: '随访' })
    await draft.flush()
    expect(w.server.findings).toBe('对方')
    draft.settle('findings', '我和对方')
    await w.pass()
    expect(w.server).toMatchObject({ findings: '我和对方', recommendation: '随访', revision: 3 })
    expect(w.state()?.phase).toBe('saved')
  })

  it('is still shown after the page was closed in the middle of it', async () => {
    const w = world({ revision: 1, findings: '原' })
    const draft = await Draft.open(w.around)
    Object.assign(w.server, { findings: '对方', revision: 2 })
    draft.edit({ findings: '我' })
    await w.pass()
    await Draft.open(w.around)
    expect(w.state()).toMatchObject({ phase: 'conflict', text: { findings: '我' } })
  })
})

describe('a refusal', () => {
  it('is shown, and the text stays here', async () => {
    const w = world()
    const draft = await Draft.open(w.around)
    w.trouble.push(new Problem(409, 'wrong_state', '报告已签发，不能再改。'))
    draft.edit({ findings: '字' })
    await w.pass()
    expect(w.state()).toMatchObject({ phase: 'refused', problem: { detail: '报告已签发，不能再改。' } })
    expect([w.waits(), w.kept()?.mine.findings]).toEqual([undefined, '字'])
  })
})

describe('another window of the same person', () => {
  it('hands its text over when it saves', async () => {
    const w = world({ revision: 1 })
    const draft = await Draft.open(w.around)
    draft.takeOver({ ...EMPTY, findings: '另一窗口', revision: 2 })
    expect(w.state()?.text.findings).toBe('另一窗口')
    draft.takeOver({ ...EMPTY, findings: '更旧', revision: 1 })
    expect(draft.text.findings).toBe('另一窗口')
  })
})

/** Saves a report by itself: soon after the last keystroke, again when the line is back, never over another's text. */
import { asProblem, type Problem } from '@/api/problem'

import type { Kept } from './kept'
import { merge } from './merge'
import { isBlank, type ReportOnServer, type ReportText, sameText, type Section, textOf } from './text'

/** `saved`: the server has it all. `waiting`: typed, not yet sent. `offline`: kept here until the line is back. */
export type Phase = 'saved' | 'waiting' | 'saving' | 'offline' | 'refused' | 'conflict'

export interface Conflict {
  /** What is still to be decided. */
  sections: Section[]
  theirs: ReportOnServer
}

export interface DraftState {
  text: ReportText
  phase: Phase
  /** ISO time of the last save the server told; null before the first. */
  savedAt: string | null
  /** The server's refusal, when `phase` is 'refused'. */
  problem: Problem | undefined
  conflict: Conflict | undefined
  /** Sections into which another's changes came by themselves, and whose they were. */
  taken: (Section | 'key_images')[]
  takenFrom: ReportOnServer['saved_by']
  /** False when this browser cannot even keep the text. */
  kept: boolean
}

export interface Surroundings {
  load: () => Promise<ReportOnServer>
  save: (text: ReportText, baseRevision: number) => Promise<{ revision: number; saved_at: string }>
  keep: (kept: Kept) => boolean
  kept: () => Kept | undefined
  drop: () => void
  /** Calls back after `ms` unless called off by what it returns. */
  after: (ms: number, then: () => void) => () => void
  now: () => number
  changed: (state: DraftState) => void
}

const AFTER_LAST_KEYSTROKE_MS = 2000
const FIRST_RETRY_MS = 3000
const LONGEST_RETRY_MS = 30_000

export class Draft {
  private state: DraftState
  private base: ReportText
  private revision: number
  private callOff: () => void = () => undefined
  private saving: Promise<void> | undefined
  private retries = 0

  private constructor(
    private readonly around: Surroundings,
    server: ReportOnServer,
  ) {
    this.base = textOf(server)
    this.revision = server.revision
    this.state = {
      text: this.base,
      phase: 'saved',
      savedAt: server.saved_at ?? null,
      problem: undefined,
      conflict: undefined,
      taken: [],
      takenFrom: null,
      kept: true,
    }
  }

  /** Loads the report and puts back what was typed here but never reached the server. */
  static async open(around: Surroundings): Promise<Draft> {
    const server = await around.load()
    const draft = new Draft(around, server)
    const kept = around.kept()
    if (kept !== undefined) draft.putBack(kept, server)
    around.changed(draft.state)
    return draft
  }

  /** With what was typed earlier and the server's text of now; both began at the kept base. */
  private putBack(kept: Kept, server: ReportOnServer): void {
    this.base = kept.base
    this.state = { ...this.state, text: textOf(kept.mine) }
    this.bring(server)
  }

  get text(): ReportText {
    return this.state.text
  }

  get revisionOnServer(): number {
    return this.revision
  }

  /** The server has no text at all, and none was typed here: a template may be put in. */
  get untouched(): boolean {
    return this.revision === 0 && isBlank(this.state.text)
  }

  edit(part: Partial<ReportText>): void {
    this.tell({ text: { ...this.state.text, ...part } })
    if (sameText(this.state.text, this.base) && this.state.conflict === undefined) {
      this.callOff()
      this.around.drop()
      this.tell({ phase: 'saved', problem: undefined })
      return
    }
    this.keep()
    if (this.state.conflict !== undefined) return
    this.tell({ phase: 'waiting', problem: undefined })
    this.later(AFTER_LAST_KEYSTROKE_MS)
  }

  /** Sends what is not yet on the server; resolves when it is there or when it is known why not. */
  async flush(): Promise<void> {
    this.callOff()
    while (this.saving !== undefined) await this.saving
    if (this.state.conflict !== undefined || sameText(this.state.text, this.base)) return
    this.saving = this.send().finally(() => (this.saving = undefined))
    await this.saving
  }

  get isSaved(): boolean {
    return sameText(this.state.text, this.base) && this.state.conflict === undefined
  }

  /** The person has decided about one section. */
  settle(section: Section, text: string): void {
    const { conflict } = this.state
    if (conflict === undefined) return
    const sections = conflict.sections.filter((open) => open !== section)
    this.tell({ text: { ...this.state.text, [section]: text }, conflict: { ...conflict, sections } })
    if (sections.length === 0) this.settled(conflict.theirs)
    else this.keep()
  }

  /** Another window of the same person has saved: take its text in. */
  takeOver(server: ReportOnServer): void {
    if (server.revision > this.revision && this.saving === undefined && this.state.conflict === undefined) this.bring(server)
  }

  stop(): void {
    this.callOff()
  }

  private settled(theirs: ReportOnServer): void {
    this.base = textOf(theirs)
    this.revision = theirs.revision
    this.tell({ conflict: undefined, phase: 'waiting' })
    this.keepOrDrop()
    this.later(0)
  }

  /** Merges the server's newer text into mine; what both changed is left to the person. */
  private bring(server: ReportOnServer): void {
    const merged = merge(this.base, this.state.text, textOf(server))
    if (merged.conflicts.length > 0) {
      const conflict = { sections: merged.conflicts, theirs: server }
      this.tell({ text: merged.text, taken: merged.taken, takenFrom: server.saved_by ?? null, phase: 'conflict', conflict })
      this.keep()
      return
    }
    this.base = textOf(server)
    this.revision = server.revision
    this.tell({ text: merged.text, taken: merged.taken, takenFrom: server.saved_by ?? null, savedAt: server.saved_at ?? this.state.savedAt, phase: 'saved' })
    this.keepOrDrop()
  }

  private keepOrDrop(): void {
    if (sameText(this.state.text, this.base)) {
      this.around.drop()
      this.tell({ phase: 'saved' })
      return
    }
    this.keep()
    this.tell({ phase: 'waiting' })
    this.later(AFTER_LAST_KEYSTROKE_MS)
  }

  private keep(): void {
    const kept = this.around.keep({ base: this.base, baseRevision: this.revision, mine: this.state.text, at: this.around.now() })
    if (kept !== this.state.kept) this.tell({ kept })
  }

  private later(ms: number): void {
    this.callOff()
    this.callOff = this.around.after(ms, () => void this.flush())
  }

  private async send(): Promise<void> {
    const sent = this.state.text
    this.tell({ phase: 'saving', problem: undefined })
    try {
      const { revision, saved_at: savedAt } = await this.around.save(sent, this.revision)
      this.base = sent
      this.revision = revision
      this.retries = 0
      this.tell({ savedAt })
      this.keepOrDrop()
    } catch (reason) {
      await this.fail(asProblem(reason))
    }
  }

  private async fail(problem: Problem): Promise<void> {
    if (problem.stale) {
      await this.meet(problem)
    } else if (problem.offline || problem.status >= 500 || problem.status === 429 || problem.status === 0) {
      this.retries += 1
      this.tell({ phase: 'offline', problem })
      this.later(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.retries - 1)))
    } else this.tell({ phase: 'refused', problem })
  }

  /** Someone saved before us: their text comes with the refusal, or is asked for. */
  private async meet(problem: Problem): Promise<void> {
    try {
      const { current } = problem.body as { current?: ReportOnServer }
      this.bring(current ?? (await this.around.load()))
    } catch (reason) {
      await this.fail(asProblem(reason))
    }
  }

  private tell(change: Partial<DraftState>): void {
    this.state = { ...this.state, ...change }
    this.around.changed(this.state)
  }
}

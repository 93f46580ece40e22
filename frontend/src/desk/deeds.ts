/** What can be done with cases on the desk, to which of them, and how it is done to many: one move each, told one by one. */
import { cases } from '@/api/calls'
import { asProblem } from '@/api/problem'
import type { CaseState, MoveBody, Priority } from '@/api/types'
import { newKey } from '@/api/wire'

import type { Colleague, Slip } from './calls'

export type Deed =
  | { kind: 'triage' }
  | { kind: 'assign'; person: string; reason: string }
  | { kind: 'priority'; priority: Priority }

export type Outcome = { slip: Slip; problem: null } | { slip: Slip; problem: ReturnType<typeof asProblem> }

const GIVEN: ReadonlySet<CaseState> = new Set(['assigned', 'accepted', 'scheduled', 'in_progress', 'preliminary', 'in_review'])

export function canTriage(slip: Slip): boolean {
  return slip.state === 'submitted'
}

/** Waits for a reader, or is with one from whom it can be taken. */
export function canAssign(slip: Slip): boolean {
  return slip.state === 'queued' || GIVEN.has(slip.state)
}

/** Taking a case from somebody wants a reason. */
export function wantsReason(slip: Slip): boolean {
  return GIVEN.has(slip.state)
}

export function canRank(slip: Slip): boolean {
  return slip.state === 'submitted' || slip.state === 'queued'
}

export function moveOf(deed: Deed, slip: Slip): MoveBody {
  if (deed.kind === 'triage') return { verb: 'triage' }
  if (deed.kind === 'priority') return { verb: 'change_priority', priority: deed.priority }
  return wantsReason(slip) ? { verb: 'reassign', assignee: deed.person, reason: deed.reason } : { verb: 'assign', assignee: deed.person }
}

/** Does it to each case on the version that was seen, one after another; `tell` hears of each as it is known. */
export async function perform(deed: Deed, slips: Slip[], tell: (outcome: Outcome) => void): Promise<void> {
  for (const slip of slips) {
    try {
      await cases.move(slip.id, slip.version, moveOf(deed, slip), newKey())
      tell({ slip, problem: null })
    } catch (reason) {
      tell({ slip, problem: asProblem(reason) })
    }
  }
}

/** Whether somebody reads studies of this kind, as far as the case tells; the server has the last word. */
export function reads(person: Colleague, slip: Slip): boolean {
  if (person.site.code !== slip.performing_site.code) return false
  return person.skills.some(
    (skill) => (slip.modality === '' || skill.modality === slip.modality) && (slip.body_part === '' || skill.body_part === '*' || skill.body_part === slip.body_part),
  )
}

/** Share of the limit that somebody's open work takes, 0–1 and above where it is over. */
export function share(person: Colleague): number {
  return person.limit > 0 ? person.units / person.limit : 1
}

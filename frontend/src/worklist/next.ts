/** Which case is next, and why it is this reader's. */
import type { CaseDetail, CaseRow, CaseState } from '@/api/types'
import { faceOf, tightest } from '@/look/time'

const RANK = { emergency: 0, urgent: 1, routine: 2 } as const
/** The states in which a case waits for the reader who looks at the list. */
const WAITS: ReadonlySet<CaseState> = new Set(['queued', 'assigned', 'accepted', 'in_progress', 'preliminary', 'in_review'])

function leftOf(row: CaseRow): number {
  const clock = tightest(row.clocks)
  return clock === null ? Number.POSITIVE_INFINITY : (faceOf(clock, 0, 0).leftS ?? Number.POSITIVE_INFINITY)
}

/** The most pressing case that has a step to take: by priority, then by the time left. Null when there is none. */
export function nextOf(rows: CaseRow[]): CaseRow | null {
  const waiting = rows.filter((row) => row.next_move !== null && WAITS.has(row.state))
  const byNeed = (one: CaseRow, other: CaseRow): number =>
    RANK[one.priority] - RANK[other.priority] || leftOf(one) - leftOf(other) || one.created_at.localeCompare(other.created_at)
  return waiting.sort(byNeed)[0] ?? null
}

/** What spoke for this person, heaviest first. */
export function reasonsFor(detail: CaseDetail, personId: string): string[] {
  const mine = detail.why.find((candidate) => candidate.person_id === personId)
  const reasons = [...(mine?.reasons ?? [])].sort((one, other) => (other.points ?? 0) - (one.points ?? 0))
  return reasons.map((reason) => reason.sentence)
}

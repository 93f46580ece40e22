/** Reads what the router said of one person. */
import type { Candidate } from '@/api/types'

/** What ruled this person out, in one sentence; empty when nothing did. */
export function exclusionOf(candidate: Candidate): string {
  return candidate.excluded.map((one) => one.sentence).join('；')
}

/** Whether somebody cannot have the case at all; what only keeps the router away, a coordinator may overrule. */
export function isRuledOut(candidate: Candidate): boolean {
  return candidate.excluded.some((one) => !one.router_only)
}

/** What signing needs to know and send; no page in it. */
import type { CaseDetail, Completeness, Move, Need } from '@/api/types'

import type { Finding } from './text'

/** The moves that put a signature (or the author's name) under the text, the most final first. */
export const SIGNING_VERBS = ['co_sign', 'sign', 'submit_for_review', 'issue_preliminary'] as const
export type SigningVerb = (typeof SIGNING_VERBS)[number]

/** Rules that a reason cannot settle: what is empty is written, what is critical is recorded. */
const NOT_BY_REASON = new Set(['section-empty', 'critical-untold'])

export interface Filled {
  pin: string
  /** Reasons by the code of the rule they override. */
  overrides: Record<string, string>
  critical: string
  variation: string
}

/** The signing moves open to this person, with what is neither met nor settled by anything this page asks. */
export function signingMoves(detail: CaseDetail): { move: Move; verb: SigningVerb; inTheWay: Need[] }[] {
  return SIGNING_VERBS.flatMap((verb) => {
    const move = detail.moves.find((open) => open.verb === verb)
    if (move === undefined) return []
    return [{ move, verb, inTheWay: move.needs.filter((need) => !need.met && need.settled_by === null) }]
  })
}

/** The move the page is for: the first that nothing stands in the way of, else the first at all. */
export function mainMove(detail: CaseDetail) {
  const open = signingMoves(detail)
  return open.find(({ inTheWay }) => inTheWay.length === 0) ?? open[0]
}

export function mayOverride(finding: Finding): boolean {
  return finding.severity === 'block' && !NOT_BY_REASON.has(finding.code)
}

/** Blocking findings, one per rule: the server takes one reason per rule. */
export function overridable(findings: Finding[]): Finding[] {
  const seen = new Set<string>()
  return findings.filter((finding) => mayOverride(finding) && !seen.has(finding.code) && seen.add(finding.code))
}

/** Only rewriting the report helps. */
export function mustBeWritten(findings: Finding[]): Finding[] {
  return findings.filter((finding) => finding.severity === 'block' && finding.code === 'section-empty')
}

export interface Lack {
  overrides: boolean
  critical: boolean
  variation: boolean
  pin: boolean
  written: boolean
}

/** What is still missing before the button may be pressed. */
export function lacks(filled: Filled, findings: Finding[], terms: string[], alerted: boolean, needsVariation: boolean): Lack {
  return {
    overrides: overridable(findings).some(({ code }) => (filled.overrides[code] ?? '').trim() === ''),
    critical: terms.length > 0 && !alerted && filled.critical.trim() === '',
    variation: needsVariation && filled.variation.trim() === '',
    pin: filled.pin === '',
    written: mustBeWritten(findings).length > 0,
  }
}

/** The body of the move. */
export function bodyOf(verb: SigningVerb, filled: Filled, findings: Finding[], needsVariation: boolean) {
  const overrides = overridable(findings).map(({ code }) => ({ code, reason: (filled.overrides[code] ?? '').trim() }))
  return {
    verb,
    pin: filled.pin,
    ...(filled.critical.trim() === '' ? {} : { critical: { finding: filled.critical.trim() } }),
    ...(overrides.length === 0 ? {} : { overrides }),
    ...(needsVariation ? { variation: filled.variation.trim() } : {}),
  }
}

/** The studies that are read, as one: the worst status, the sums, everything that is missing. */
export function imagesOf(detail: CaseDetail): Completeness | undefined {
  const order = ['none', 'short', 'receiving', 'quiet', 'complete']
  const all = detail.studies.filter(({ role }) => role !== 'prior').map(({ completeness }) => completeness)
  return all.reduce<Completeness | undefined>((sum, one) => {
    if (sum === undefined) return one
    const worst = order.indexOf(one.status) < order.indexOf(sum.status) ? one.status : sum.status
    const expected = sum.expected == null || one.expected == null ? null : sum.expected + one.expected
    return {
      ...sum,
      status: worst,
      expected,
      received: sum.received + one.received,
      missing: [...sum.missing, ...one.missing],
      conflicts: [...sum.conflicts, ...one.conflicts],
      notices: [...sum.notices, ...one.notices],
    }
  }, undefined)
}

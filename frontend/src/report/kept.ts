/**
 * Keeps a report's text in this browser from each keystroke until the server has it: per person and case, for a week,
 * because these machines are shared and the text is about a patient.
 */
import type { ReportText } from './text'

const PREFIX = 'consult.report.'
const LIVES_MS = 7 * 24 * 3600 * 1000

export interface Kept {
  /** The server's text and revision that `mine` began from. */
  base: ReportText
  baseRevision: number
  mine: ReportText
  at: number
}

function keyOf(personId: string, caseId: string): string {
  return `${PREFIX}${personId}.${caseId}`
}

/** Returns false when the browser has no room for it: the page must then not be left before it is saved. */
export function keepReport(personId: string, caseId: string, kept: Kept): boolean {
  try {
    localStorage.setItem(keyOf(personId, caseId), JSON.stringify(kept))
    return true
  } catch {
    return false
  }
}

export function keptReport(personId: string, caseId: string, nowMs: number): Kept | undefined {
  const text = localStorage.getItem(keyOf(personId, caseId))
  if (text === null) return undefined
  try {
    const kept = JSON.parse(text) as Partial<Kept>
    if (kept.mine !== undefined && kept.base !== undefined && nowMs - (kept.at ?? 0) < LIVES_MS) return kept as Kept
  } catch {
    // what cannot be read any more is treated as expired
  }
  dropReport(personId, caseId)
  return undefined
}

export function dropReport(personId: string, caseId: string): void {
  localStorage.removeItem(keyOf(personId, caseId))
}

/** Every kept text of everyone on this machine: at sign-out. */
export function forgetKeptReports(): void {
  for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX)) localStorage.removeItem(name)
}

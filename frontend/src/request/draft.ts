/**
 * Keeps an unfinished request in this browser until it is created: per person and request, for a day, gone at sign-out.
 * `owner` is the person's id, alone for a new request, with `/<case>` for one that is being edited.
 */

const PREFIX = 'consult.draft.'
const LIVES_MS = 24 * 3600 * 1000

interface Kept {
  at: number
  form: unknown
}

/** Returns false when the browser has no room for it. */
export function keepDraft(owner: string, form: unknown, nowMs: number): boolean {
  const kept: Kept = { at: nowMs, form }
  try {
    localStorage.setItem(PREFIX + owner, JSON.stringify(kept))
    return true
  } catch {
    return false
  }
}

/** The draft this person left, or null; one older than a day, or unreadable, is removed: it holds patient data. */
export function keptDraft(owner: string, nowMs: number): { form: unknown; at: number } | null {
  const text = localStorage.getItem(PREFIX + owner)
  if (text === null) return null
  try {
    const kept = JSON.parse(text) as Partial<Kept>
    if (typeof kept.at === 'number' && nowMs - kept.at < LIVES_MS) return { form: kept.form, at: kept.at }
  } catch {
    // an unreadable draft is treated as an expired one
  }
  localStorage.removeItem(PREFIX + owner)
  return null
}

export function dropDraft(owner: string): void {
  localStorage.removeItem(PREFIX + owner)
}

/** Whether this person has anything unfinished here. */
export function hasDraft(personId: string): boolean {
  const own = PREFIX + personId
  return Object.keys(localStorage).some((name) => name === own || name.startsWith(`${own}/`))
}

export function forgetDrafts(): void {
  for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX)) localStorage.removeItem(name)
}

/** Remembers, for this visit, which series of a case were opened: signing names those that never were. */

const PREFIX = 'consult.opened.'

export function openedBefore(caseId: string): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(PREFIX + caseId) ?? '[]')
    return Array.isArray(kept) ? kept.filter((uid) => typeof uid === 'string') : []
  } catch {
    return []
  }
}

export function noteOpened(caseId: string, series: string): void {
  const all = new Set([...openedBefore(caseId), series])
  sessionStorage.setItem(PREFIX + caseId, JSON.stringify([...all]))
}

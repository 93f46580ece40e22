/** Remembers on this machine, for two days, which series of a case were opened: signing names those that never were. */

const PREFIX = 'consult.opened.'
const LIVES_MS = 2 * 24 * 3600 * 1000

interface Kept {
  at: number
  series: string[]
}

function kept(name: string): Kept | undefined {
  try {
    const found = JSON.parse(localStorage.getItem(name) ?? '') as Partial<Kept>
    return typeof found.at === 'number' && Array.isArray(found.series) ? (found as Kept) : undefined
  } catch {
    return undefined
  }
}

export function openedBefore(caseId: string): string[] {
  return kept(PREFIX + caseId)?.series ?? []
}

export function noteOpened(caseId: string, series: string): void {
  const now = Date.now()
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(PREFIX) && now - (kept(name)?.at ?? 0) > LIVES_MS) localStorage.removeItem(name)
  }
  const all = new Set([...openedBefore(caseId), series])
  localStorage.setItem(PREFIX + caseId, JSON.stringify({ at: now, series: [...all] }))
}

/** A house's own limits as a table is filled in: minutes in a cell, nothing where the usual limit holds. */
export interface Place {
  clock: string
  priority: string
  service: string
}

interface Kept {
  clock: string
  priority: string
  seconds: number
  service_type?: string
  pace?: string
}

const here = (rule: Kept, place: Place): boolean =>
  rule.clock === place.clock && rule.priority === place.priority && (rule.service_type ?? '') === place.service

/** The minutes of a cell; null where the house decided nothing. */
export function minutesAt(rules: readonly Kept[], place: Place): number | null {
  const found = rules.find((rule) => here(rule, place))
  return found === undefined ? null : found.seconds / 60
}

/** The rules with a cell filled in, or emptied; a new one keeps the pace (business hours or not) of the usual limit. */
export function withMinutes<T extends Kept>(rules: readonly T[], place: Place, minutes: number | null, pace: string): T[] {
  const others = rules.filter((rule) => !here(rule, place))
  if (minutes === null) return others
  const before = rules.find((rule) => here(rule, place))
  const { clock, priority, service } = place
  return [...others, { ...before, clock, priority, service_type: service, seconds: minutes * 60, pace: before?.pace ?? pace } as T]
}

/** What is missing from a series, as people write it: numbers as ranges, places by their position. */
import type { Completeness } from '@/api/types'

export function ranges(numbers: number[]): string {
  const ordered = [...new Set(numbers)].sort((one, other) => one - other)
  const spans: [number, number][] = []
  for (const number of ordered) {
    const last = spans.at(-1)
    if (last !== undefined && last[1] + 1 === number) last[1] = number
    else spans.push([number, number])
  }
  return spans.map(([first, last]) => (first === last ? String(first) : `${String(first)}–${String(last)}`)).join(', ')
}

/** Numbers with the places between which they lie; empty where nothing is told one by one. */
export function missingAt(found: Completeness): string {
  const numbered = found.missing.flatMap((one) => (one.instance_number == null ? [] : [one.instance_number]))
  const places = found.missing.flatMap((one) => (one.position_mm == null ? [] : [one.position_mm]))
  const parts: string[] = []
  if (numbered.length > 0) parts.push(`#${ranges(numbered)}`)
  if (places.length > 0) {
    const low = Math.min(...places)
    const high = Math.max(...places)
    const short = (mm: number): string => String(Math.round(mm * 100) / 100).replace('-', '−')
    parts.push(low === high ? `${short(low)} mm` : `${short(low)} … ${short(high)} mm`)
  }
  return parts.join(' · ')
}

/** Times of the day as minutes after midnight, and back. */
export function clockOf(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

export function minutesOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number)
  return hours * 60 + minutes
}

const HALF_HOURS = Array.from({ length: 48 }, (_, place) => clockOf(30 * place))

/** Every half hour of the day, and the one that was chosen where it is none of these. */
export function clocksAround(chosen: string): string[] {
  return [...new Set([...HALF_HOURS, chosen])].sort()
}

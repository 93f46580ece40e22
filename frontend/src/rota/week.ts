/** A week as a grid: what lies on which local day of Guizhou (UTC+8, no summer time). */
export interface Span {
  start: string
  end: string
}

const HOUR = 3_600_000
const LOCAL = 8 * HOUR

/** A moment's local day, as YYYY-MM-DD. */
export function dayOf(moment: number | string): string {
  return new Date(new Date(moment).getTime() + LOCAL).toISOString().slice(0, 10)
}

/** A moment's local time, as HH:MM. */
export function timeOf(moment: string): string {
  return new Date(new Date(moment).getTime() + LOCAL).toISOString().slice(11, 16)
}

/** The seven local days from a week's begin. */
export function daysFrom(begin: string): string[] {
  const first = new Date(begin).getTime()
  return Array.from({ length: 7 }, (_, n) => dayOf(first + n * 24 * HOUR))
}

/** Another day, some days on. */
export function daysOn(day: string, n: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + n * 24 * HOUR).toISOString().slice(0, 10)
}

/** The part of a span that lies on a day, in local time; null when none does. `allDay` when it covers the day. */
export function onDay(span: Span, day: string): { from: string; to: string; allDay: boolean } | null {
  const begin = Date.parse(`${day}T00:00:00+08:00`)
  const end = begin + 24 * HOUR
  const from = Math.max(begin, Date.parse(span.start))
  const to = Math.min(end, Date.parse(span.end))
  if (from >= to) return null
  const clock = (moment: number) => timeOf(new Date(moment).toISOString())
  return { from: clock(from), to: to === end ? '24:00' : clock(to), allDay: from === begin && to === end }
}
